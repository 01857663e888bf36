"""What the scales of a network's start mean, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minigrad.train.scales import LayerScale, Scales

_FADED = 0.01  # of the input's deviation
_EXPLODED = 100.0  # times that
_GRADIENT = 1e3  # by which factor its length may change between two layers
_SATURATED = 0.5  # of a layer's outputs
DEAD = 0.25  # of a layer's units: fewer are the luck of the draw

_DRAW = "nn.init.kaiming_normal_ before a ReLU and nn.init.xavier_normal_ before a tanh keep the scale"


class Verdict(NamedTuple):
    """Something that is wrong: in a word or two, the layers it is wrong with, and a sentence."""

    word: str
    layers: tuple[str, ...]
    text: str


def verdicts(scales: Scales) -> tuple[Verdict, ...]:
    """What is wrong; of layers, the one where it begins is named."""
    return tuple(verdict for rule in _RULES for verdict in rule(scales))


def _inputs(scales: Scales) -> Iterator[Verdict]:
    if not math.isfinite(scales.input.std):
        yield Verdict("not finite", ("input",), "input: it holds numbers that are not finite; look at the data")
    elif scales.input.std == 0:
        yield Verdict("constant", ("input",), "input: all its numbers are equal; look at the data")


def _zero_weights(scales: Scales) -> Iterator[Verdict]:
    names = [p.name for p in scales.parameters if len(p.shape) > 1 and p.value == (0, 0)]
    if names:
        yield Verdict(
            "zero weights",
            (),
            f"{listed(names)}: weights are all zero, so units stay alike and no gradient passes; draw them: {_DRAW}",
        )


def _not_finite(scales: Scales) -> Iterator[Verdict]:
    rows = [row for row in scales.layers if not math.isfinite(row.activation.std)]
    if rows:
        text = f"{_places(rows)}: activations are not finite; the weights are too large, or the input is not finite"
        yield _about("not finite", rows, text)


def _explodes(scales: Scales) -> Iterator[Verdict]:
    limit = _EXPLODED * max(1.0, scales.input.std)
    rows = [row for row in scales.layers if limit < row.activation.std < math.inf]
    if rows:
        change = f"{scales.input.std:.1e} in the input, {rows[-1].activation.std:.1e} at {rows[-1].name}"
        text = f"{_places(rows)}: activations explode, their deviation is {change}; the weights are too large: {_DRAW}"
        yield _about("explodes", rows, text)


def _dies_out(scales: Scales) -> Iterator[Verdict]:
    """The last layer is left out: small scores are a good start; and zeros are, which other rules explain."""
    limit = _FADED * min(1.0, scales.input_variation)
    rows = [row for row in scales.layers[:-1] if 0 < row.variation < limit]
    if rows:
        change = f"{scales.input_variation:.1e} in the input, {rows[-1].variation:.1e} at {rows[-1].name}"
        text = (
            f"{_places(rows)}: activations die out, their deviation from example to example is {change}; the weights "
            f"are too small: {_DRAW}"
        )
        yield _about("dies out", rows, text)


def _saturated(scales: Scales) -> Iterator[Verdict]:
    rows = [row for row in scales.layers if row.saturated > _SATURATED]
    if rows:
        text = (
            f"{_places(rows)}: saturated, {rows[0].saturated:.0%} of the outputs are at the ends of the range, where "
            f"there is no slope; the weights are too large: {_DRAW}"
        )
        yield _about("saturated", rows, text)


def _dead(scales: Scales) -> Iterator[Verdict]:
    rows = [row for row in scales.layers if row.is_relu and row.dead > DEAD * row.units]
    if rows:
        text = (
            f"{_places(rows)}: dead ReLUs, {rows[0].dead} of {rows[0].units} units are zero for every example and "
            "learn nothing; look at the biases and the weights before it, and at a learning rate that was too high"
        )
        yield _about("dead", rows, text)


def _gradients(scales: Scales) -> Iterator[Verdict]:
    """A good start keeps the gradient's length from the scores down to the first layer."""
    norms = [row.gradient_norm for row in scales.layers]
    top = norms[-1] if norms else None
    if top is None or not 0 < top < math.inf:
        return
    for word, low, high in (("vanishes", 0.0, top / _GRADIENT), ("explodes", top * _GRADIENT, math.inf)):
        rows = [row for row in scales.layers if row.gradient_norm is not None and low <= row.gradient_norm < high]
        if rows:
            change = f"to {rows[0].gradient_norm:.1e} at {rows[0].name} from {top:.1e} at {scales.layers[-1].name}"
            text = f"{_places(rows[::-1], 'earlier')}: the gradient {word} on its way down, {change}; {_DRAW}"
            yield _about(f"gradient {word}", rows, text)


def _parameters(scales: Scales) -> Iterator[Verdict]:
    if not scales.with_labels:
        return
    without = [p.name for p in scales.parameters if p.gradient is None]
    if without:
        yield Verdict("no gradient", (), f"{listed(without)}: no gradient; frozen, or not used in forward")
    zero = [p.name for p in scales.parameters if p.gradient == (0, 0)]
    if zero:
        text = f"{listed(zero)}: the gradient is zero; behind a layer of zero weights or of dead units nothing is felt"
        yield Verdict("zero gradient", (), text)


_RULES: tuple[Callable[[Scales], Iterator[Verdict]], ...] = (
    *(_inputs, _zero_weights, _not_finite, _explodes, _dies_out, _saturated, _dead, _gradients, _parameters),
)


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def _about(word: str, rows: Sequence[LayerScale], text: str) -> Verdict:
    return Verdict(word, tuple(row.name for row in rows), text)


def _places(rows: Sequence[LayerScale], others: str = "later") -> str:
    more = len(rows) - 1
    return f"{rows[0].name} {rows[0].layer}" + (f" and {more} {others} layer{'s' * (more > 1)}" if more else "")
