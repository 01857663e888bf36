import pytest

from tools.count_lines import Group, code_lines, report

SOURCE = '''\
"""A module.

Its docstring has three lines."""

import os  # counted once

X = 1
"""What X is."""


def f(a,
      b):
    """One line."""
    # a comment
    text = """a string
    that is code"""

    return a  # and this
'''


def test_docstrings_comments_and_blank_lines_are_not_code():
    assert code_lines(SOURCE) == 7


@pytest.mark.parametrize(("limit", "kept"), [(14, True), (13, False)])
def test_a_group_above_its_limit_fails(tmp_path, capsys, limit, kept):
    for name in ("a.py", "deep/b.py", "deep/note.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(SOURCE)
    assert report([Group("engine", ("*.py", "**/*.py"), limit)], tmp_path) is kept
    assert ("above the limit" in capsys.readouterr().out) is not kept
