"""Estimates of how long work takes: they decide on threads, on which no result depends."""

from __future__ import annotations

import ast
from collections import Counter


def estimates_of(tree: ast.Module) -> frozenset[str]:
    """Names that are read for nothing but the third argument of team.run or threads.run, and for one another."""
    nodes = list(ast.walk(tree))
    guesses = [node.args[2] for node in nodes if isinstance(node, ast.Call) and shares_work(node)]
    values = [
        (target.id, node.value)
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    found = {name for guess in guesses for name in _read(guess)}
    while more := {read for name, value in values if name in found for read in _read(value)} - found:
        found |= more
    everywhere = Counter(_read(tree))
    while True:
        own = [value for name, value in values if name in found]
        inside = Counter(read for value in (*guesses, *own) for read in _read(value))
        kept = {name for name in found if inside[name] == everywhere[name]}
        if kept == found:
            return frozenset(found)
        found = kept


def _read(tree: ast.AST) -> list[str]:
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]


def shares_work(call: ast.Call) -> bool:
    """Whether it is a call of team.run or threads.run."""
    called = call.func
    if not (isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name)):
        return False
    return called.attr == "run" and called.value.id in ("team", "threads")
