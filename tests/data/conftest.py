"""The real data sets, where a copy is at hand."""

import os
from pathlib import Path

import pytest

from minigrad.data import local


@pytest.fixture(autouse=True)
def no_copies_of_whoever_runs_the_tests(monkeypatch, tmp_path):
    monkeypatch.delenv(local.VARIABLE, raising=False)
    monkeypatch.setenv("MINIGRAD_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def shared_data():
    folder = Path(os.environ.get("MINIGRAD_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real data: MINIGRAD_SHARED_DATA names none, and shared/data is not beside the repository")
    return folder
