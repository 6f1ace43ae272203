"""Files of strangers: opened by plain name beside a file that the user named, read within bounds, never followed.

A certificate names its evidence. The name is a plain one, the file lies in the same folder, is a regular file and no
link, and is read up to the size that its array must have: no more of it is believed than its bytes.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from onebit.errors import FormatError

# Letters, digits and - _ . of every alphabet, not at the beginning a dot: no path, no drive, no stream, no device.
_PLAIN = re.compile(r"(?!\.)[\w.\-]{1,200}")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # of Windows, in every folder


def is_plain(name: object) -> bool:
    """Whether a name is that of a file in the same folder, and of nothing else, on every system."""
    return isinstance(name, str) and bool(_PLAIN.fullmatch(name)) and not _DEVICES.fullmatch(name)


def read_beside(source: Path, name: object, *, max_bytes: int) -> bytes:
    """The bytes of a file that lies beside another and is named in it.

    Args:
        source: the file that names it.
        name: what it is called there.
        max_bytes: the most bytes that it may have.

    Raises:
        FormatError: the name is not a plain one, or there is a link or something else than a file, or it is too large.
        FileNotFoundError: there is no such file.
    """
    if not isinstance(name, str) or not is_plain(name):
        raise FormatError(
            f"{source.name} names the file {str(name)[:100]!r}. Evidence lies beside the certificate and has a plain "
            "name: letters, digits, - _ and dots."
        )
    return read_regular(source.with_name(name), max_bytes=max_bytes, follow=False)


def read_regular(path: Path, *, max_bytes: int, follow: bool = True) -> bytes:
    """The bytes of a regular file, which is opened once and looked at after it was opened.

    Args:
        path: the file.
        max_bytes: the most bytes that it may have.
        follow: whether it may be a symbolic link.

    Raises:
        FormatError: it is a link that is not followed, no regular file, or too large.
        OSError: it cannot be opened.
    """
    if not follow and path.is_symlink():
        raise FormatError(f"{path} is a link. Evidence is a file of its own: copy it there.")
    # Neither a pipe nor a device makes this wait; where the system can, a link put there meanwhile is refused.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)  # Python makes no file object of a folder
        raise FormatError(f"{path} is no file, but something else (a folder, a pipe, a device).")
    with os.fdopen(descriptor, "rb") as file:
        if found.st_size > max_bytes:
            raise FormatError(f"{path} has {found.st_size:,} bytes; at most {max_bytes:,} are allowed here.")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise FormatError(f"{path} has more than the {max_bytes:,} bytes that are allowed here.")
    return content
