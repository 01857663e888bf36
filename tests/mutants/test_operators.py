"""Every operator changes what it says, and nothing else."""

import ast

import pytest

from tools.mutants.estimates import estimates_of
from tools.mutants.operators import OPERATORS, Source, changes_of
from tools.mutants.sites import GROUPS, LEFT_OUT, ROOT, draw, files_of, module_name, mutants_of

IN_A_FUNCTION = "def f(x, y, height, width, stride_h, stride_w):\n    return {}\n"

CHANGES = [
    ("arithmetic", "x + y", {"x - y"}),
    ("arithmetic", "(x) * (y)", {"(x) + (y)"}),
    ("arithmetic", "x // y % 2", {"x * y % 2", "x // y // 2"}),
    ("arithmetic", "x << 2", {"x >> 2"}),
    ("dropped term", "x + y", {"x", "y"}),
    ("dropped term", "(x - y) / 2", {"(x) / 2", "(x - y)"}),
    ("dropped term", "-x", {"x"}),
    ("comparison", "0 <= x < y", {"0 < x < y", "0 <= x <= y"}),
    ("comparison", "x == y", {"x != y"}),
    ("condition", "x if y else 0", {"x if not y else 0"}),
    ("condition", "x and y", {"x or y"}),
    ("constant", "(0, 3, 0.5, True, 'a', None)", {
        "(1, 3, 0.5, True, 'a', None)", "(0, 4, 0.5, True, 'a', None)", "(0, 2, 0.5, True, 'a', None)",
        "(0, 3, 1.0, True, 'a', None)", "(0, 3, 0.5, False, 'a', None)",
    }),
    ("index", "x[y, 0]", {"x[y + 1, 0]"}),
    ("index", "x[y:width]", {"x[y + 1:width]", "x[y:width - 1]"}),
    ("loop bound", "range(x)", {"range(x - 1)"}),
    ("loop bound", "range(x, y)", {"range(x, y - 1)", "range(x + 1, y)"}),
    ("axis", "stride_h * width", {"stride_w * width", "stride_h * height"}),
    ("swapped arguments", "x.f(height, width, 1)", {"x.f(width, height, 1)", "x.f(height, 1, width)"}),
    ("swapped arguments", "f('x', y)", set()),
    ("swapped arguments", "max(x, y)", set()),
    ("swapped arguments", "transpose(x, 0, 1)", {"transpose(0, x, 1)"}),
    ("transpose", "x.T @ y.mT", {"x @ y.mT", "x.T @ y"}),
    ("transpose", "x.permute(1, 0)", {"x"}),
    ("dropped call", "neg(x + y)", {"(x + y)"}),
    ("dropped call", "len(x)", set()),
    ("other function", "max(x, y)", {"min(x, y)"}),
    ("other function", "np.floor(x)", {"np.ceil(x)"}),
    ("other function", "unknown.add(x)", set()),
]  # fmt: skip


def changed(text, operator):
    return {change.apply(text) for change, _ in changes_of(Source(text)) if change.operator == operator}


@pytest.mark.parametrize(("operator", "before", "after"), CHANGES)
def test_an_expression_becomes_what_its_operator_says(operator, before, after):
    assert changed(IN_A_FUNCTION.format(before), operator) == {IN_A_FUNCTION.format(text) for text in after}


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("accumulation", "x[0] += y", {"x[0] -= y", "x[0] = y"}),
        ("dropped statement", "x[0] += y", {"..."}),
        ("dropped statement", "x[0] = y", {"..."}),
        ("dropped statement", "x.sort()", {"..."}),
        ("dropped statement", "x = y", set()),
        ("condition", "while x: break", {"while not x: break"}),
    ],
)
def test_a_statement_becomes_what_its_operator_says(operator, before, after):
    assert changed(f"{before}\n", operator) == {f"{text}\n" for text in after}


def test_every_operator_is_tested_here():
    text = "".join(f"{before}\n" for _, before, _ in CHANGES) + "x[0] += y\nx.sort()\n"
    named = {change.operator for change, _ in changes_of(Source(IN_A_FUNCTION.replace("{}", "stride_h") + text))}
    assert len(named) == len(OPERATORS)
    assert {operator.__name__.replace("_", " ") for operator in OPERATORS} == named


@pytest.mark.parametrize(
    "text",
    [
        '"""2 + 3"""\n',
        "import a.b\n",
        "@f(2 + 3)\ndef g(x: a[1 + 2] = None) -> b[3]: ...\n",
        "f'{2 + 3}'\n",
        "@overload\ndef f(x=1): ...\n",
        "SPEED = 8\nwork = x.size / SPEED\ny = team.run(f, n, work * 2, *arrays)\n",
    ],
)
def test_what_computes_nothing_is_left_alone(text):
    found = [change for change, _ in changes_of(Source(text))]
    assert [change for change in found if change.operator != "swapped arguments"] == []


@pytest.mark.parametrize("use", ["f(work)", "y = work * 2", "y = f'{work}'", "y = x[work:]"])
def test_an_estimate_that_is_read_for_anything_else_is_changed(use):
    rest = f"team.run(f, n, work)\n{use}\n"
    assert f"work = x.size\n{rest}" in changed(f"work = x.size + 1\n{rest}", "dropped term")


def test_an_estimate_of_one_file_is_one_in_those_that_import_it():
    trees = {path: ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in files_of("kernels")}
    estimates = {module_name(path): estimates_of(tree) for path, tree in trees.items()}
    shared = 0
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names} & estimates.get(node.module, frozenset())
                assert names <= estimates[module_name(path)]
                shared += len(names)
    assert shared


def test_a_change_over_several_lines_moves_no_other_line():
    text = "f(\n    1,\n    xéx +\n    2,\n)\nlast = 0\n"
    for change, _ in changes_of(Source(text)):
        assert len(change.apply(text).splitlines()) == 6
    assert "f(\n    1,\n    (xéx\n),\n)\nlast = 0\n" in changed(text, "dropped term")


def test_a_seed_draws_its_sample_and_half_of_it_are_kernels():
    sample = draw(3, 40)
    assert sample == draw(3, 40)
    assert sample != draw(4, 40)
    assert len(set(sample)) == 40
    rules, kernels = (files_of(group) for group in GROUPS)
    assert [mutant.path in rules for mutant in sample] == [True] * 20 + [False] * 20
    assert all(mutant.path in kernels for mutant in sample[20:])
    for mutant in sample:
        ast.parse(mutant.source)
        assert mutant.lines()[0] != mutant.lines()[1]


def test_every_file_of_rules_and_kernels_has_mutants_or_a_reason():
    patterns = ("minigrad/ops/*.py", "kernels/minigrad_kernels/reference/*.py", "kernels/minigrad_kernels/cpu/*.py")
    files = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
    with_mutants = {path for group in GROUPS for path in files_of(group)}
    assert {path for path in files - with_mutants if not path.endswith("__init__.py")} == set(LEFT_OUT)
    assert all(mutants_of(path) for path in with_mutants)
