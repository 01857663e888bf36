"""Work done ahead by threads, its results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD: Final = 2  # results per thread that may wait to be taken: enough to even out slow items


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, each when the one after it is there too. What that raises is raised in its turn."""
    waiting: deque[Item] = deque()
    try:
        for item in items:
            waiting.append(item)
            if len(waiting) > 1:
                yield waiting.popleft()
    except Exception:
        yield from waiting
        raise
    yield from waiting


def map_ahead(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in order; with `threads` above 0 they compute results ahead.

    What `function` raises is raised in its turn. The threads have ended when the iterator is exhausted, dropped or
    closed, or has raised.
    """
    if not threads:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="minigrad-data")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
