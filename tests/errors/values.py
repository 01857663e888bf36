"""The names that the calls in tests/errors/cases use, and the bad values that every argument is given in turn."""

import math

import numpy as np
from hypothesis import strategies

import minigrad as mg
from minigrad import cuda, data, interop, models, nn, optim, testing, train
from minigrad.data import datasets, preprocess
from minigrad.nn import functional, init
from minigrad.ops import elementwise
from minigrad.optim import lr_scheduler, regularize
from minigrad.testing import properties

MODULES = {
    "mg": mg,
    "nn": nn,
    "F": functional,
    "init": init,
    "optim": optim,
    "lr_scheduler": lr_scheduler,
    "regularize": regularize,
    "data": data,
    "datasets": datasets,
    "preprocess": preprocess,
    "models": models,
    "train": train,
    "interop": interop,
    "testing": testing,
    "cuda": cuda,
}
CONSTANTS = {
    **MODULES,
    "np": np,
    "elementwise": elementwise,
    "properties": properties,
    "strategies": strategies,
    "nan": math.nan,
    "inf": math.inf,
}

# What stands behind a name, as code; one may use another.
VALUES = {
    "x": "mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])",
    "square": "mg.ones(3, 3)",
    "vector": "mg.ones(3)",
    "batch": "mg.ones(2, 3, 3)",
    "whole": "mg.ones(2, 3, dtype=mg.int64)",
    "flags": "x > 2",
    "places": "mg.zeros(2, 3, dtype=mg.int64)",
    "image": "mg.ones(1, 2, 4, 4)",
    "filters": "mg.ones(3, 2, 2, 2)",
    "signal": "mg.ones(1, 2, 6)",
    "signal_filters": "mg.ones(3, 2, 2)",
    "scores": "mg.ones(2, 3)",
    "classes": "mg.tensor([0, 2])",
    "deep": "mg.ones(1, 1, 1, 1, 1, 1)",
    "double": "mg.ones(2, 3, dtype=mg.float64)",
    "on_meta": "mg.ones(2, 3, device='meta')",
    "leaf": "mg.ones(2, 3, requires_grad=True)",
    "total": "(leaf * leaf).sum()",
    "other_leaf": "mg.ones(3, requires_grad=True)",
    "array": "np.ones((2, 3), np.float32)",
    "double_op": "mg.Op('double', ('input',), lambda x: x, vjp={'input': lambda grad: grad * 2})",
    "known_op": "elementwise.NEG",
    "run_kernel": "lambda out, x: None",
    "labels": "np.array([0, 1, 0, 1])",
    "pixels": "np.arange(4 * 48, dtype=np.uint8).reshape(4, 3, 4, 4)",
    "pictures": "data.ImageDataset(pixels, labels, ('one', 'two'))",
    "examples": "data.ArrayDataset(np.arange(12, dtype=np.float32).reshape(4, 3) ** 2, labels, classes=('one', 'two'))",
    "model": "nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3))",
    "sgd": "optim.SGD(model.parameters(), 0.1)",
    "features": "mg.tensor(np.arange(12.0, dtype=np.float32).reshape(4, 3))",
    "precise": "mg.ones(2, dtype=mg.float64, requires_grad=True)",
    "mean_image": "preprocess.MeanImage().fit(pictures)",
    "description": "train.Description('mlp', mlp_settings, ('one', 'two'), mean_image, 'digits')",
    "mlp_settings": "{'in_shape': (3, 4, 4), 'classes': 2, 'hidden': 3}",
    "small_mlp_network": "models.MLP((3, 4, 4), 3, 2)",
    "small_mlp": "lambda: models.MLP((3, 4, 4), 3, 2)",
    "history": "train.fit(model, examples, examples, epochs=1, optimizer=sgd, batch_size=2, progress=False)",
    "run_state": "train.RunState(model, sgd, data.DataLoader(examples, 2), 1, F.cross_entropy)",
    "weights_file": "train.save_weights('w.safetensors', {'0.weight': x})",
    "checkpoint_file": "train.save_checkpoint('c.safetensors', description, small_mlp_network.state_dict())",
    "history_file": "train.save_history(train.History(), '.') or 'history.jsonl'",
    "record_of_neg": "testing.OpSpec('neg', mg.neg, strategies.just(sample), elementwise.NEG)",
    "sample": "testing.Sample((np.ones(3),), {})",
    "forward_property": "properties.PROPERTIES[0]",
    "adam": "optim.Adam([leaf], 0.1)",
    "step_lr": "lr_scheduler.StepLR(adam, 5)",
    "other_step_lr": "lr_scheduler.StepLR(adam, 5)",
}

BAD = (
    "'text'",
    "None",
    "[[1], [2, 3]]",
    "[]",
    "object()",
    "nan",
    "inf",
    "-1",
    "0",
    "10**30",
    "1.5",
    "True",
    "1j",
    "whole",
    "double",
    "deep",
    "on_meta",
)


class Names(dict):
    """Values that are made when they are first named."""

    def __missing__(self, name):
        if name not in VALUES:
            raise KeyError(name)
        self[name] = eval(VALUES[name], dict(CONSTANTS), self)
        return self[name]

    def run(self, text):
        """What a call gives."""
        return eval(text, dict(CONSTANTS), self)

    def contents(self):
        """Everything that a call must leave as it is, as bytes and versions."""
        made = {name: self[name] for name in self if name in VALUES}
        return {name: frozen(value) for name, value in made.items()}


def frozen(value):
    """What can be compared of a value."""
    if isinstance(value, mg.Tensor):
        content = value.array.tobytes() if value.backend.on_host else b""
        return value.spec, content, value.version.count, value.requires_grad
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes()
    if isinstance(value, nn.Module):
        return {name: frozen(held) for name, held in value.state_dict().items()}
    return None
