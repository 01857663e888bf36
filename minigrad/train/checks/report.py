"""What checks say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one check expected and found.

    Attributes
    ----------
    name, expected, found
        In words, with the tolerance.
    passed
        None for a check that had nothing to look at.
    advice
        What to do if it failed.
    """

    name: str
    expected: str
    found: str
    passed: bool | None
    advice: str

    def __str__(self) -> str:
        word = {True: "pass", False: "FAIL", None: "skip"}[self.passed]
        advice = f"; {self.advice}" if self.passed is False else ""
        return f"{word}  {self.name}: expected {self.expected}; found {self.found}{advice}"


@dataclass(frozen=True)
class Report:
    """What `check` returns; printed, it is a line for each check and one that counts them."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed; those that were skipped do not count."""
        return all(finding.passed is not False for finding in self.findings)

    def __getitem__(self, name: str) -> Finding:
        """The finding of a check, by its name."""
        return {finding.name: finding for finding in self.findings}[name]

    def __str__(self) -> str:
        outcomes = [finding.passed for finding in self.findings]
        counts = f"{outcomes.count(True)} passed, {outcomes.count(False)} failed, {outcomes.count(None)} skipped"
        return "\n".join([*map(str, self.findings), counts])
