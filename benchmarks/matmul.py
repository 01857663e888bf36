"""Matrix products against NumPy's BLAS, and against PyTorch where it is installed.

    python benchmarks/matmul.py --threads 1

A ratio is our time divided by theirs: below 1 we are faster. `a bT` has b transposed, as a linear layer has its weight.
"""

from typing import Any

import peers
import results

SIDES = ("numpy", "torch")
# Name, rows, terms, columns, and whether b is transposed.
SHAPES = [
    ("small", 100, 50, 10, False),
    ("small, a bT", 100, 50, 10, True),
    ("linear forward, a bT", 100, 3072, 100, True),
    ("linear input grad", 100, 100, 3072, False),
    ("LeNet linear, a bT", 128, 400, 120, True),
    ("square 256", 256, 256, 256, False),
    ("square 1024", 1024, 1024, 1024, False),
    ("square 1024, a bT", 1024, 1024, 1024, True),
    ("AlexNet linear, a bT", 64, 4096, 4096, True),
]


def sides(options: Any, a: Any, b: Any) -> dict[str, peers.Run]:
    import numpy as np

    from minigrad_kernels.cpu import matmul

    out = np.empty((1, a.shape[1], b.shape[2]), np.float32)
    scratch, theirs = np.empty(matmul.matmul_scratch_bytes(out, a, b), np.uint8), np.empty_like(out)
    runs: dict[str, peers.Run] = {"minigrad": lambda: matmul.matmul(out, a, b, scratch)}
    wanted = options.peer or SIDES
    if "numpy" in wanted:
        runs["numpy"] = lambda: np.matmul(a[0], b[0], out=theirs[0])
    if "torch" in wanted and results.has_torch():
        import torch

        torch.set_num_threads(options.threads)
        x, y = torch.from_numpy(a[0]), torch.from_numpy(b[0])
        runs["torch"] = lambda: x @ y
    return runs


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], SIDES).parse_args()
    peers.limit_blas(options.threads)
    import numpy as np

    from minigrad_kernels.cpu import threads

    threads.set_num_threads(options.threads)
    names = {"numpy": "NumPy", "torch": "PyTorch"}
    wanted = [name for name in options.peer or SIDES if name != "torch" or results.has_torch()]
    key = peers.clock(options.threads)
    columns = {"us": ".1f", "GFLOP/s": ".1f"} | {f"ratio to {names[name]}": ".2f" for name in wanted}
    table = results.Table("Matrix products", f"{peers.how(options.threads)}, medians", columns)
    random = np.random.default_rng(0)
    for name, rows, terms, columns_of_b, transposed in SHAPES:
        if options.only not in name:
            continue
        a = random.standard_normal((1, rows, terms)).astype(np.float32)
        b = random.standard_normal((1, terms, columns_of_b)).astype(np.float32)
        if transposed:
            b = np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1)
        times = peers.interleave(sides(options, a, b), options.seconds)
        time = times["minigrad"][key]
        speed = 2 * rows * terms * columns_of_b / time / 1e9
        table.add(name, time * 1e6, speed, *(time / times[peer][key] for peer in wanted))
    table.finish(options.json)


if __name__ == "__main__":
    main()
