"""Weights and networks of others: files of PyTorch, names of weights. Each reader runs nothing that a file holds."""

from minigrad.interop.names import Match, Pair, match, rename
from minigrad.interop.torch_file import load_torch
from minigrad.interop.weights_file import read_weights

__all__ = ["Match", "Pair", "load_torch", "match", "read_weights", "rename"]
