"""What keeps a network from learning: a learning rate that is far off, a penalty that is all there is, dead units."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.train.diagnosis.curves import Curves
from minigrad.train.diagnosis.report import Verdict
from minigrad.train.history import Look

_DROWNING = 0.5  # of the cost
_COLLAPSED = 0.3  # of their first size
_EXPLODED = 3.0  # times the first loss, where the course stops a run
_HIGH, _LOW = 3e-2, 5e-4  # updates over weights
_NOT_LEARNED = 0.4  # by which part the loss should have fallen at least
_FLAT = 0.05  # by which part it falls in the second half, if at all
_BARELY = 0.2
_LINE, _LEARNED = 0.35, 0.7  # on a line a half is fallen in the second half; a loss may be on its way so far down
_DEAD = 0.5  # of a layer's units
_JUDGED_BATCH = 16  # in batches of fewer examples a sound unit is often 0 for all


def drowned(curves: Curves) -> Verdict | None:
    """Regularisation is most of the cost, or shrinks the weights to nothing, and the data loss does not fall."""
    if not curves.has_trend or curves.drop > _NOT_LEARNED:
        return None
    if curves.penalty_share > _DROWNING:
        evidence = f"{curves.penalty_share:.0%} of the cost is penalty"
    elif curves.shrinkage < _COLLAPSED:
        evidence = f"the weights have shrunk to {curves.shrinkage:.0%} of their first size"
    else:
        return None
    return Verdict(
        "regularisation drowns the data loss",
        f"{evidence}, while the data loss went from {_from_to(curves)}",
        "use a weaker penalty or weight decay, a tenth or less, so that the data loss is what counts",
    )


def rate_too_high(curves: Curves) -> Verdict | None:
    """The cost explodes, or large updates leave it flat and high."""
    if not len(curves.steps):
        return None
    if curves.history.stopped.startswith("the cost is"):
        evidence = f"the loss explodes: {curves.history.stopped}"
    elif curves.peak > _EXPLODED:
        evidence = f"the loss explodes: it rose to {curves.peak:.1f} times its first level, {curves.first:.3g}"
    elif _is_flat_and_high(curves) and curves.update_ratios.max(initial=0.0) > _HIGH:
        updates = f"updates were up to {curves.update_ratios.max():.1e} of the weights, where 1e-3 is healthy"
        evidence = f"the loss is flat and high, from {_from_to(curves)}, and {updates}"
    elif _died(curves) and curves.update_ratios.max(initial=0.0) > _HIGH:
        evidence = (
            f"{_died(curves)} since the start, with updates of up to {curves.update_ratios.max():.1e} of the weights"
        )
    else:
        return None
    return Verdict("learning rate too high", evidence, "lower the learning rate, by a factor of 10 to begin with")


def dead(curves: Curves) -> Verdict | None:
    """Most units of a ReLU are 0 for whole batches, in each of the last looks."""
    found = _dead_in(curves, curves.history.looks[-3:])
    if not found:
        return None
    return Verdict(
        "dead ReLUs",
        found,
        "draw the weights anew with biases of 0 (nn.init.kaiming_normal_), and lower the learning rate if they died in "
        "training",
    )


def rate_too_low(curves: Curves) -> Verdict | None:
    """The loss barely changes, or nearly on a line, and updates are tiny."""
    ratios = curves.update_ratios
    if not curves.has_trend or ratios.max(initial=0.0) > _LOW:
        return None
    if curves.drop > (_LEARNED if curves.late_share > _LINE else _NOT_LEARNED):
        return None
    if not len(ratios) and abs(curves.drop) > _BARELY:
        return None
    how = "barely changes" if curves.drop < _BARELY else "falls, but nearly on a line"
    updates = (
        f", and updates are at most {ratios.max():.1e} of the weights, where 1e-3 is healthy" if len(ratios) else ""
    )
    return Verdict(
        "learning rate too low",
        f"the loss {how}: from {_from_to(curves)} in {len(curves.steps):,} steps{updates}",
        "raise the learning rate, by a factor of 10 to begin with",
    )


def _died(curves: Curves) -> str:
    return "" if _dead_in(curves, curves.history.looks[:1]) else _dead_in(curves, curves.history.looks[-3:])


def _dead_in(curves: Curves, looks: Sequence[Look]) -> str:
    """Of which ReLUs most units were 0 at every one of these looks, in words; nothing if of none."""
    if not looks or (curves.batch or _JUDGED_BATCH) < _JUDGED_BATCH:
        return ""
    parts = {name: min(look.dead.get(name, 0.0) for look in looks) for name in looks[-1].dead}
    names = [name for name, part in parts.items() if part >= _DEAD]
    others = f", and most of {', '.join(names[1:])}" if names[1:] else ""
    return (
        f"{parts[names[0]]:.0%} of the units of {names[0]} are 0 for every example of a batch{others}" if names else ""
    )


def _is_flat_and_high(curves: Curves) -> bool:
    return curves.has_trend and curves.drop < _NOT_LEARNED and abs(curves.late_drop) < _FLAT


def _from_to(curves: Curves) -> str:
    return f"{curves.first:.3g} to {curves.last:.3g}"
