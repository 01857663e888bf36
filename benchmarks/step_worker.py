"""A process that trains one network with one framework, so many steps at each request: the other end of `workers.py`.

Requests are lines of JSON on the standard input. The first names the network, its batch, the framework, its memory
format and the number of threads; each later one asks for steps, with dropout or without, and is answered with the wall
and processor seconds they took, the page faults, the last loss, and the process's peak memory.
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

Step = Callable[..., Any]


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
    optimizer = optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    def step(dropout: bool = True) -> Any:
        model.train(dropout)
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def usage() -> resource.struct_rusage:
    return resource.getrusage(resource.RUSAGE_SELF)


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    return usage().ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    framework = importlib.import_module(settings["framework"])
    framework.set_num_threads(settings["threads"])
    network = NETWORKS[settings["network"]]
    framework.relu(framework.ones(1))  # imports what is imported when first used
    imported = peak()
    step = step_of(framework, network._replace(batch=settings["batch"] or network.batch), settings)
    for line in sys.stdin:
        request = json.loads(line)
        wall, processor, faults = time.perf_counter(), time.process_time(), usage().ru_minflt
        for _ in range(request["steps"]):
            loss = step(request["dropout"])
        taken = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
        memory = {"faults": usage().ru_minflt - faults, "peak": peak(), "imported": imported}
        print(json.dumps({**taken, **memory, "loss": loss.item()}), flush=True)


if __name__ == "__main__":
    main()
