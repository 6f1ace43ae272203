"""`GeneratorBasedBuilder`: data sets of one's own, written as TFDS's builders are.

A builder of TFDS for images, arrays, labels and numbers of fixed shapes comes over by changing its import to
``import onebit as tfds``. Its rows come in TFDS's order, and lie in the same packed store as onebit's own data sets.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import inspect
import itertools
import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from onebit import builders, locations, store
from onebit.builders import DatasetBuilder, check_file_format
from onebit.checksums import FILE_NAME, UrlInfo, read_checksums
from onebit.descriptions import DatasetMetadata, DescribedRecord, read_metadata
from onebit.downloads import DownloadConfig, DownloadManager, GenerateMode
from onebit.errors import NotPreparedError, OnebitError, VersionNotFoundError, WrongDataError
from onebit.example_columns import SplitRows
from onebit.features import ClassLabel, FeaturesDict
from onebit.metadata import DatasetInfo, SplitRecord
from onebit.orders import key_order, number_order
from onebit.versions import Version

if TYPE_CHECKING:
    from onebit.pipeline import Dataset
    from onebit.reading import ReadConfig

Array = NDArray[Any]

_SPLIT_NAME = re.compile(r"[\w-]+", re.ASCII)
_MODULE_ENDING = "_dataset_builder"
_TAKEN_NAMES_ARE_ERRORS = contextvars.ContextVar("_TAKEN_NAMES_ARE_ERRORS", default=True)


class RegistrationError(OnebitError, ValueError):
    """Two data sets have the same name, or one has none."""


@dataclasses.dataclass(eq=False)
class BuilderConfig:
    """One of several forms of a data set, each prepared in a folder of its own.

    Attributes:
        name: its name, as in ``my_dataset/name``.
        version: its version; by default that of the builder.
        release_notes: what each version changed; by default those of the builder.
        supported_versions: further versions that can be asked for.
        description: what it is.
        tags: words about it.
    """

    name: str
    version: Version | str | None = None
    release_notes: dict[str, str] | None = None
    supported_versions: list[Version | str] = dataclasses.field(default_factory=list)
    description: str | None = None
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class SplitGenerator:
    """One split in the list that ``_split_generators`` may return; a dict of generators is the newer form.

    Attributes:
        name: the name of the split.
        gen_kwargs: what ``_generate_examples`` is called with.
    """

    name: str
    gen_kwargs: dict[str, Any] | None = dataclasses.field(default_factory=dict)


class GeneratorBasedBuilder(DatasetBuilder):
    """A data set of one's own, whose examples a generator gives one by one.

    A subclass has a ``VERSION``, says what the data set is in ``_info``, gets its files in ``_split_generators`` and
    reads them in ``_generate_examples``:

        >>> class Stripes(onebit.GeneratorBasedBuilder):
        ...     VERSION = onebit.Version("1.0.0")
        ...
        ...     def _info(self):
        ...         image = onebit.features.Image(shape=(8, 8, 1))
        ...         return onebit.DatasetInfo(builder=self, features=onebit.features.FeaturesDict({"image": image}))
        ...
        ...     def _split_generators(self, dl_manager):
        ...         return {"train": self._generate_examples(100)}
        ...
        ...     def _generate_examples(self, count):
        ...         for number in range(count):
        ...             yield number, {"image": (np.indices((8, 8, 1)).sum(0) + number) // 2 % 2}
        >>> onebit.load("stripes", split="train")  # doctest: +SKIP

    The class is known to `onebit.load` as soon as it is defined, by its name in ``snake_case``; a class called
    ``Builder`` has the name of its module (``my_dataset_dataset_builder``) or package.

    Rows are stored in TFDS's order, that of a hash of the split's name and the key, and ``order="source"`` gives the
    order in which they were generated. All examples of a split are held in memory while it is prepared, unpacked.

    Args:
        data_dir: folder for prepared data sets; by default ``ONEBIT_DATA_DIR``, else the platform's cache folder.
        config: a `BuilderConfig`, or the name of one in ``BUILDER_CONFIGS``.
        version: the version wanted; by default the current one.
    """

    VERSION: ClassVar[Version | str | None] = None
    RELEASE_NOTES: ClassVar[dict[str, str]] = {}
    SUPPORTED_VERSIONS: ClassVar[list[Version | str]] = []
    BUILDER_CONFIGS: ClassVar[list[Any]] = []
    DEFAULT_BUILDER_CONFIG_NAME: ClassVar[str | None] = None
    MANUAL_DOWNLOAD_INSTRUCTIONS: ClassVar[str | None] = None
    pkg_dir_path: ClassVar[Path | None] = None

    name: ClassVar[str]  # of the class here, as in TFDS; a property there

    def __init_subclass__(cls, skip_registration: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__dict__.get("name"):
            cls.name = _class_name(cls)
        if not skip_registration and not _is_abstract(cls):
            _register(cls)

    def __init__(
        self,
        *,
        data_dir: str | os.PathLike[str] | None = None,
        config: str | BuilderConfig | None = None,
        version: str | Version | None = None,
    ) -> None:
        self._data_dir_root = locations.data_dir_root(data_dir)
        self._given = {"data_dir": data_dir, "config": config, "version": version}
        self._config = self._chosen_config(config)
        self._version = self._chosen_version(version)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self._given)

    # What a data set implements --------------------------------------------------------------------------------

    def _info(self) -> DatasetInfo:
        """What the data set is: a ``DatasetInfo(builder=self, ...)``."""
        raise NotImplementedError

    def _split_generators(self, dl_manager: DownloadManager) -> Any:
        """Gets the files; a dict of split names and generators, or a list of `SplitGenerator`."""
        raise NotImplementedError

    def _generate_examples(self, **kwargs: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        """The examples of a split: pairs of a key (int, str or bytes, each once) and a dict of values by feature."""
        raise NotImplementedError

    # Names, versions, words ------------------------------------------------------------------------------------

    @classmethod
    def package_folder(cls) -> Path | None:
        """The folder of the code; None for a class that was typed into an interpreter."""
        if cls.__dict__.get("pkg_dir_path") is not None:
            return Path(str(cls.pkg_dir_path))
        file = _file_of(cls)
        return file.parent if file is not None else None

    @classmethod
    def get_metadata(cls) -> DatasetMetadata:
        """The words that lie beside the code, in ``README.md``, ``CITATIONS.bib`` and ``TAGS.txt``."""
        return read_metadata(cls.package_folder())

    @classmethod
    def read_url_infos(cls) -> dict[str, UrlInfo]:
        """What ``checksums.tsv`` beside the code says, by address."""
        folder = cls.package_folder()
        return read_checksums(folder / FILE_NAME) if folder is not None else {}

    @property
    def url_infos(self) -> dict[str, UrlInfo]:
        """What ``checksums.tsv`` beside the code says, by address."""
        return self.read_url_infos()

    @property
    def builder_configs(self) -> dict[str, Any]:
        """The configurations by name."""
        configs = {config.name: config for config in self.BUILDER_CONFIGS}
        if len(configs) != len(self.BUILDER_CONFIGS):
            names = [config.name for config in self.BUILDER_CONFIGS]
            raise ValueError(f"Names in BUILDER_CONFIGS must not be duplicated. Got {names}")
        return configs

    @property
    def builder_config(self) -> Any:
        """The configuration; None where the data set has none."""
        return self._config

    @property
    def version(self) -> Version:
        """Version of the data set."""
        return self._version

    @property
    def canonical_version(self) -> Version:
        """The version that a plain name stands for."""
        version = (self._config.version if self._config is not None else None) or self.VERSION
        if not version:
            raise ValueError(
                f"{self.name} does not have a defined version. Please add a `VERSION = onebit.Version('1.0.0')` to the "
                "class."
            )
        return Version(version)

    @property
    def supported_versions(self) -> list[Version]:
        """Further versions that can be asked for."""
        own = self._config.supported_versions if self._config is not None else None
        return [Version(version) for version in own or self.SUPPORTED_VERSIONS]

    @property
    def release_notes(self) -> dict[str, str]:
        """What each version changed."""
        own = self._config.release_notes if self._config is not None else None
        return dict(own or self.RELEASE_NOTES)

    @property
    def data_path(self) -> Path:
        """The folder of this version (and configuration)."""
        folder = self._data_dir_root / self.name
        return (folder / self._config.name if self._config is not None else folder) / str(self._version)

    def dataset_info_from_configs(self, **kwargs: Any) -> DatasetInfo:
        """A `DatasetInfo` whose description, citation and tags are those that lie beside the code."""
        words = self.get_metadata()
        given = {"description": words.description, "citation": words.citation}
        info = DatasetInfo(builder=self, **(kwargs | {name: text for name, text in given.items() if text}))
        info.record.content["tags"] = words.tags
        return info

    def read_text_file(self, filename: str | os.PathLike[str], encoding: str | None = None) -> str:
        """The text in a file."""
        return Path(filename).read_text(encoding=encoding)

    def _chosen_config(self, config: Any) -> Any:
        if config is not None and not isinstance(config, str):
            own = self.builder_configs.get(config.name)
            if own is not None and own is not config:
                raise ValueError(
                    "Cannot name a custom BuilderConfig the same as an available BuilderConfig. Change the name: "
                    f"{config.name!r}."
                )
            return config
        configs = self.builder_configs
        wanted = config if config is not None else self.DEFAULT_BUILDER_CONFIG_NAME
        if wanted is None:
            return next(iter(configs.values()), None)
        if wanted in configs:
            return configs[wanted]
        if not configs:
            hint = f" For a version, type {self.name}:{wanted}." if wanted[:1].isdigit() else ""
            raise ValueError(f"BuilderConfig {wanted} not found: {self.name} has no configurations.{hint}")
        raise ValueError(f"BuilderConfig {wanted} not found. {self.name} has {', '.join(configs)}.")

    def _chosen_version(self, version: str | Version | None) -> Version:
        if version is None:
            return self.canonical_version
        if str(version) == "experimental_latest":
            return max(self.versions)
        for known in self.versions:
            if known.match(version):
                return known
        raise VersionNotFoundError(
            f"Dataset {self.name} cannot be loaded at version {version}, only: {', '.join(map(str, self.versions))}."
        )

    # What is known ---------------------------------------------------------------------------------------------

    @cached_property
    def _described(self) -> DescribedRecord:
        info = self._info()
        if not isinstance(info, DatasetInfo) or not isinstance(info.record, DescribedRecord):
            raise TypeError(
                f"{type(self).__name__}._info should return onebit.DatasetInfo(builder=self, ...), not a "
                f"{type(info).__name__}."
            )
        return info.record

    @property
    def record(self) -> DescribedRecord:  # it changes when the data set is prepared
        """What the code says, and what is known of the splits once the data set is prepared."""
        kept: DescribedRecord | None = self.__dict__.get("_record")
        if kept is None:
            stored = store.read_info(self.data_path) if self.is_prepared() else None
            if stored is None:
                return self._described
            _learn_names(self._described.features, stored.get("features"))
            found = stored.get("metadata")
            known = _stored_splits(stored, self.data_path)
            kept = self._described.prepared(*known, found if isinstance(found, dict) else None)
            self.__dict__["_record"] = kept
        return kept

    @property
    def _typed(self) -> str:
        """What stands for the data set in a command: the file of its code, where that can be imported as one."""
        file = _file_of(type(self))
        return shlex.quote(str(file)) if file is not None and type(self).__module__ != "__main__" else self.name

    @property
    def _rebuild(self) -> str:
        return f"Type: onebit.builder({self.name!r}).download_and_prepare(force=True)"

    def download_names(self) -> set[str]:
        """The file names under which downloads may lie in `downloads`: those of listed addresses, and those used."""
        from onebit.sources import cache_name

        stored = (store.read_info(self.data_path) if self.is_prepared() else None) or {}
        return {cache_name(url) for url in (*self.url_infos, *stored.get("origins", ()))}

    def _open(self, spec: Any, config: ReadConfig, as_supervised: bool, order: str, decoders: Any) -> Dataset:
        stored = (store.read_info(self.data_path) or {}).get("features")
        now = self.record.features.to_json()
        if stored != now:
            raise WrongDataError(
                f"{self.data_path} was prepared with the features {stored}, but the code has {now}. If the data set "
                f"changed, raise its VERSION. {self._rebuild}"
            )
        return super()._open(spec, config, as_supervised, order, decoders)

    # Preparing -------------------------------------------------------------------------------------------------

    def download_and_prepare(
        self,
        *,
        download_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
        file_format: str | None = None,
        force: bool = False,
        download_config: DownloadConfig | None = None,
    ) -> None:
        """Gets the files, generates the examples and writes the prepared data set; does nothing if it is there.

        Many processes may call this at once: one works, the others wait for it.

        Args:
            download_dir: where downloads are kept; by default ``downloads`` in the data folder.
            source_dir: a folder with upstream files that are tried first, and the default ``manual_dir``; by default
                ``ONEBIT_SOURCE_DIR``.
            file_format: a format of TFDS; accepted and ignored, onebit has one of its own.
            force: prepare again even if it is there.
            download_config: further settings.

        Raises:
            SourcesExhaustedError: a file could not be got, or is not the one that ``checksums.tsv`` lists.
            DuplicateKeyError: two examples have the same key.
            ExampleError: an example does not fit the features.
            NotPreparedError: the folder was prepared by TFDS; it is not written to.
            NotWrittenError: the folder cannot be written to. Whatever is raised, what was there before is still there.
        """
        check_file_format(file_format)
        config = download_config or DownloadConfig()
        again = force or config.download_mode.overwrite_dataset or config.register_checksums
        if config.download_mode is GenerateMode.UPDATE_DATASET_INFO and not self.is_prepared():
            raise NotPreparedError(
                f"{self.data_path} is not prepared, so that there is no information to update: leave out "
                "GenerateMode.UPDATE_DATASET_INFO. (In onebit words are always those of the code.)"
            )
        if self.is_prepared() and not again:
            self._clear_leftovers()
            return
        with self.lock():
            if again or not self.is_prepared():  # another process may have done it in the meantime
                self._prepare(download_dir, source_dir, config)

    def _prepare(
        self,
        download_dir: str | os.PathLike[str] | None,
        source_dir: str | os.PathLike[str] | None,
        config: DownloadConfig | None = None,
    ) -> None:
        config = config or DownloadConfig()
        self.__dict__.pop("_described", None)  # names of classes that it knows may be those of an older file
        self.__dict__["_record"] = self._described  # before anything is downloaded: a mistake in _info shows at once
        try:
            self._generate(download_dir, source_dir, config)
        finally:
            for known in ("store", "_record"):  # of what was there before
                self.__dict__.pop(known, None)

    def _generate(
        self,
        download_dir: str | os.PathLike[str] | None,
        source_dir: str | os.PathLike[str] | None,
        config: DownloadConfig,
    ) -> None:
        from onebit import progress
        from onebit.sources import Sources

        progress.note(f"Preparing {self.name}:{self.version} in {self.data_path}")
        downloads = Path(download_dir).expanduser() if download_dir is not None else self.downloads
        own_files = locations.source_dir(source_dir)
        package = self.package_folder()
        sources = Sources(self._typed, source_dir=own_files, site_mirror=locations.site_mirror(), cache_dir=downloads)
        with sources, store.new_folder(self.data_path) as folder:
            manager = DownloadManager(
                sources,
                download_dir=downloads,
                url_infos=self.url_infos,
                source_dir=own_files,
                instructions=self.MANUAL_DOWNLOAD_INSTRUCTIONS,
                checksums_path=package / FILE_NAME if package is not None else None,
                config=config,
            )
            digests: dict[str, str] = {}
            splits: dict[str, SplitRecord] = {}
            features = self._described.features
            for split, examples in self._generators(manager).items():
                rows = SplitRows(self.name, split, features, ignore_duplicates=config.ignore_duplicates)
                with progress.step_bar(f"Generating {split}", None) as bar:
                    rows.extend(itertools.islice(examples, config.max_examples_per_split), bar.advance)
                order = self._row_order(split, rows.keys)
                with store.writing(self.data_path):
                    digests |= self._write_rows(folder, split, rows.columns(), order)
                splits[split] = SplitRecord(split, len(rows.keys), 0, None, (), {})
            record = self._described.prepared(splits, manager.downloaded_size)
            _check_facts(self.name, record.metadata)
            with store.writing(self.data_path):
                self._write_info(folder, DatasetInfo.of_record(record, self.data_path), digests, manager.origins)

    def _row_order(self, split: str, keys: list[Any]) -> Array:
        if not self._described.content["disable_shuffling"]:
            return key_order(split, keys)
        return number_order(split, [key if isinstance(key, int) else number for number, key in enumerate(keys)])

    def _generators(self, manager: DownloadManager) -> dict[str, Iterable[Any]]:
        """What ``_split_generators`` gives, in its newer form."""
        if "pipeline" in inspect.signature(self._split_generators).parameters:
            raise TypeError(
                f"{type(self).__name__}._split_generators takes a pipeline of Apache Beam, which onebit does not run. "
                "Give generators of examples."
            )
        given = self._split_generators(manager)
        if isinstance(given, (list, tuple)) and all(isinstance(split, SplitGenerator) for split in given):
            names = [str(split.name) for split in given]
            if len(set(names)) != len(names):
                raise ValueError(f"{type(self).__name__}._split_generators gives a split twice: {names}.")
            given = {split.name: self._generate_examples(**(split.gen_kwargs or {})) for split in given}
        if not isinstance(given, Mapping) or not given:
            raise TypeError(
                f"{type(self).__name__}._split_generators returned {given!r}; it returns a dict of split names and "
                "generators, such as {'train': self._generate_examples(path)}, or a list of onebit.core.SplitGenerator."
            )
        for name, examples in given.items():
            _check_split(type(self).__name__, str(name), examples)
        return {str(name): examples for name, examples in given.items()}


def _check_facts(name: str, metadata: Mapping[str, Any]) -> None:
    try:
        json.dumps(metadata)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: info.metadata is {metadata!r}, which JSON cannot hold ({error}). Numbers and arrays of NumPy "
            "become such values by x.tolist()."
        ) from error


def _check_split(owner: str, name: str, examples: Any) -> None:
    if name.lower() == "all":
        raise ValueError("`all` is a reserved keyword. Split cannot be named like this.")
    if not _SPLIT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a split: choose one of letters, digits, '_' and '-'.")
    if not isinstance(examples, Iterable) or isinstance(examples, (str, bytes, Mapping)):
        raise TypeError(
            f"{owner}: the examples of {name!r} are a {type(examples).__name__}. They must be a generator (or list) of "
            "pairs, key and example; collections of Apache Beam are not supported."
        )


def _learn_names(features: FeaturesDict, stored: Any) -> None:
    """Gives classes the names that they had when the data set was prepared, where the code does not say them."""
    for name, feature in features.items():
        known = stored.get(name) if isinstance(stored, dict) else None
        if isinstance(feature, ClassLabel) and not feature.is_named and isinstance(known, dict):
            with contextlib.suppress(ValueError):  # another number of classes: `_open` says so
                feature.names = known.get("names") or ()


def _stored_splits(info: Mapping[str, Any], folder: Path) -> tuple[dict[str, SplitRecord], int]:
    """The splits, and the bytes that were downloaded, as a prepared folder says.

    Raises:
        DamagedStoreError: it does not say them.
    """
    from onebit.errors import DamagedStoreError

    try:
        splits = {
            name: SplitRecord(name, int(split["num_examples"]), int(split["num_bytes"]), None, (), {})
            for name, split in info["splits"].items()
            if _SPLIT_NAME.fullmatch(name)
        }
        return splits, int(info["download_size"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedStoreError(
            f"{folder / store.INFO_FILE} does not describe the splits ({type(error).__name__}: {error})."
        ) from error


# Registration ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def taken_names_allowed() -> Iterator[None]:
    """Within this block a class may have the name of a data set of the package; `onebit.load` goes on giving that."""
    token = _TAKEN_NAMES_ARE_ERRORS.set(False)
    try:
        yield
    finally:
        _TAKEN_NAMES_ARE_ERRORS.reset(token)


def _class_name(cls: type[GeneratorBasedBuilder]) -> str:
    from onebit.builders import snake_case

    if cls.__name__ != "Builder":
        return snake_case(cls.__name__)
    package, _, module = cls.__module__.rpartition(".")
    if module.endswith(_MODULE_ENDING):
        return module.removesuffix(_MODULE_ENDING)
    if not package:
        raise RegistrationError(
            "A class called Builder has the name of its module, if that ends with _dataset_builder, or of its package; "
            f"{cls.__module__!r} is neither. Call the class by the name of the data set, such as MyDataset."
        )
    return package.rpartition(".")[2]


def _is_abstract(cls: type[GeneratorBasedBuilder]) -> bool:
    """Whether a class leaves something to its subclasses, as a base of several data sets does."""
    methods = ("_info", "_split_generators", "_generate_examples")
    return any(getattr(cls, name) is getattr(GeneratorBasedBuilder, name) for name in methods)


def _register(cls: type[GeneratorBasedBuilder]) -> None:
    if (builders.PACKAGED / cls.name / "record.json").is_file():
        if not _TAKEN_NAMES_ARE_ERRORS.get():
            return
        raise RegistrationError(
            f"Dataset with name {cls.name} already registered: onebit has one. Choose another name for the class "
            f"{cls.__name__}, or write class {cls.__name__}(..., skip_registration=True) and use the class itself."
        )
    other = builders.REGISTERED.get(cls.name)
    if other is not None and not _is_the_same(cls, other):
        raise RegistrationError(
            f"Dataset with name {cls.name} already registered, by {other.__module__}.{other.__qualname__}. Choose "
            f"another name for the class, or write class {cls.__name__}(..., skip_registration=True) and use the class "
            "itself."
        )
    builders.REGISTERED[cls.name] = cls


def _is_the_same(cls: type, other: type) -> bool:
    """Whether a class is another one's newer form: of a cell or a module that ran again."""
    if cls.__qualname__ != other.__qualname__:
        return False
    return cls.__module__ == other.__module__ or (_file_of(cls) is not None and _file_of(cls) == _file_of(other))


def _file_of(cls: type) -> Path | None:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return Path(file).absolute() if file else None


def _restored(builder: type[GeneratorBasedBuilder], given: Mapping[str, Any]) -> GeneratorBasedBuilder:
    return builder(**given)
