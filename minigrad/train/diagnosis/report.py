"""What a diagnosis says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Something that is wrong with a training.

    Attributes
    ----------
    name
        What is wrong, in the course's terms.
    evidence
        The figures that show it.
    suggestion
        What to do.
    examples
        Indices into the data of the examples that it is about, the worst first; none for most verdicts.
    """

    name: str
    evidence: str
    suggestion: str
    examples: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}; {self.suggestion}"


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` returns; printed, it is a line for each verdict, or one that says that there is none."""

    verdicts: tuple[Verdict, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong that can be seen."""
        return not self.verdicts

    @property
    def names(self) -> tuple[str, ...]:
        """What is wrong, in the course's terms."""
        return tuple(verdict.name for verdict in self.verdicts)

    def __getitem__(self, name: str) -> Verdict:
        """The verdict of a name."""
        return {verdict.name: verdict for verdict in self.verdicts}[name]

    def __str__(self) -> str:
        return "\n".join(map(str, self.verdicts)) or "nothing looks wrong with this training"
