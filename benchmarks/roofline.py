"""Each op's arithmetic and traffic in training steps, against what one core can do: numbers, and a picture.

    python benchmarks/roofline.py --picture roofline.png

A tape lists the ops of a step with their FLOPs; the bytes that must move are those of their inputs and outputs. Every
op counts with the fastest of its runs. What takes less than half a hundredth of its step is not shown.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import results
from networks import NETWORKS
from peers import limit_blas

limit_blas(1)

import peaks  # noqa: E402 - NumPy comes after the limit
from step_worker import step_of  # noqa: E402

import minigrad as mg  # noqa: E402

MARKERS = {"course ConvNet": "o", "VGG-16 body 32px": "s", "AlexNet 2012": "^"}
STEPS = 12
SHOWN = 0.005
INTENSITIES = 0.05, 2000
INK = "#444444"
# The first of these that an op's name begins with.
KINDS = {
    "conv2d_input_grad": ("convolution, input gradient", "#56B4E9"),
    "conv2d_weight_grad": ("convolution, weight gradient", "#009E73"),
    "conv2d": ("convolution", "#0072B2"),
    "linear": ("matrix product", "#CC79A7"),
    "matmul": ("matrix product", "#CC79A7"),
    "max_pool2d": ("max pooling and its gradient", "#E69F00"),
    "local_response": ("response normalisation and its gradient", "#D55E00"),
    "sgd": ("update of the weights", "#000000"),
    "": ("ReLU, sums and the like", "#999999"),
}


class Point(NamedTuple):
    """An op of a network's step: its arithmetic, its traffic, and its fastest time."""

    name: str
    flops: int
    bytes: int
    seconds: float


class Peaks(NamedTuple):
    """FLOPs, and bytes from cache and from memory, in a second."""

    flops: float
    cache: float
    memory: float


def points(network: str) -> list[Point]:
    """The ops of a training step."""
    step = step_of(mg, NETWORKS[network], {"channels_last": False})
    step()
    tapes = []
    for _ in range(STEPS):
        with mg.Tape() as tape:
            step()
        tapes.append(tape.entries)
    return [
        Point(
            runs[0].name,
            runs[0].flops,
            # What has no output writes its first input.
            sum(spec.nbytes for spec in (*runs[0].inputs, *(runs[0].outputs or runs[0].inputs[:1]))),
            min(run.seconds for run in runs),
        )
        for runs in zip(*tapes, strict=True)
    ]


def by_name(found: list[Point]) -> list[Point]:
    """The ops of equal name together, those that take longest first."""
    groups = defaultdict(list)
    for point in found:
        groups[point.name].append(point)
    sums = [
        Point(name, sum(one.flops for one in group), sum(one.bytes for one in group), sum(one.seconds for one in group))
        for name, group in groups.items()
    ]
    return sorted(sums, key=lambda point: -point.seconds)


def draw(path: Path, peak: Peaks, measured: dict[str, list[Point]]) -> None:
    """FLOPs in a second over FLOPs for each byte, both logarithmic, under the two roofs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.8), layout="constrained")
    axes = figure.subplots()
    (left, right), top = INTENSITIES, peak.flops / 1e9
    axes.set(xscale="log", yscale="log", xlim=INTENSITIES, ylim=(0.5, 6 * top))
    for speed, what, style, offset in ((peak.memory, "memory", "-", (8, -9)), (peak.cache, "cache", "--", (0, 4))):
        axes.plot([left, peak.flops / speed, right], [left * speed / 1e9, top, top], style, color=INK, lw=1.3)
        axes.annotate(
            f"{what}: {speed / 1e9:.0f} GB/s", (1.15 * left, 1.15 * left * speed / 1e9), offset,
            textcoords="offset points", rotation=45, rotation_mode="anchor", transform_rotates_text=True,
            fontsize=9, color=INK,
        )  # fmt: skip
    note = {"textcoords": "offset points", "fontsize": 9, "color": INK}
    axes.annotate(f"multiply-adds: {top:.0f} GFLOP/s", (1, top), (0, 5), ha="center", **note)
    above = "above the roof: Winograd's convolution\ndoes fewer FLOPs than are counted"
    axes.annotate(above, (100, 3.4 * top), (0, -4), ha="right", **note)
    for network, found in measured.items():
        whole = sum(point.seconds for point in found)
        for point in found:
            if point.flops and point.seconds > SHOWN * whole:
                _, color = KINDS[next(start for start in KINDS if point.name.startswith(start))]
                axes.scatter(
                    point.flops / point.bytes, point.flops / point.seconds / 1e9, 25 + 900 * point.seconds / whole,
                    color=color, marker=MARKERS[network], alpha=0.8, edgecolors="white", linewidths=0.7, zorder=3,
                )  # fmt: skip
    axes.set_xlabel("FLOPs for each byte of input and output")
    axes.set_ylabel("GFLOP/s")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title("Ops of training steps on one core (the larger, the more of its step's time)", fontsize=11)
    axes.grid(which="major", color="#e8e8e8")
    axes.set_axisbelow(True)
    colors = [axes.scatter([], [], color=color, s=45, label=kind) for kind, color in dict(KINDS.values()).items()]
    shapes = [axes.scatter([], [], color="#777777", s=45, marker=MARKERS[name], label=name) for name in measured]
    frame = {"fontsize": 8.5, "frameon": False, "alignment": "left", "loc": "lower right"}
    axes.add_artist(axes.legend(handles=colors, bbox_to_anchor=(0.78, 0), **frame))
    axes.legend(handles=shapes, **frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path, help="draw the picture into this PNG file")
    results.add_option(parser)
    options = parser.parse_args()
    mg.set_num_threads(1)
    peak = Peaks(peaks.flops(), peaks.bandwidth(peaks.CACHE_FLOATS), peaks.bandwidth(peaks.MEMORY_FLOATS))
    columns = {"% of the step": ".1f", "GFLOP/s": ".1f", "GB/s": ".1f", "% of the roof": ".0f"}
    how = (
        f"ops of training steps, float32, 1 thread; peaks {peak.flops / 1e9:.0f} GFLOP/s, {peak.cache / 1e9:.0f} GB/s "
        f"from cache, {peak.memory / 1e9:.0f} GB/s from memory; the roof is the lower of the first and the last"
    )
    table = results.Table("Roofline", how, columns)
    measured = {network: points(network) for network in MARKERS}
    for network, found in measured.items():
        whole = sum(point.seconds for point in found)
        for name, flops, size, seconds in by_name(found):
            if flops and seconds > SHOWN * whole:
                roof = max(flops / peak.flops, size / peak.memory) / seconds
                shares = 100 * seconds / whole, flops / seconds / 1e9, size / seconds / 1e9, 100 * roof
                table.add(f"{network}: {name}", *shares)
    table.finish(options.json)
    if options.picture:
        draw(options.picture, peak, measured)


if __name__ == "__main__":
    main()
