"""A large file in pieces that are read while they are sent: never whole in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

BLOCK = 64 * 1024


class Piece:
    """Some bytes of an open file, for `request(data=piece)`: its length is known, and it is read as it leaves."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file, self._offset, self._size = file, offset, size
        self.rewind()

    def __len__(self) -> int:
        return self._size

    def rewind(self) -> None:
        """Back to its first byte, for a request that is made again."""
        self._file.seek(self._offset)
        self._left = self._size

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most BLOCK; none at its end."""
        data = self._file.read(min(self._left, BLOCK if size < 0 else size))
        self._left -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read():
            yield data


@contextmanager
def piece(path: Path, offset: int, size: int) -> Iterator[Piece]:
    """`size` bytes of a file from `offset` on."""
    with path.open("rb") as file:
        yield Piece(file, offset, size)
