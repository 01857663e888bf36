"""Convolution and its gradients against im2col with NumPy's BLAS, and against PyTorch where it is installed.

    python benchmarks/conv.py --threads 1

A ratio is our time divided by theirs: below 1 we are faster. `all` is the sum of forward, input and weight gradient.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import peers
import results

SIDES = ("im2col", "torch")
TITLES = {"im2col": "im2col", "torch": "PyTorch"}
PARTS = ("forward", "input grad", "weight grad")
MEAN, LARGEST = 0.85, 1.3


class Shape(NamedTuple):
    """A convolution as networks have them: square images, square windows."""

    name: str
    batch: int
    channels: int
    size: int
    outputs: int
    kernel: int
    stride: int = 1
    pad: int = 0
    dilation: int = 1
    groups: int = 1

    @property
    def out_size(self) -> int:
        return (self.size + 2 * self.pad - self.dilation * (self.kernel - 1) - 1) // self.stride + 1

    @property
    def flops(self) -> int:
        window = self.channels // self.groups * self.kernel**2
        return 2 * self.batch * self.outputs * self.out_size**2 * window

    @property
    def scalars(self) -> tuple[int, ...]:
        return (*[self.stride] * 2, *[self.pad] * 2, *[self.dilation] * 2, self.groups)


SHAPES = [
    Shape("course 3-10 32px", 100, 3, 32, 10, 3, 1, 1),
    Shape("course 10-10 32px", 100, 10, 32, 10, 3, 1, 1),
    Shape("course 10-10 16px", 100, 10, 16, 10, 3, 1, 1),
    Shape("course 10-10 8px", 100, 10, 8, 10, 3, 1, 1),
    Shape("LeNet 1-6 5x5", 128, 1, 28, 6, 5, 1, 2),
    Shape("LeNet 6-16 5x5", 128, 6, 14, 16, 5),
    Shape("ConvNetJS 3-16 5x5", 100, 3, 32, 16, 5, 1, 2),
    Shape("ConvNetJS 16-20 5x5", 100, 16, 16, 20, 5, 1, 2),
    Shape("ConvNetJS 20-20 5x5", 100, 20, 8, 20, 5, 1, 2),
    Shape("VGG 64 56px", 4, 64, 56, 64, 3, 1, 1),
    Shape("VGG 128 28px", 4, 128, 28, 128, 3, 1, 1),
    Shape("VGG 256 28px", 4, 256, 28, 256, 3, 1, 1),
    Shape("VGG 512 14px", 4, 512, 14, 512, 3, 1, 1),
    Shape("VGG 256 8px", 32, 256, 8, 256, 3, 1, 1),
    Shape("VGG 512 4px", 32, 512, 4, 512, 3, 1, 1),
    Shape("VGG 512 2px", 32, 512, 2, 512, 3, 1, 1),
    Shape("VGG 512 4px 1 image", 1, 512, 4, 512, 3, 1, 1),
    Shape("AlexNet 3-96 11x11 s4", 8, 3, 227, 96, 11, 4),
    Shape("AlexNet 96-256 5x5 g2", 8, 96, 27, 256, 5, 1, 2, 1, 2),
    Shape("1x1 64-128", 8, 64, 28, 128, 1),
    Shape("3x3 stride 2", 8, 64, 56, 64, 3, 2, 1),
    Shape("3x3 dilation 2", 8, 32, 32, 32, 3, 1, 2, 2),
]


def arrays(shape: Shape) -> dict[str, Any]:
    import numpy as np

    random = np.random.default_rng(0)
    sizes = {
        "x": (shape.batch, shape.channels, shape.size, shape.size),
        "w": (shape.outputs, shape.channels // shape.groups, shape.kernel, shape.kernel),
        "bias": (shape.outputs,),
        "dy": (shape.batch, shape.outputs, shape.out_size, shape.out_size),
    }
    return {name: random.standard_normal(size).astype(np.float32) for name, size in sizes.items()}


def ours(shape: Shape, data: dict[str, Any]) -> list[peers.Run]:
    import numpy as np

    from minigrad_kernels.cpu import conv

    def bind(name: str, out: Any, *inputs: Any) -> peers.Run:
        size = getattr(conv, f"{name}_scratch_bytes")(out, *inputs, *shape.scalars)
        scratch, run = np.empty(size, np.uint8), getattr(conv, name)
        return lambda: run(out, *inputs, *shape.scalars, scratch)

    x, w, bias, dy = data["x"], data["w"], data["bias"], data["dy"]
    return [
        bind("conv2d", np.empty_like(dy), x, w, bias),
        bind("conv2d_input_grad", np.empty_like(x), dy, w),
        bind("conv2d_weight_grad", np.empty_like(w), x, dy),
    ]


def im2col(shape: Shape, data: dict[str, Any]) -> list[peers.Run]:
    """The textbook way: copy all windows into a matrix, and let BLAS multiply; the gradients by the same two moves."""
    import numpy as np

    n, c, o, g, k, q = shape.batch, shape.channels, shape.outputs, shape.groups, shape.kernel, shape.out_size
    padded_size = shape.size + 2 * shape.pad
    inside = slice(shape.pad, shape.pad + shape.size)
    weights = data["w"].reshape(g, o // g, -1)
    columns = np.empty((n, g, c // g * k * k, q * q), np.float32)
    windows = columns.reshape(n, c, k, k, q, q)
    grad = data["dy"].reshape(n, g, o // g, q * q)
    spots = [
        (
            i,
            j,
            *(slice(t * shape.dilation, t * shape.dilation + shape.stride * (q - 1) + 1, shape.stride) for t in (i, j)),
        )
        for i in range(k)
        for j in range(k)
    ]

    def gather() -> None:
        padded = np.zeros((n, c, padded_size, padded_size), np.float32)
        padded[:, :, inside, inside] = data["x"]
        for i, j, rows, places in spots:
            windows[:, :, i, j] = padded[:, :, rows, places]

    def forward() -> Any:
        gather()
        return (weights @ columns).reshape(data["dy"].shape) + data["bias"][:, None, None]

    def input_grad() -> Any:
        spread = (weights.transpose(0, 2, 1) @ grad).reshape(n, c, k, k, q, q)
        padded = np.zeros((n, c, padded_size, padded_size), np.float32)
        for i, j, rows, places in spots:
            padded[:, :, rows, places] += spread[:, :, i, j]
        return padded[:, :, inside, inside]

    def weight_grad() -> Any:
        """Uses the columns that the forward pass has left."""
        return (grad @ columns.transpose(0, 1, 3, 2)).sum(axis=0)

    return [forward, input_grad, weight_grad]


def pytorch(shape: Shape, data: dict[str, Any]) -> list[peers.Run]:
    import torch

    x, w, bias, dy = (torch.from_numpy(data[name]) for name in ("x", "w", "bias", "dy"))
    pairs = ([shape.stride] * 2, [shape.pad] * 2, [shape.dilation] * 2)

    def backward(*mask: bool) -> peers.Run:
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, *pairs, False, [0, 0], shape.groups, mask)

    forward = lambda: torch.nn.functional.conv2d(x, w, bias, *pairs, shape.groups)  # noqa: E731
    return [forward, backward(True, False, False), backward(False, True, False)]


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], SIDES).parse_args()
    peers.limit_blas(options.threads)
    from minigrad_kernels.cpu import threads

    threads.set_num_threads(options.threads)
    builders: dict[str, Callable[[Shape, dict[str, Any]], list[peers.Run]]] = {"minigrad": ours}
    wanted = options.peer or SIDES
    if "im2col" in wanted:
        builders["im2col"] = im2col
    if "torch" in wanted and results.has_torch():
        import torch

        torch.set_num_threads(options.threads)
        builders["torch"] = pytorch
    others = [name for name in builders if name != "minigrad"]

    columns = {"ms": ".2f", "GFLOP/s": ".1f"}
    for name in others:
        columns |= {f"{TITLES[name]} ms": ".2f"} | {f"{part} / {TITLES[name]}": ".2f" for part in (*PARTS, "all")}
    how = f"{peers.how(options.threads)}, medians of the sum of forward, input and weight gradient, and ratios"
    table = results.Table("Single convolutions", how, columns)
    ratios: dict[str, list[float]] = {name: [] for name in others}
    key = peers.clock(options.threads)
    for shape in SHAPES:
        if options.only not in shape.name:
            continue
        data = arrays(shape)
        runs = {name: build(shape, data) for name, build in builders.items()}
        rounds = [
            peers.interleave({name: run[step] for name, run in runs.items()}, options.seconds / 3) for step in range(3)
        ]
        times = {name: [one[name][key] for one in rounds] for name in runs}
        total = sum(times["minigrad"])
        row = [total * 1e3, 3 * shape.flops / total / 1e9]
        for name in others:
            parts = [mine / other for mine, other in zip(times["minigrad"], times[name], strict=True)]
            ratios[name].append(total / sum(times[name]))
            row += [sum(times[name]) * 1e3, *parts, ratios[name][-1]]
        table.add(shape.name, *row)
    for name in others:
        what = f"single convolutions, {peers.how(options.threads)}, over {TITLES[name]}"
        table.bound_ratios(what, ratios[name], MEAN, LARGEST)
    table.finish(options.json)


if __name__ == "__main__":
    main()
