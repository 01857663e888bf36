"""What a person sees of a training: a bar that moves, and a line for every epoch."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tqdm import tqdm

from minigrad.train.run_state import RunState


class Progress:
    """A bar over all images of all epochs, with loss, accuracy, images per second and the time left.

    Parameters
    ----------
    run : RunState
        Of which the bar tells.
    shown : bool
        Show the bar where there is a terminal, and the lines anywhere.
    """

    def __init__(self, run: RunState, shown: bool) -> None:
        self._run, self._shown = run, shown
        self._bar = tqdm(
            total=run.epochs * len(run.loader.dataset),
            initial=(run.epoch - 1) * len(run.loader.dataset) + run.so_far.count,
            leave=False,
            unit=" images",
            unit_scale=True,
            dynamic_ncols=True,
            disable=None if shown else True,
        )

    def step(self, images: int) -> None:
        """Count a batch."""
        if not self._bar.disable:
            run, sums = self._run, self._run.so_far
            self._bar.set_description(f"epoch {run.epoch} / {run.epochs}", refresh=False)
            figures = f"loss {sums.of(sums.cost):.4f}, accuracy {sums.of(sums.correct):.2f}"
            self._bar.set_postfix_str(figures, refresh=False)
            self._bar.update(images)

    def epoch(self) -> None:
        """Print the line of the epoch that has ended."""
        if self._shown:
            number, figures = len(self._run.history.epochs), self._run.history.epochs[-1]
            tqdm.write(
                f"Finished epoch {number} / {self._run.epochs}: cost {figures.cost:.4f}, "
                f"train: {figures.train_accuracy:.2f}, val {figures.val_accuracy:.2f}, lr {figures.lr:.1e}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._bar.close()
