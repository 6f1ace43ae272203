"""Verified upstream files: from the user's folder, the download cache, a site mirror, or public places.

No place is trusted. What a place gives is handed to ``accept``, which decodes and verifies it. A place that
gives something else, or nothing, is one line of the error that is raised when all have failed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

from onebit.errors import FormatError, SourcesExhaustedError, TransferError, WrongDataError
from onebit.progress import note
from onebit.transfers import Deadline, UnreachableError, download, host_of, open_session, shown

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO

    from requests import Session

TOTAL_SECONDS = 3600.0
"""How long getting all files of a data set may take, unless the caller sets another deadline."""
PLACE_SECONDS = 900.0
"""How long one place may take to give one file: 78.4 MB then need 87 kB a second."""
MAX_LOCAL_BYTES = 1 << 30
"""The largest file that is read from a user's folder. Of binarized MNIST, float64 .npy files have 0.44 GB."""
MAX_UNKNOWN_BYTES = 1 << 32
"""The largest download whose size nobody has said before."""

T = TypeVar("T")


class SourceFile(NamedTuple):
    """One canonical upstream file.

    Attributes:
        name: its file name, for example ``"binarized_mnist_train.amat"``.
        size: its size in bytes; None where nobody has published it.
        sha256: its SHA-256 in hexadecimal digits; None likewise.
    """

    name: str
    size: int | None
    sha256: str | None


class Location(NamedTuple):
    """One public place that has a file, in whatever container.

    Attributes:
        url: its address.
        size: the number of bytes served there, which is not the canonical size where the container differs; None
            where it is not known, and then at most `MAX_UNKNOWN_BYTES` are accepted.
    """

    url: str
    size: int | None


class _Candidate(NamedTuple):
    """One thing to try: its name in an error, how to say that it was used, and what to do with it."""

    where: str
    origin: str
    read: Callable[[], bytes]
    when_used: Callable[[bytes], None] = lambda data: None
    when_not: Callable[[Exception], None] = lambda reason: None


class Sources:
    """Where the files of one data set may come from; made once for all of them, and closed after the last.

    It remembers hosts that could not be reached, so that a machine without a network says so after a second
    or two, and shares connections and one deadline between the files.

    Args:
        dataset: the data set's name, for the error's advice.
        source_dir: the user's folder with files that were got by other means, or None.
        site_mirror: the http:// or https:// address of a mirror, or None. It serves the file of
            ``https://HOST/PATH`` at ``MIRROR/HOST/PATH``.
        cache_dir: the folder that keeps downloads; None keeps none. It is made when it is first needed.
        allow_network: whether the site mirror and the public places are asked.
        deadline: when to give up; by default `TOTAL_SECONDS` from now.
        place_seconds: how long one place may take for one file. Where less time is left than all places may
            take, they share it equally.

    Attributes:
        warnings: what did not prevent success but is worth knowing. It is also written to standard error.

    Raises:
        ValueError: ``site_mirror`` is no http:// or https:// address.
    """

    def __init__(
        self,
        dataset: str,
        *,
        source_dir: str | os.PathLike[str] | None = None,
        site_mirror: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        allow_network: bool = True,
        deadline: Deadline | None = None,
        place_seconds: float = PLACE_SECONDS,
    ) -> None:
        from pathlib import Path

        if site_mirror:
            _check_mirror(site_mirror)
        self.warnings: list[str] = []
        self._dataset = dataset
        self._source_dir = Path(source_dir).expanduser() if source_dir else None
        self._site_mirror = site_mirror or None
        self._cache_dir = Path(cache_dir).expanduser() if cache_dir else None
        self._allow_network = allow_network
        self._deadline = deadline or Deadline(TOTAL_SECONDS)
        self._place_seconds = place_seconds
        self._unreachable: dict[str, str] = {}  # host -> reason
        self._session: Session | None = None
        self._cleared = False  # whether the cache is rid of what killed processes left

    def __enter__(self) -> Sources:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections; a later `obtain` opens new ones."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def obtain(
        self,
        file: SourceFile,
        *,
        locations: Sequence[Location],
        accept: Callable[[bytes], T],
        local_names: Sequence[str],
    ) -> tuple[T, str]:
        """Gets one file from the first place that has the right data.

        The order: the user's folder, the download cache, the site mirror for each location, each location.

        Args:
            file: what is wanted.
            locations: public places, in the order of trying.
            accept: decodes the bytes of any form of the file and verifies them, or raises FormatError or
                WrongDataError. The next place is then tried, as it is after OSError.
            local_names: names under which the file, in any form, may lie in the user's folder.

        Returns:
            What ``accept`` returned, and a description of the place for the record.

        Raises:
            SourcesExhaustedError: no place had the right data. The message names every place with the reason,
                and says what to do by hand.
        """
        if self._cache_dir is not None and not self._cleared:
            remove_parts(self._cache_dir)
            self._cleared = True
        tried = []
        for candidate in self._candidates(file, locations, local_names):
            try:
                data = candidate.read()
                accepted = accept(data)
            except (FormatError, WrongDataError, OSError) as error:  # TransferError is an OSError
                tried.append(f"{candidate.where}: {_reason(error)}")
                candidate.when_not(error)
            else:
                candidate.when_used(data)
                return accepted, candidate.origin
        raise SourcesExhaustedError(self._advice(file, tried, local_names))

    def _candidates(
        self, file: SourceFile, locations: Sequence[Location], local_names: Sequence[str]
    ) -> Iterator[_Candidate]:
        if self._source_dir is not None and local_names:
            yield from self._in_folder(self._source_dir, local_names)
        if self._cache_dir is not None:
            yield from self._in_cache(self._cache_dir, locations)
        yield from self._in_network(file, locations)

    def _in_folder(self, folder: Path, local_names: Sequence[str]) -> Iterator[_Candidate]:
        """The user's own files, which are read and never touched."""
        paths = [folder / name for name in local_names if os.path.lexists(folder / name)]
        for path in paths:
            yield _Candidate(
                str(path),
                f"the file {path}",
                partial(_read, path, MAX_LOCAL_BYTES),
                when_not=partial(self._passed_over, path),
            )
        if not paths:
            reason = f"holds none of {', '.join(local_names)}"
            if not folder.is_dir():
                reason = "is a file; give the folder that holds it" if folder.exists() else "no such folder"
            yield _Candidate(str(folder), "", partial(_refuse, reason), when_not=partial(self._passed_over, folder))

    def _in_cache(self, folder: Path, locations: Sequence[Location]) -> Iterator[_Candidate]:
        for location in locations:
            path = folder / cache_name(location.url)
            if _is_file(path):
                yield _Candidate(
                    f"{path} (download cache)",
                    f"the download cache, {path}, from {shown(location.url)}",
                    partial(_read, path, _limit(location.size)),
                    when_not=partial(self._discard, path),
                )

    def _in_network(self, file: SourceFile, locations: Sequence[Location]) -> Iterator[_Candidate]:
        places = []
        if self._site_mirror is not None:
            mirrored = [(site_mirror_url(self._site_mirror, location.url), location) for location in locations]
            places += [(url, f"the site mirror, {shown(url)}", location) for url, location in mirrored]
        places += [(location.url, shown(location.url), location) for location in locations]
        for index, (url, origin, location) in enumerate(places):
            yield _Candidate(
                shown(url),
                origin,
                partial(self._download, file, url, location.size, len(places) - index),
                # Under the name of the public place, so that it is found with another mirror, or without one.
                when_used=partial(self._keep, cache_name(location.url)),
            )

    def _download(self, file: SourceFile, url: str, size: int | None, places_left: int) -> bytes:
        if not self._allow_network:
            raise TransferError("not tried, as the network is not to be used")
        host = host_of(url)
        if host in self._unreachable:
            raise TransferError(f"not tried again: {self._unreachable[host]}")
        remaining = self._deadline.remaining()
        if not remaining:
            raise TransferError(f"not tried, as all {self._deadline.seconds:g} seconds allowed have passed")
        if self._session is None:
            self._session = open_session()
        deadline = self._deadline.within(min(self._place_seconds, remaining / places_left))
        amount = f" ({size / 1e6:,.1f} MB)" if size is not None else ""
        note(f"Downloading {file.name}{amount} from {shown(url)}")
        try:
            return download(url, size=size, max_bytes=_limit(size), deadline=deadline, session=self._session)
        except UnreachableError as error:
            self._unreachable[error.host] = str(error)
            raise

    def _passed_over(self, path: Path, reason: Exception) -> None:
        """Tells the user, who meant it to be used; what follows may be a download."""
        self._warn(f"{path} was not used: {_reason(reason)}")

    def _discard(self, path: Path, reason: Exception) -> None:
        """Removes a download of ours that turned out to be wrong; one that could not be read may be right."""
        if not isinstance(reason, FormatError | WrongDataError):
            return
        try:
            path.unlink()
        except OSError as error:
            self._warn(f"{path} is not the published file, and could not be removed: {_reason(error)}")
        else:
            self._warn(f"{path} was not the published file and has been removed: {_reason(reason)}")

    def _keep(self, name: str, data: bytes) -> None:
        """Keeps a download for next time, if that is possible."""
        if self._cache_dir is None:
            return
        try:
            self._cache_dir.mkdir(parents=True, exist_ok=True)
            write_whole(self._cache_dir / name, data)
        except OSError as error:
            self._warn(
                f"the download could not be kept in {self._cache_dir}: {_reason(error)}. It is used all the "
                "same, and will be downloaded again when it is next needed"
            )

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        note(f"Warning: {text}.")

    def _advice(self, file: SourceFile, tried: Sequence[str], local_names: Sequence[str]) -> str:
        lines = [f"{file.name} could not be obtained. Tried:"]
        lines += [f"  {line}" for line in tried or ["nothing: no place is known"]]
        forms = f", as {_either(local_names)}" if local_names else ""
        lines += [
            "What to do by hand: get the file on any machine,",
            f"  {file.name}" + (f", {file.size:,} bytes, SHA-256 {file.sha256}" if file.size is not None else ""),
            f"put it into a folder DIR{forms}, and do one of these:",
            "  pass source_dir=DIR",
            f"  type: onebit prepare {self._dataset} --from DIR",
            "  set ONEBIT_SOURCE_DIR=DIR",
            "Or set ONEBIT_MIRROR=URL to a mirror that serves https://HOST/PATH at URL/HOST/PATH.",
        ]
        return "\n".join(lines)


def site_mirror_url(base: str, url: str) -> str:
    """The address at which a site mirror serves the file of a public address: ``BASE/HOST/PATH``.

    Example:
        >>> site_mirror_url("https://mirror.example.org/data/", "http://www.example.com/a/b.amat")
        'https://mirror.example.org/data/www.example.com/a/b.amat'

    Args:
        base: the mirror's http:// or https:// address.
        url: the public address.

    Raises:
        ValueError: ``base`` is no such address.
    """
    from urllib.parse import urlsplit

    _check_mirror(base)
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{base.rstrip('/')}/{host_of(url)}/{parts.path.lstrip('/')}{query}"


def _check_mirror(base: str) -> None:
    try:
        host_of(base)
        clean = "?" not in base and "#" not in base
    except TransferError:
        clean = False
    if not clean:
        raise ValueError(
            f"the site mirror {base!r} was given; it must be an address that begins with http:// or https:// "
            "and has no ? or #. Set ONEBIT_MIRROR (or pass site_mirror=) to, for example, "
            "https://mirror.example.org/data; for a folder on this machine set ONEBIT_SOURCE_DIR instead."
        )


def cache_name(url: str) -> str:
    """The file name under which the download cache keeps what came from an address.

    The host and the last part of the path are there for people, reduced to characters that are safe in a file
    name anywhere; a part of the address's SHA-256 tells addresses apart.
    """
    import hashlib
    import re

    digest = hashlib.sha256(url.encode()).hexdigest()[:16]
    path = shown(url).partition("?")[0]
    host, last = (re.sub(r"[^A-Za-z0-9._-]+", "_", part) for part in (host_of(url), path.rpartition("/")[2]))
    return f"{host[:60]}-{digest}-{last[-80:]}"


def _limit(size: int | None) -> int:
    return size if size is not None else MAX_UNKNOWN_BYTES


def _is_file(path: Path) -> bool:
    """Whether there is a regular file that we may look at."""
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that is closed to us
        return False


def _read(path: Path, max_bytes: int) -> bytes:
    if not path.is_file():  # a folder, a dangling link, or a pipe, which would be waited for
        raise FileNotFoundError("is no regular file")
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > max_bytes:
            raise FormatError(f"has {size:,} bytes, more than the {max_bytes:,} allowed")
        return stream.read(size)  # a buffer of that size is made at once, whatever comes


def _refuse(reason: str) -> NoReturn:
    raise FileNotFoundError(reason)


def _reason(error: Exception) -> str:
    """An error's message in one line; of an error of the operating system, only what went wrong."""
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return " ".join(text.split()).rstrip(".")


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file under its final name whole or not at all, also where two processes write the same one."""
    import secrets

    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as stream:
            _hold(stream)
            if not os.fstat(stream.fileno()).st_nlink:  # just before that, `remove_parts` took it for a leftover
                return write_whole(path, data)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            if os.name == "posix":  # while it is held
                part.replace(path)
        if os.name != "posix":  # Windows does not rename an open file, nor does it delete one
            part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def remove_parts(folder: Path) -> None:
    """Clears away the unfinished files of a download cache whose process was killed; those of living ones stay.

    Args:
        folder: the cache; nothing happens where there is none, or where it is read-only.
    """
    import re

    for part in folder.glob(".*.part"):
        if re.search(r"\.[0-9a-f]{16}\.part$", part.name) and _is_file(part):
            with contextlib.suppress(OSError), part.open("rb") as stream:
                if _hold(stream, wait=False):
                    part.unlink()


def _hold(stream: BinaryIO, *, wait: bool = True) -> bool:
    """Tells other processes that somebody has a file open; False where somebody else has said so already.

    Windows needs no telling: it does not delete an open file. Nor is there any on file systems without locks, where a
    file of a living process may be taken for a leftover; its download is then not kept.
    """
    try:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True
