"""Weights and networks of others: files of PyTorch, names of weights. Each reader runs nothing that a file holds."""

from typing import TYPE_CHECKING, Any

from minigrad.interop.names import Match, Pair, match, rename
from minigrad.interop.torch_file import load_torch
from minigrad.interop.weights_file import read_weights

if TYPE_CHECKING:
    from minigrad.interop.onnx import load_onnx

__all__ = ["Match", "Pair", "load_onnx", "load_torch", "match", "read_weights", "rename"]


def __getattr__(name: str) -> Any:
    """Import the reader of ONNX models, and its table of operators, when it is first named."""
    if name == "load_onnx":
        from minigrad.interop.onnx import load_onnx

        return load_onnx
    raise AttributeError(f"module 'minigrad.interop' has no attribute {name!r}")
