"""A network that cannot learn twenty images by heart cannot learn."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.models import MODELS, build_model
from minigrad.train.heads import logits_of, over_heads

FAMILIES = {
    "convnet": {"in_shape": (3, 16, 16)},
    "two_layer_net": {},
    "lenet": {},
    "convnetjs_mnist": {},
    "convnetjs_cifar10": {},
    "alexnet2012": {"in_shape": (3, 67, 67), "width": 1 / 8},
    "alexnet": {"in_shape": (3, 63, 63), "width": 1 / 8},
    "vgg11": {"in_shape": (3, 32, 32), "width": 1 / 8},
    "vgg19": {"in_shape": (3, 32, 32), "width": 1 / 8},
    "vgg16_bn": {"in_shape": (3, 32, 32), "width": 1 / 8},
    "googlenet": {"in_shape": (3, 32, 32), "width": 1 / 8},
    "googlenet_bn": {"in_shape": (3, 32, 32), "width": 1 / 8},
    "resnet20": {"in_shape": (3, 16, 16)},
    "resnet18": {"in_shape": (3, 32, 32), "width": 1 / 8},
    "resnet50": {"in_shape": (3, 32, 32), "width": 1 / 8},
}
DROPPING = ("alexnet2012", "alexnet", "vgg11", "vgg19", "vgg16_bn", "googlenet", "googlenet_bn")


@pytest.mark.parametrize("name", FAMILIES)
def test_twenty_images_are_overfitted(name):
    mg.manual_seed(0)
    arguments = FAMILIES[name] | ({"dropout": 0.0} if name in DROPPING else {})
    model = build_model(name, classes=5, **arguments)
    loss_of = over_heads(F.cross_entropy, model)
    rng = np.random.default_rng(0)
    in_shape = arguments.get("in_shape", MODELS[name].in_shape)
    images = mg.from_numpy(rng.standard_normal((20, *in_shape)).astype(np.float32))
    labels = mg.from_numpy(rng.permutation(np.arange(20) % 5))
    optimizer = mg.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(60):
        output = model(images)
        if F.cross_entropy(logits_of(output), labels).item() < 0.02:
            break
        optimizer.zero_grad()
        loss_of(output, labels).backward()
        optimizer.step()
    assert (logits_of(output).argmax(1) == labels).numpy().all()
    assert F.cross_entropy(logits_of(output), labels).item() < 0.1
