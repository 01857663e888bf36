"""A process that trains one network with one framework, so many steps at each request: the other side of `steps.py`.

Requests are lines of JSON on the standard input. The first names the network, the framework, its memory format and the
number of threads; each later one is a number of steps, answered with the wall and processor seconds they took and the
last loss.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from networks import NETWORKS, Network

Step = Callable[[], Any]


def data(network: Network) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.standard_normal((network.batch, *network.image)).astype(np.float32)
    return images, random.integers(0, network.classes, network.batch)


def weights(model: Any) -> dict[str, np.ndarray]:
    """Equal values for equal names and shapes: the scale is He's."""
    random = np.random.default_rng(1)
    values = {}
    for name, parameter in model.state_dict().items():
        shape = tuple(parameter.shape)
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.0
        values[name] = (random.standard_normal(shape) * scale).astype(np.float32)
    return values


def step_of(framework: Any, network: Network, settings: dict[str, Any]) -> Step:
    """Forward, softmax cross-entropy, backward, SGD with momentum."""
    nn, optim = (importlib.import_module(f"{framework.__name__}.{name}") for name in ("nn", "optim"))
    model = network.build(nn)
    images, labels = map(framework.from_numpy, data(network))
    model.load_state_dict({name: framework.tensor(value) for name, value in weights(model).items()})
    if settings["channels_last"]:
        images = images.to(memory_format=framework.channels_last)
        model = model.to(memory_format=framework.channels_last)
    model.train(not settings["without_dropout"])
    optimizer = optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    def step() -> Any:
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    framework = importlib.import_module(settings["framework"])
    framework.set_num_threads(settings["threads"])
    step = step_of(framework, NETWORKS[settings["network"]], settings)
    for line in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(json.loads(line)):
            loss = step()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"wall": wall, "processor": processor, "loss": loss.item(), "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
