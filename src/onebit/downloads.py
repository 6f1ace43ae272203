"""`DownloadManager`: the files of a data set of one's own, in TFDS's words.

What ``checksums.tsv`` lists is believed only if it has the listed size and SHA-256, wherever it comes from: a folder of
the user's (``ONEBIT_SOURCE_DIR``), the download cache, a site mirror (``ONEBIT_MIRROR``) or the address itself.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from onebit.checksums import UrlInfo, parse_checksums, url_info, write_checksums
from onebit.descriptions import dedented
from onebit.errors import OnebitError, WrongDataError

if TYPE_CHECKING:
    from onebit.formats.archives import ExtractMethod
    from onebit.sources import Sources

_COMPRESSED = (".gz", ".xz", ".bz2")  # what a user's folder may hold in place of a file


class ManualDataError(OnebitError, AssertionError):
    """Files that somebody has to put there by hand are not there; the message says which, and where."""


class GenerateMode(enum.StrEnum):
    """What is done again when a data set is prepared; the names are TFDS's.

    `UPDATE_DATASET_INFO` does nothing to a prepared data set, whose words are always those of the code.
    """

    REUSE_DATASET_IF_EXISTS = enum.auto()
    UPDATE_DATASET_INFO = enum.auto()
    REUSE_CACHE_IF_EXISTS = enum.auto()
    FORCE_REDOWNLOAD = enum.auto()

    @classmethod
    def _missing_(cls, value: object) -> GenerateMode:
        raise ValueError(f"download_mode={value!r}: give one of {', '.join(map(str, cls))}.")

    @property
    def overwrite_dataset(self) -> bool:
        """Whether a prepared data set is made again."""
        return self in (GenerateMode.REUSE_CACHE_IF_EXISTS, GenerateMode.FORCE_REDOWNLOAD)


class ComputeStatsMode(enum.StrEnum):
    """Whether TFDS would compute statistics; onebit takes the words, and computes none."""

    AUTO = enum.auto()
    SKIP = enum.auto()
    FORCE = enum.auto()


@dataclasses.dataclass(frozen=True, kw_only=True)
class DownloadConfig:
    """How a data set of one's own is prepared.

    Further settings of TFDS are taken, and have no effect: `compute_stats`, `try_download_gcs`, `num_shards`,
    `min_shard_size`, `max_shard_size`, `override_max_simultaneous_downloads` and `nondeterministic_order`. What would
    change more is refused.

    Attributes:
        extract_dir: where archives are unpacked; by default ``extracted`` in the download folder.
        manual_dir: the folder with files that somebody put there by hand; by default ``ONEBIT_SOURCE_DIR``, else
            ``manual`` in the download folder.
        download_mode: whether a prepared data set, and kept downloads, are used.
        register_checksums: write the size and SHA-256 of each download to ``checksums.tsv`` beside the code.
        force_checksums_validation: refuse a download that ``checksums.tsv`` does not list.
        ignore_duplicates: of examples with the same key keep the first.
        max_examples_per_split: stop after so many examples of each split, to try a data set out.

    Raises:
        ValueError: a runner of Apache Beam, ``verify_ssl=False``, or fewer than one example.
    """

    extract_dir: str | os.PathLike[str] | None = None
    manual_dir: str | os.PathLike[str] | None = None
    download_mode: GenerateMode = GenerateMode.REUSE_DATASET_IF_EXISTS
    register_checksums: bool = False
    force_checksums_validation: bool = False
    ignore_duplicates: bool = False
    max_examples_per_split: int | None = None
    compute_stats: Any = ComputeStatsMode.SKIP
    try_download_gcs: bool = False
    num_shards: int | None = None
    min_shard_size: int | None = None
    max_shard_size: int | None = None
    override_max_simultaneous_downloads: int | None = None
    nondeterministic_order: bool = False
    beam_runner: Any = None
    beam_options: Any = None
    verify_ssl: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "download_mode", GenerateMode(self.download_mode))
        if self.beam_runner is not None or self.beam_options is not None:
            raise ValueError(
                "DownloadConfig(beam_runner=..., beam_options=...): onebit does not run Apache Beam. Leave them out; a "
                "GeneratorBasedBuilder needs neither."
            )
        if not self.verify_ssl:
            raise ValueError(
                "DownloadConfig(verify_ssl=False): certificates are always checked. Get the file in another way, and "
                "put it into the folder that ONEBIT_SOURCE_DIR names."
            )
        if self.max_examples_per_split is not None and self.max_examples_per_split < 1:
            raise ValueError(f"DownloadConfig(max_examples_per_split={self.max_examples_per_split}): give 1 or more.")

    def replace(self, **settings: Any) -> DownloadConfig:
        """The same settings, some of them changed."""
        return dataclasses.replace(self, **settings)


class Resource:
    """Something to download or to unpack, where its address alone does not say how.

    Args:
        url: its address.
        extract_method: what kind of archive it is; by default what its name tells.
        path: the file, where there is one already.
        relative_download_dir: a folder of TFDS's cache; accepted, and without effect.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        extract_method: ExtractMethod | None = None,
        path: str | os.PathLike[str] | None = None,
        relative_download_dir: str | os.PathLike[str] = "",
    ) -> None:
        if url is None and path is None:
            raise ValueError("Resource takes the address of a file (url=) or its place on this disk (path=).")
        self.url = url
        self.extract_method = extract_method
        self.path = Path(path) if path is not None else None


class DownloadManager:
    """Gets and unpacks the files of one data set; ``_split_generators`` is given one.

    Its verbs take an address (or path, or `Resource`), or lists and dicts of these, and give paths in the same
    structure:

        >>> def _split_generators(self, dl_manager):
        ...     files = dl_manager.download({"train": "https://example.org/train.npy"})
        ...     return {"train": self._generate_examples(files["train"])}

    Args:
        sources: where files come from.
        download_dir: the folder that keeps them.
        url_infos: what ``checksums.tsv`` says, by address.
        source_dir: the user's folder with upstream files.
        instructions: ``MANUAL_DOWNLOAD_INSTRUCTIONS`` of the data set.
        checksums_path: ``checksums.tsv``, to be written with ``register_checksums=True``.
        config: further settings.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        download_dir: Path,
        url_infos: Mapping[str, UrlInfo],
        source_dir: Path | None = None,
        instructions: str | None = None,
        checksums_path: Path | None = None,
        config: DownloadConfig | None = None,
    ) -> None:
        self._sources = sources
        self._download_dir = download_dir
        self._url_infos = dict(url_infos)
        self._source_dir = source_dir
        self._instructions = instructions
        self._checksums_path = checksums_path
        self._config = config or DownloadConfig()
        self._paths: dict[str, Path] = {}
        self.origins: dict[str, str] = {}
        """Where the file of each address came from, with its SHA-256."""
        self.found: dict[str, UrlInfo] = {}
        """Size, SHA-256 and name of the file of each address."""
        if self._config.register_checksums and checksums_path is None:
            raise ValueError("register_checksums=True, but the code lies in no folder that could hold checksums.tsv.")

    # What TFDS's has -------------------------------------------------------------------------------------------

    @property
    def download_dir(self) -> Path:
        """The folder that keeps downloads."""
        return self._download_dir

    @property
    def downloaded_size(self) -> int:
        """Bytes of all files that were downloaded, or found."""
        return sum(info.size for info in self.found.values())

    @property
    def register_checksums(self) -> bool:
        """Whether sizes and SHA-256 are written down instead of compared."""
        return self._config.register_checksums

    @property
    def manual_dir(self) -> Path:
        """The folder with files that somebody put there by hand.

        Raises:
            ValueError: the data set has no ``MANUAL_DOWNLOAD_INSTRUCTIONS``.
            ManualDataError: there is no such folder, or nothing in it; the message has the instructions.
        """
        if not self._instructions:
            raise ValueError(
                "To access `dl_manager.manual_dir`, please set `MANUAL_DOWNLOAD_INSTRUCTIONS` in your dataset."
            )
        chosen = self._config.manual_dir or self._source_dir or self._download_dir / "manual"
        folder = Path(chosen).expanduser()
        if not folder.is_dir() or not any(folder.iterdir()):
            raise ManualDataError(
                f"Manual directory {folder} does not exist or is empty. Create it and download/extract dataset "
                f"artifacts in there using instructions:\n{dedented(self._instructions)}\nFor another folder set "
                "ONEBIT_SOURCE_DIR, or pass source_dir=DIR to download_and_prepare."
            )
        return folder

    def download(self, url_or_urls: Any) -> Any:
        """Gets files.

        Args:
            url_or_urls: an address or a `Resource`, or lists, tuples and dicts of these.

        Returns:
            The path of each file, in the same structure.

        Raises:
            SourcesExhaustedError: a file could not be got, or is not the one that ``checksums.tsv`` lists.
            ValueError: ``force_checksums_validation=True``, and the list has no such address.
        """
        return _map(self._download, url_or_urls)

    def extract(self, path_or_paths: Any) -> Any:
        """Unpacks archives; a file that is none is left where it is.

        Args:
            path_or_paths: a path or a `Resource`, or lists, tuples and dicts of these.

        Returns:
            The folder (for gzip and bzip2: the file) that each archive was unpacked to, in the same structure.

        Raises:
            FormatError: an archive is damaged.
        """
        return _map(self._extract, path_or_paths)

    def download_and_extract(self, url_or_urls: Any) -> Any:
        """`download`, then `extract`."""

        def both(resource: str | Resource) -> Path:
            method = resource.extract_method if isinstance(resource, Resource) else None
            return self._extract(Resource(path=self._download(resource), extract_method=method))

        return _map(both, url_or_urls)

    def iter_archive(self, resource: str | os.PathLike[str] | Resource) -> Iterator[tuple[str, BinaryIO]]:
        """The files in an archive without unpacking it: pairs of path and content; see `formats.archives`."""
        from onebit.formats import archives

        path, method = _path_and_method(resource)
        return archives.iter_archive(path, method)

    def iter_files(self, path_or_paths: Any) -> Iterator[Path]:
        """All files below some folders (and files as they are), sorted within each; hidden ones are passed over."""
        paths: list[Path] = []
        _map(lambda path: paths.append(Path(path)), path_or_paths)
        for path in paths:
            if path.is_file():
                yield path
            elif not path.is_dir():
                raise FileNotFoundError(f"{path} is neither a file nor a folder.")
            for inner in sorted(path.rglob("*")) if path.is_dir() else ():
                if inner.is_file() and not any(part.startswith(".") for part in inner.relative_to(path).parts):
                    yield inner

    def download_checksums(self, checksums_url: str) -> None:
        """Gets a list in the format of ``checksums.tsv`` and believes it from now on."""
        text = self._download(checksums_url).read_text(encoding="utf-8")
        self._url_infos.update(parse_checksums(text, checksums_url))

    def download_kaggle_data(self, competition_or_dataset: str) -> Path:
        """Not supported.

        Raises:
            NotImplementedError: always; the message says what to do.
        """
        raise NotImplementedError(
            f"onebit does not talk to Kaggle. Download {competition_or_dataset!r} by hand, set "
            "MANUAL_DOWNLOAD_INSTRUCTIONS in the data set, and read from dl_manager.manual_dir."
        )

    # One file --------------------------------------------------------------------------------------------------

    def _download(self, resource: str | Resource) -> Path:
        url = resource.url if isinstance(resource, Resource) else resource
        if not isinstance(url, str):
            raise TypeError(f"{url!r} is not an address such as 'https://example.org/train.npy'.")
        if url not in self._paths:
            self._paths[url] = self._obtain(url)
        return self._paths[url]

    def _obtain(self, url: str) -> Path:
        from onebit.sources import Location, SourceFile, cache_name, write_whole
        from onebit.store import writing

        config = self._config
        known = None if config.register_checksums else self._url_infos.get(url)
        if known is None and config.force_checksums_validation and not config.register_checksums:
            raise ValueError(
                f"Missing checksums url: {url}, yet `force_checksums_validation=True`. Did you forget to register "
                "checksums? Prepare once with DownloadConfig(register_checksums=True)."
            )
        listed = self._url_infos.get(url)
        name = (listed.filename if listed else None) or _last_part(url)
        local = self._local_file(url, name, known)
        if local is not None:
            return local
        kept = self._download_dir / cache_name(url)
        if config.download_mode is GenerateMode.FORCE_REDOWNLOAD:
            kept.unlink(missing_ok=True)
        file = SourceFile(name, known.size if known else None, known.checksum if known else None)
        data, origin = self._sources.obtain(
            file,
            locations=[Location(url, file.size)],
            accept=lambda data: _accepted(data, name, known),
            local_names=[name, *(name + ending for ending in _COMPRESSED)],
        )
        self._note(url, url_info(data, name), origin)
        if not kept.is_file() or origin.startswith("the file "):  # out of a compressed file of the user's
            with writing(kept):
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_whole(kept, data)
        return kept

    def _local_file(self, url: str, name: str, known: UrlInfo | None) -> Path | None:
        """A file of the user's that is the right one as it is: it is used where it lies."""
        manual = Path(self._config.manual_dir or self._download_dir / "manual").expanduser()
        for folder in filter(None, (self._source_dir, manual)):
            path = folder / name
            if not path.is_file():
                continue
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if known is None or digest == known.checksum:
                self._note(url, UrlInfo(path.stat().st_size, digest, name), f"the file {path}")
                return path
        return None

    def _note(self, url: str, info: UrlInfo, origin: str) -> None:
        self.found[url] = info
        self.origins[url] = f"{origin}, SHA-256 {info.checksum}"
        if self._config.register_checksums and self._checksums_path is not None:
            write_checksums(self._checksums_path, {url: info})

    def _extract(self, resource: str | os.PathLike[str] | Resource) -> Path:
        from onebit.formats import archives
        from onebit.store import writing

        path, method = _path_and_method(resource)
        method = method if method is not None else archives.guess_method(path.name)
        if method is archives.ExtractMethod.NO_EXTRACT:
            return path
        with path.open("rb") as content:  # by content: an archive that changes is unpacked again
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        place = self._config.extract_dir or self._download_dir / "extracted"
        target = Path(place).expanduser() / f"{method.name}.{digest[:16]}.{path.name}"
        if not target.exists() or self._config.download_mode is GenerateMode.FORCE_REDOWNLOAD:
            with writing(target):
                _remove(target)
                archives.extract(path, method, target)
        return target


def _accepted(data: bytes, name: str, known: UrlInfo | None) -> bytes:
    """The bytes of the file, out of a compressed one where that has the right ones.

    Raises:
        FormatError: a compressed file is damaged.
        WrongDataError: it is another file.
    """
    if known is None or _is_listed(data, known):
        return data
    most = known.size
    if name.endswith(_COMPRESSED):  # the listed file is itself compressed
        plain = data
    else:
        from onebit.formats import containers

        plain = bytes(containers.decompressed(data, max_bytes=most))
    if not _is_listed(plain, known):
        found = hashlib.sha256(plain).hexdigest()
        raise WrongDataError(
            f"it has {len(plain):,} bytes with the SHA-256 {found}; checksums.tsv has {known.size:,} bytes, "
            f"{known.checksum}"
        )
    return plain


def _is_listed(data: bytes, known: UrlInfo) -> bool:
    return len(data) == known.size and hashlib.sha256(data).hexdigest() == known.checksum


def _last_part(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path).rpartition("/")[2].replace("\\", "_").strip(".") or "download"


def _path_and_method(resource: str | os.PathLike[str] | Resource) -> tuple[Path, ExtractMethod | None]:
    if not isinstance(resource, Resource):
        return Path(resource), None
    if resource.path is None:
        raise ValueError(f"The Resource of {resource.url} has no path yet: download it first.")
    return resource.path, resource.extract_method


def _remove(target: Path) -> None:
    import shutil

    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


def _map(function: Callable[[Any], Any], structure: Any) -> Any:
    from onebit.splits import map_nested

    return map_nested(function, structure)
