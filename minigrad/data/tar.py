"""Members of a tar stream by their exact names.

Of a hostile archive, `tarfile` would follow links and read extension headers of any size. Here nothing but regular
members of the names asked for is looked at, nothing is written to disk, and the stream may unpack to so much only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO

from minigrad.data.reading import read_exactly
from minigrad.errors import DataError

BLOCK = 512
CHUNK = 2**20
REGULAR = (b"0", b"\0")


def read_members(stream: IO[bytes], sizes: Mapping[str, int], most: int) -> dict[str, bytes]:
    """Read regular members.

    Parameters
    ----------
    stream : file
        At its beginning, unpacked; it is read to its end, so that a gzipped one's checksum is checked.
    sizes : mapping of str to int
        The names asked for, and how many bytes each may have.
    most : int
        How many bytes the whole stream may have.

    Returns
    -------
    dict of str to bytes
        The members that are there.

    Raises
    ------
    DataError
        For a header that is none, a stream cut short, and for more bytes than allowed.
    """
    found = {}
    left = most
    while block := stream.read(BLOCK):
        name, size, kind = _parse_header(block.ljust(BLOCK, b"\0"))
        padded = -(-size // BLOCK) * BLOCK
        left -= BLOCK + padded
        if left < 0:
            raise DataError(f"the archive unpacks to more than {most:,} bytes")
        if kind in REGULAR and name in sizes:
            if size > sizes[name]:
                raise DataError(f"{name} must have at most {sizes[name]:,} bytes, got {size:,}")
            found[name] = read_exactly(stream, padded)[:size]
        else:
            _skip(stream, padded)
    return found


def _parse_header(block: bytes) -> tuple[str, int, bytes]:
    """Name, size and type of the member that a block introduces; an empty name for the zeros at the end."""
    if not any(block):
        return "", 0, b""
    if sum(block) - sum(block[148:156]) + 8 * ord(" ") != _octal(block[148:156]):
        raise DataError("it is no tar archive, or a damaged one: the checksum of a header is wrong")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    return name, _octal(block[124:136]), block[156:157]


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("latin-1")


def _octal(field: bytes) -> int:
    if not re.fullmatch(rb"[ \0]*[0-7]+[ \0]*", field):
        raise DataError("it is no tar archive, or a damaged one: a header lacks a number")
    return int(field.strip(b" \0"), 8)


def _skip(stream: IO[bytes], size: int) -> None:
    while size:
        size -= len(read_exactly(stream, min(size, CHUNK)))
