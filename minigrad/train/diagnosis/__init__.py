"""Babysitting a training: what its history shows to be wrong, in the course's terms, with evidence and advice."""

from minigrad.train.diagnosis.live import babysit
from minigrad.train.diagnosis.report import Diagnosis, Verdict
from minigrad.train.diagnosis.rules import diagnose

__all__ = ["Diagnosis", "Verdict", "babysit", "diagnose"]
