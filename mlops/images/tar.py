"""Headers of tars, the same bytes by any version of Python: sorted out of `tarfile`, which is not.

POSIX's format (pax), of which only names, links, sizes and modes are used. Owner 0, time 0.
"""

import struct
from enum import Enum

BLOCK = 512
END = bytes(2 * BLOCK)
"""What a tar ends with."""

LONGEST_NAME = 100
LARGEST = 8**11
"""What the plain header can say: bytes of a name, bytes of a file."""

_LAYOUT = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")


class Type(Enum):
    """What a member is."""

    FILE = b"0"
    LINK = b"2"
    FOLDER = b"5"
    MORE = b"x"


def header(path: str, kind: Type, *, mode: int, size: int = 0, link: str = "") -> bytes:
    """Return what stands before the bytes of a member; a folder's path ends in no `/`."""
    name = (path + "/" if kind is Type.FOLDER else path).encode()
    told = {
        b"path": b"" if _plain(name) else name,
        b"linkpath": b"" if _plain(link.encode()) else link.encode(),
        b"size": b"%d" % size if size >= LARGEST else b"",
    }
    more = b"".join(_record(key, value) for key, value in told.items() if value)
    before = b""
    if more:
        before = _header(b"././@PaxHeader", Type.MORE, mode=0o644, size=len(more), link=b"")
        before += more + bytes(padding(len(more)))
    size = size if size < LARGEST else 0
    return before + _header(name, kind, mode=mode, size=size, link=link.encode())


def padding(size: int) -> int:
    """Return how many zeros follow so many bytes."""
    return -size % BLOCK


def _plain(name: bytes) -> bool:
    return len(name) <= LONGEST_NAME and name.isascii()


def _record(key: bytes, value: bytes) -> bytes:
    """Return a line that begins with its own length."""
    rest = b" %b=%b\n" % (key, value)
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d%b" % (length, rest)


def _header(name: bytes, kind: Type, *, mode: int, size: int, link: bytes) -> bytes:
    number, none = b"0000000\0", b""
    block = _LAYOUT.pack(
        *(_ascii(name), b"%07o\0" % mode, number, number, b"%011o\0" % size, b"%011o\0" % 0),
        *(b" " * 8, kind.value, _ascii(link), b"ustar\x0000", none, none, number, number, none),
    )
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _ascii(name: bytes) -> bytes:
    return name.decode().encode("ascii", "replace")[:LONGEST_NAME]
