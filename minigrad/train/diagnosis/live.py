"""Diagnosis while a training runs."""

from __future__ import annotations

from tqdm import tqdm

from minigrad.data.given import require_given
from minigrad.train.diagnosis.rules import diagnose
from minigrad.train.run_state import RunState

_STEPS = 100


def babysit(run: RunState) -> None:
    """Say what is wrong with the training so far, each verdict once: ``fit(..., on_epoch=babysit)``.

    As `on_step` it looks at every hundredth step and after every epoch, and costs next to nothing in between. It says,
    and stops nothing: a function of yours may look at `run.said`, the names of the verdicts so far.
    """
    require_given("babysit", run=run)
    ended = run.history.epochs[-1].steps if run.history.epochs else 0
    if run.step != ended and run.step % _STEPS:
        return
    for verdict in diagnose(run.history).verdicts:
        if verdict.name not in run.said:
            run.said.add(verdict.name)
            tqdm.write(str(verdict))
