"""Whatever happens to a file is seen."""

from __future__ import annotations

import hashlib
import random

import pytest

from minitransformer import checksum

SIZES = [0, 1, 7, 8, 9, checksum.PIECE, checksum.PIECE + 3, 2 * checksum.PIECE + 8]


@pytest.mark.parametrize("size", SIZES)
def test_one_changed_byte_anywhere_is_seen(size, tmp_path):
    path, content = tmp_path / "file", bytearray(random.Random(0).randbytes(size))
    path.write_bytes(content)
    assert not checksum.unchanged(path)  # nothing is recorded yet
    checksum.record(path)
    assert checksum.unchanged(path)
    for where in {0, size // 2, size - 1} if size else ():
        content[where] ^= 1
        path.write_bytes(content)
        assert not checksum.unchanged(path)
        content[where] ^= 1
    for other in (content[:-1], content + b"\0", content + content):
        path.write_bytes(other)
        assert not size or not checksum.unchanged(path)
    path.unlink()
    assert not checksum.unchanged(path)


def test_pieces_that_trade_places_are_seen(tmp_path):
    path = tmp_path / "file"
    a, b = b"a" * checksum.PIECE, b"b" * checksum.PIECE
    path.write_bytes(a + b)
    checksum.record(path)
    path.write_bytes(b + a)
    assert not checksum.unchanged(path)


def test_the_sum_worked_by_hand(tmp_path):
    path = tmp_path / "file"
    path.write_bytes((3).to_bytes(8, "little") + (2**64 - 1).to_bytes(8, "little") + b"end")
    # 3 + (2^64 - 1) is 2 where whole numbers have 64 bits; the rest is hashed as it is.
    expected = hashlib.sha256((2).to_bytes(8, "little") + b"end").hexdigest()
    assert checksum.quick_sum(path) == expected
