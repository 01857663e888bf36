"""Where the data sets come from, what they hold, and the checksums their publishers give."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class RemoteFile(NamedTuple):
    """A file to download: its name, its published MD5, and the addresses to try in this order."""

    name: str
    md5: str
    addresses: tuple[str, ...]


class DatasetInfo(NamedTuple):
    """What a data set holds, and where it is from.

    `images` counts the images of each split, `shape` is that of one, (C, H, W), and `folders` are the names that local
    copies go by, below the folder a user gives.
    """

    name: str
    images: Mapping[str, int]
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    source: str
    folders: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()


def _files(mirrors: tuple[str, ...], **md5_of: str) -> tuple[RemoteFile, ...]:
    names = {key: f"{key.replace('_', '-')}.gz" for key in md5_of}
    return tuple(
        RemoteFile(names[key], md5, tuple(mirror + names[key] for mirror in mirrors)) for key, md5 in md5_of.items()
    )


def _archive(name: str, md5: str) -> tuple[RemoteFile, ...]:
    hosts = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")
    return (RemoteFile(name, md5, tuple(host + name for host in hosts)),)


_DIGITS: Final = tuple("0123456789")
_SIXTY_AND_TEN: Final = MappingProxyType({"train": 60_000, "test": 10_000})
_FIFTY_AND_TEN: Final = MappingProxyType({"train": 50_000, "test": 10_000})

DIGITS: Final = DatasetInfo(
    "digits",
    MappingProxyType({"train": 1_797}),
    (1, 8, 8),
    _DIGITS,
    "CC BY 4.0",
    "Alpaydin and Kaynak 1998, https://doi.org/10.24432/C50P49, bundled",
)
MNIST: Final = DatasetInfo(
    "mnist",
    _SIXTY_AND_TEN,
    (1, 28, 28),
    _DIGITS,
    "CC BY-SA 3.0",
    "LeCun, Cortes and Burges 1998, http://yann.lecun.com/exdb/mnist",
    ("mnist", "MNIST", "MNIST/raw"),
    # The checksums are those of torchvision.datasets.MNIST.resources.
    _files(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        train_images_idx3_ubyte="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        train_labels_idx1_ubyte="d53e105ee54ea40749a09fcbcd1e9432",
        t10k_images_idx3_ubyte="9fb629c4189551a2d022fa330f9573f3",
        t10k_labels_idx1_ubyte="ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
FASHION_MNIST: Final = DatasetInfo(
    "fashion_mnist",
    _SIXTY_AND_TEN,
    (1, 28, 28),
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    "MIT",
    "Xiao, Rasul and Vollgraf 2017, https://github.com/zalandoresearch/fashion-mnist",
    ("fashion-mnist", "fashion_mnist", "FashionMNIST", "FashionMNIST/raw"),
    # The checksums are those of the README at the source.
    _files(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        train_images_idx3_ubyte="8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        train_labels_idx1_ubyte="25c81989df183df01b3e8a0aad5dffbe",
        t10k_images_idx3_ubyte="bef4ecab320f06d8554ea6380940ec79",
        t10k_labels_idx1_ubyte="bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
CIFAR10: Final = DatasetInfo(
    "cifar10",
    _FIFTY_AND_TEN,
    (3, 32, 32),
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    "none stated",
    "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
    ("cifar-10-batches-bin", "cifar10", "cifar-10"),
    # The checksum is that of the page at the source.
    _archive("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
)
CIFAR100: Final = DatasetInfo(
    "cifar100",
    _FIFTY_AND_TEN,
    (3, 32, 32),
    tuple(
        """
        apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
        castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
        elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
        man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
        pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
        skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
        tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
        """.split()  # noqa: SIM905 - a list would have a line for each
    ),
    "none stated",
    "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
    ("cifar-100-binary", "cifar100", "cifar-100"),
    # Likewise.
    _archive("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"),
)
CIFAR100_COARSE: Final = tuple(
    """
    aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
    insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
    medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
    """.split()  # noqa: SIM905 - a list would have a line for each
)
