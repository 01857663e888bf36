"""Kill a training again and again, go on each time, and compare what it ends with: ``kills.py KILLS SEED FOLDER``.

Each life is a fork of this process, so that kernels are loaded once. It ends by SIGKILL at a random moment: whenever
the parent strikes; when the child is about to open, make, rename or remove a file or folder; or in the middle of a
write. Whatever the moment, it leaves no damaged checkpoint: warnings are errors.
"""

import os
import random
import signal
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from minigrad.train import Checkpoints, checkpoint_folder
from tests.train.runs import digest, train

TOUCHING = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}
WAYS = ("moment", "touch", "torn")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_when_touching(number):
    """Die right before the file system is touched for that time."""
    left = [number]

    def hook(event, arguments):
        if event in TOUCHING:
            left[0] -= 1
            if not left[0]:
                die()

    sys.addaudithook(hook)


def die_within_write(number):
    """Die when half of that file has been written."""
    left, write_new = [number], checkpoint_folder.write_new

    def torn(path, data):
        left[0] -= 1
        if not left[0]:
            path.write_bytes(data[: len(data) // 2])
            die()
        write_new(path, data)

    checkpoint_folder.write_new = torn


def live(folder, way, number):
    """A life: go on with the training, and write down what it ended with."""
    if way == "touch":
        die_when_touching(number)
    elif way == "torn":
        die_within_write(number)
    result = digest(*train(Checkpoints(folder / "kept", every=1), resume=True, log=folder / "log"))
    (folder / "result").write_text(result)


def life(folder, way, number, seconds):
    """Fork one; whether it was killed."""
    child = os.fork()
    if not child:
        try:
            live(folder, way, number)
        except BaseException as error:
            print(f"{way} {number}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    if way == "moment":
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), f"{way}: ended with {status}"
    return status != 0


def main():
    warnings.simplefilter("error")
    kills, seed, root = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    draw, count, trainings = random.Random(seed), Counter(), 0
    expected = digest(*train())
    start = time.perf_counter()
    assert digest(*train(Checkpoints(root / "whole", every=1))) == expected
    usual = time.perf_counter() - start
    while sum(count.values()) < kills:
        trainings += 1
        folder = root / str(trainings)
        folder.mkdir()
        for _ in range(1_000):
            way = draw.choice(WAYS)
            killed = life(folder, way, draw.randint(1, 90 if way == "touch" else 12), draw.uniform(0, usual))
            count[way] += killed
            for path in (folder / "kept").glob("[0-9]*"):
                checkpoint_folder.read(path)
            if not killed:
                break
        assert (folder / "result").read_text() == expected, f"training {trainings} ended with other weights"
    print(f"{dict(count)} kills in {trainings} trainings")


if __name__ == "__main__":
    main()
