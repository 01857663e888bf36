"""The largest networks take a step within the memory of an ordinary machine."""

import subprocess
import sys

import pytest

LIMIT = 8e9
STEP = """
import resource, sys
import minigrad as mg
import minigrad.nn.functional as F
from minigrad.models import MODELS, build_model
name, batch = sys.argv[1], int(sys.argv[2])
model = build_model(name)
optimizer = mg.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
images = mg.rand(batch, *MODELS[name].in_shape)
for _ in range(2):
    optimizer.zero_grad()
    F.cross_entropy(model(images), mg.zeros(batch, dtype=mg.int64)).backward()
    optimizer.step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "batch"), [("alexnet2012", 8), ("vgg16", 2)])
def test_a_training_step_fits_in_eight_gigabytes(name, batch):
    run = subprocess.run([sys.executable, "-c", STEP, name, str(batch)], capture_output=True, text=True, check=True)
    assert int(run.stdout) < LIMIT
