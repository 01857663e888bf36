"""ONNX models as modules that run, train and are saved like any other; needs the extra `onnx`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from minigrad.data.given import as_names, as_path
from minigrad.errors import DataError
from minigrad.interop.onnx.model_file import read_model
from minigrad.interop.onnx.network import OnnxNetwork

__all__ = ["OnnxNetwork", "load_onnx"]


def load_onnx(source: str | os.PathLike[str] | bytes, outputs: Sequence[str] | None = None) -> OnnxNetwork:
    """Read an ONNX model, of opset 7 or later, as a module.

    Float tensors of the file with one axis or more become Parameters, the running moments of batch normalisation
    Buffers, under the names they have in the file; what operators read as settings (shapes, axes, bounds) is in no
    state dict. The module comes in evaluation mode, as it was exported; after `train()`, dropout drops, and batch
    normalisation follows the batches.

    Parameters
    ----------
    source : path-like or bytes
        The file, or what is in it. Tensors in files beside it are read, from its own folder alone.
    outputs : sequence of str, optional
        Names of values to return instead of the graph's outputs; what they do not need is left out.

    Returns
    -------
    OnnxNetwork
        Any size of batch is taken, even where the file names one.

    Raises
    ------
    DataError
        If there is no such file, if it is damaged or no ONNX model, or if it has operators that minigrad has not: one
        error lists them all, with the names of their nodes.
    MinigradError
        If the package `onnx` is not installed.

    References
    ----------
    .. [1] Open Neural Network Exchange, operator schemas, github.com/onnx/onnx/blob/main/docs/Operators.md.
    """
    if not isinstance(source, bytes):
        as_path("load_onnx", "source", source)
    if outputs is not None:
        outputs = as_names("load_onnx", "outputs", outputs)
    graph = read_model(source)
    try:
        network = OnnxNetwork(graph.of(graph.outputs if outputs is None else outputs))
    except DataError as error:
        where = "these bytes" if isinstance(source, bytes) else os.fspath(source)
        raise DataError(f"{where}: this ONNX model cannot be used: {error}") from error
    return network.eval()
