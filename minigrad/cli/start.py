"""What a training begins with: weights of another run or of another program, and which of them stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minigrad import optim
from minigrad.cli import runs
from minigrad.errors import DataError, MinigradError
from minigrad.interop import load_pretrained, read_weights
from minigrad.nn.module import Module
from minigrad.train import Description, freeze, head_names, param_groups
from minigrad.train.checkpoint import read_checkpoint


class Start(NamedTuple):
    """The weights of a file, and what it says of the network that they are for."""

    option: str
    path: Path
    weights: dict[str, Any]
    description: Description | None

    def model(self, wanted: str | None) -> str | None:
        """The name of the network: the one wanted, which must be that of the file if it has one."""
        if self.description is None:
            if wanted is None:
                raise DataError(f"{self.option}: {self.path} does not say of which network it is; give --model")
            return wanted
        if wanted not in (None, self.description.model):
            raise DataError(f"{self.option}: {self.path} is of the network {self.description.model!r}, not {wanted!r}")
        return self.description.model

    def image_shape(self, usual: tuple[int, int, int]) -> tuple[int, int, int]:
        """What images of a folder are brought to: what the network has been trained on, or what is usual for it."""
        return usual if self.description is None else self.description.image_shape

    def arguments(self) -> dict[str, Any]:
        """What the network is built with."""
        return {} if self.description is None else dict(self.description.arguments)

    def put_into(self, network: Module, classes: Sequence[str], ignore: Sequence[str]) -> str:
        """Copy the weights, but not those of a head for other classes; return what to say of it."""
        heads = head_names(network)
        skipped = list(ignore)
        if self.description is not None and tuple(classes) != self.description.classes:
            skipped += [f"{head}.*" for head in heads if f"{head}.weight" in self.weights]
        try:
            new = load_pretrained(network, self.weights, ignore=skipped)
        except MinigradError as error:
            hint = "\n--init-ignore leaves out what is no weight" if "left over:" in str(error) else ""
            text = str(error).removeprefix("load_pretrained: ")
            raise DataError(f"{self.option}: {self.path}: {text}{hint}") from error
        why = f"; its last layer is new, for {len(classes)} classes: {', '.join(new)}" if new else ""
        return f"begins with the weights of {self.path}{why}"


def read(option: str, path: Path) -> Start:
    """Read a file of weights that an option names, whoever wrote it, or that of a run folder."""
    file = path / runs.WEIGHTS if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"{option}: {path}: there are no weights; name a file of them, or the folder of a run")
    try:
        weights = read_weights(file)
        return Start(option, path, weights, read_checkpoint(file)[1] if _is_safetensors(file) else None)
    except DataError as error:
        raise DataError(f"{option}: {error}") from error


def freeze_parts(network: Module, patterns: Sequence[str]) -> str:
    """Freeze what --freeze names; return what to say of it."""
    try:
        frozen = freeze(network, *patterns)
    except DataError as error:
        raise DataError(f"--{error}") from error
    return f"frozen: {len(frozen)} of {sum(1 for _ in network.parameters())} arrays of parameters"


def make_optimizer(network: Module, head_lr: float, **rule: Any) -> optim.SGD:
    """SGD for what is not frozen, the head at `head_lr` times the rate."""
    settings = {f"{head}.*": {"lr": rule["lr"] * head_lr} for head in head_names(network)} if head_lr != 1 else {}
    try:
        groups = param_groups(network, settings)
    except DataError as error:
        raise DataError(f"--head-lr: the head is frozen: {error}") from error
    return optim.SGD(groups, **rule)


def _is_safetensors(file: Path) -> bool:
    """Whether the header is JSON: a length of eight bytes, then a brace."""
    with file.open("rb") as content:
        return content.read(9)[8:] == b"{"
