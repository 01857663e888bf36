"""Single ops, forward and backward, and optimisers' updates against PyTorch where it is installed.

    python benchmarks/ops.py --threads 1

A ratio is our time divided by theirs: below 1 we are faster. An op is called through the framework, recorded, and run
backward from a gradient of ones. What counts is the median of three runs, each from new arrays.
"""

from collections.abc import Callable
from statistics import median
from types import ModuleType
from typing import Any, NamedTuple

import peers
import results


class Case(NamedTuple):
    """An op as a network runs it: `call(functional, x)` on an input of this shape."""

    name: str
    shape: tuple[int, ...]
    call: Callable[[Any, Any], Any]


MAPS, SMALL = (100, 16, 32, 32), (100, 20, 16, 16)
CASES = [
    Case("relu", MAPS, lambda f, x: f.relu(x)),
    Case("relu small", SMALL, lambda f, x: f.relu(x)),
    Case("max_pool2d 2x2", MAPS, lambda f, x: f.max_pool2d(x, 2)),
    Case("max_pool2d 3x3 s2", (8, 96, 55, 55), lambda f, x: f.max_pool2d(x, 3, 2)),
    Case("avg_pool2d 2x2", MAPS, lambda f, x: f.avg_pool2d(x, 2)),
    Case("dropout", (128, 4096), lambda f, x: f.dropout(x, 0.5)),
    Case("local_response_norm", (8, 96, 55, 55), lambda f, x: f.local_response_norm(x, 5, 5e-4, 0.75, 2.0)),
    Case("batch_norm", MAPS, lambda f, x: f.batch_norm(x, None, None, training=True)),
    Case("log_softmax", (128, 1000), lambda f, x: f.log_softmax(x, 1)),
]
RUNS, LARGEST = 3, 1.15
UPDATES = {"SGD momentum": ("SGD", {"lr": 1e-3, "momentum": 0.9}), "Adam": ("Adam", {"lr": 1e-3})}


def recorded(framework: ModuleType, functional: Any, case: Case) -> peers.Run:
    import numpy as np

    values = np.random.default_rng(0).standard_normal(case.shape).astype(np.float32)
    x = framework.tensor(values, requires_grad=True)
    seed = framework.ones_like(case.call(functional, x).detach())

    def run() -> None:
        x.grad = None
        case.call(functional, x).backward(seed)

    return run


def softmax_loss(framework: ModuleType, functional: Any, rows: int, classes: int) -> peers.Run:
    import numpy as np

    random = np.random.default_rng(0)
    x = framework.tensor(random.standard_normal((rows, classes)).astype(np.float32), requires_grad=True)
    target = framework.tensor(random.integers(0, classes, rows))

    def run() -> None:
        x.grad = None
        functional.cross_entropy(x, target).backward()

    return run


def update(framework: ModuleType, optim: Any, rule: str, settings: dict[str, float]) -> peers.Run:
    """The step of an optimiser over the parameters of a small network, two millions in all."""
    import numpy as np

    random = np.random.default_rng(0)
    shapes = [(256, 512, 3, 3), (512, 1024), (1024, 256), (256,), (10, 1024)]
    parameters = [framework.tensor(random.standard_normal(s).astype(np.float32), requires_grad=True) for s in shapes]
    for parameter in parameters:
        parameter.grad = framework.ones_like(parameter)
    optimizer = getattr(optim, rule)(parameters, **settings)
    return optimizer.step


def runs(framework: ModuleType, functional: Any, optim: Any) -> dict[str, Callable[[], peers.Run]]:
    """For each row, what prepares its side."""
    table: dict[str, Callable[[], peers.Run]] = {}
    for case in CASES:
        if hasattr(functional, case.name.split()[0]):
            table[case.name] = lambda case=case: recorded(framework, functional, case)
    for rows, classes in ((100, 10), (128, 1000)):
        name = f"cross_entropy {rows}x{classes}"
        table[name] = lambda size=(rows, classes): softmax_loss(framework, functional, *size)
    for name, (rule, settings) in UPDATES.items():
        table[name] = lambda rule=rule, settings=settings: update(framework, optim, rule, settings)
    return table


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], ("torch",)).parse_args()
    peers.limit_blas(options.threads)
    import minigrad as mg
    from minigrad import nn, optim

    mg.set_num_threads(options.threads)
    frameworks = {"minigrad": runs(mg, nn.functional, optim)}
    if results.has_torch():
        import torch

        torch.set_num_threads(options.threads)
        frameworks["torch"] = runs(torch, torch.nn.functional, torch.optim)
    key = peers.clock(options.threads)
    table = results.Table(
        "Single ops",
        f"{peers.how(options.threads)}, forward and backward together, median of {RUNS} runs' medians",
        {"us": ".1f"},
        {"PyTorch us": ".1f", "ratio": ".2f"},
    )
    ratios = []
    for name in frameworks["minigrad"]:
        if options.only not in name:
            continue
        found = [
            peers.interleave({side: rows[name]() for side, rows in frameworks.items()}, options.seconds / RUNS)
            for _ in range(RUNS)
        ]
        row = [median(one[side][key] for one in found) * 1e6 for side in frameworks]
        if "torch" in frameworks:
            ratios.append(median(one["minigrad"][key] / one["torch"][key] for one in found))
        table.add(name, *row, *ratios[-1:])
    if ratios:
        table.bound(f"single ops, {peers.how(options.threads)}, over PyTorch's: largest", max(ratios), LARGEST)
    table.finish(options.json)


if __name__ == "__main__":
    main()
