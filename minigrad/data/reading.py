"""Reading files that may be truncated, garbled or hostile: bounded memory, and one kind of error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from minigrad.errors import DataError


@contextmanager
def open_data(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is gzipped; whatever goes wrong with it in the block is a DataError that names it."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if zipped else file
    except (DataError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: {error}") from error


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Return the next `size` bytes, or raise DataError if the stream ends before."""
    data = stream.read(size)
    if len(data) != size:
        raise DataError(f"the file is cut short: {size:,} more bytes were due, {len(data):,} came")
    return data


def require_end(stream: IO[bytes]) -> None:
    """Raise DataError unless the stream is at its end; of a gzipped one, this checks the checksum too."""
    if stream.read(1):
        raise DataError("there are bytes after the end of the data")
