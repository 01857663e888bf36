"""What is done to examples before a network sees them: fitted on the training set, then applied to every set alike."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from minigrad.data.preprocess.fitted import Preprocessing
from minigrad.data.preprocess.pca import PCA, PCAWhitening, ZCAWhitening
from minigrad.data.preprocess.scaling import ChannelMean, ChannelScaler, MeanImage, StandardScaler
from minigrad.data.preprocess.views import Centred, Preprocessed, channel_mean

PREPROCESSING: Final[Mapping[str, type[Preprocessing]]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (MeanImage, ChannelMean, StandardScaler, ChannelScaler, PCA, PCAWhitening, ZCAWhitening)
    }
)
"""By name: so that a file which keeps a state can say of what."""

__all__ = [
    "PCA",
    "PREPROCESSING",
    "Centred",
    "ChannelMean",
    "ChannelScaler",
    "MeanImage",
    "PCAWhitening",
    "Preprocessed",
    "Preprocessing",
    "StandardScaler",
    "ZCAWhitening",
    "channel_mean",
]
