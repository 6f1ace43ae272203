"""What is known about a data set: the record that comes with its code, and the `DatasetInfo` that users read.

The record of a data set is a folder of plain files: ``record.json`` (version, features, upstream files with their
SHA-256, mirrors, splits, homepage, licence, tags, release notes), ``README.md`` (the description) and ``CITATION.bib``.
Everything that is printed, served on a page or compared with a file comes from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

from onebit.features import FeaturesDict, features_from_json
from onebit.splits import Interval, ReadInstruction, resolve
from onebit.versions import Version

_NO_LICENSE = "license=None,  # not stated by the source"  # how the repr says it


class Size(int):
    """A number of bytes that prints as TFDS prints it: ``104.68 MiB``; 0 is ``Unknown size``."""

    def __str__(self) -> str:
        if not self:
            return "Unknown size"
        value = float(self)
        for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
            if value < 1024 or unit == "PiB":
                return f"{int(value)} bytes" if unit == "bytes" else f"{value:.2f} {unit}"
            value /= 1024
        raise AssertionError("unreachable")

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else str(self)


class UpstreamFile(NamedTuple):
    """A file as its author published it."""

    name: str
    size: int  # bytes
    sha256: str
    url: str


class MirrorFile(NamedTuple):
    """One public place that serves a file, perhaps in another container; see `onebit.sources`."""

    url: str
    size: int  # bytes served there
    sha256: str


class SplitRecord(NamedTuple):
    """What the record says of one split."""

    name: str
    num_examples: int
    tfds_num_bytes: int  # sum of the lengths of TFDS's serialized examples
    upstream: UpstreamFile | None
    mirrors: tuple[MirrorFile, ...]
    digests: Mapping[str, str]  # SHA-256 of each stored column, by column name


class Record:
    """The record of one data set, read from its folder.

    Args:
        folder: the folder with ``record.json``, ``README.md`` and ``CITATION.bib``.
    """

    unknown_size = "TFDS does not have it"  # what is said where nobody has counted TFDS's bytes

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.content: dict[str, Any] = json.loads((folder / "record.json").read_bytes())

    @property
    def name(self) -> str:
        """The name that `onebit.load` takes."""
        return str(self.content["name"])

    @property
    def version(self) -> Version:
        """The version of the data set."""
        return Version(self.content["version"])

    @cached_property
    def features(self) -> FeaturesDict:
        """The columns."""
        return features_from_json(self.content["features"])

    @cached_property
    def splits(self) -> dict[str, SplitRecord]:
        """The splits in the order in which TFDS generates them."""
        return {name: _split_record(name, value) for name, value in self.content["splits"].items()}

    @cached_property
    def description(self) -> str:
        """The text of ``README.md``."""
        return (self.folder / "README.md").read_text(encoding="utf-8").strip()

    @cached_property
    def citation(self) -> str:
        """The text of ``CITATION.bib``."""
        return (self.folder / "CITATION.bib").read_text(encoding="utf-8").strip()

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts that belong to this data set alone."""
        return dict(self.content.get("metadata", {}))


def _split_record(name: str, value: Mapping[str, Any]) -> SplitRecord:
    upstream = UpstreamFile(**value["upstream"]) if "upstream" in value else None
    mirrors = tuple(MirrorFile(**mirror) for mirror in value.get("mirrors", ()))
    return SplitRecord(
        name,
        value["num_examples"],
        value.get("tfds_num_bytes", 0),
        upstream,
        mirrors,
        value.get("sha256", {}),
    )


def _with_tuples(keys: Any) -> Any:
    """Supervised keys as code has them, where JSON has lists."""
    if isinstance(keys, (list, tuple)):
        return tuple(map(_with_tuples, keys))
    return {key: _with_tuples(part) for key, part in keys.items()} if isinstance(keys, dict) else keys


class SplitInfo:
    """One split of a data set, or part of one (``info.splits["train[:10%]"]``).

    Attributes:
        name: the split's name, or the text of the part.
        num_examples: number of examples.
        num_bytes: bytes as TFDS counts them (serialized examples); 0 for a part.
    """

    def __init__(self, name: str, num_examples: int, num_bytes: int = 0, read_instruction: Any = None) -> None:
        self.name, self.num_examples, self.num_bytes = name, num_examples, num_bytes
        self.num_shards = 1
        # What `onebit.splits.resolve` looks for: a SplitInfo can be used wherever a split is asked for.
        self.read_instruction = read_instruction if read_instruction is not None else ReadInstruction(name)

    @property
    def shard_lengths(self) -> list[int]:
        """Examples per shard; every split is one shard here, as it is in TFDS for data of this size."""
        return [self.num_examples]

    def __repr__(self) -> str:
        return f"<SplitInfo num_examples={self.num_examples}, num_shards={self.num_shards}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SplitInfo) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


class SplitDict(Mapping[str, SplitInfo]):
    """The splits by name, in the order of the record; takes every text of the split language as a key."""

    def __init__(self, splits: Iterable[SplitInfo]) -> None:
        self._splits = {split.name: split for split in splits}

    @property
    def sizes(self) -> dict[str, int]:
        """Number of examples of each split."""
        return {name: split.num_examples for name, split in self._splits.items()}

    def intervals(self, spec: Any) -> tuple[Interval, ...]:
        """The rows that a split text or instruction stands for."""
        return resolve(spec, self.sizes)

    def __getitem__(self, spec: Any) -> SplitInfo:
        if isinstance(spec, str) and spec in self._splits:
            return self._splits[spec]
        examples = sum(interval.stop - interval.start for interval in self.intervals(spec))
        return SplitInfo(str(spec), examples, 0, spec)

    def __contains__(self, name: object) -> bool:
        return name in self._splits  # not through __getitem__: what is no split there is a ValueError, as in TFDS

    def get(self, name: Any, default: Any = None) -> Any:
        """The split of that name, or `default`."""
        return self._splits.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    @property
    def total_num_examples(self) -> int:
        """Examples of all splits together."""
        return sum(self.sizes.values())

    def __repr__(self) -> str:
        return f"SplitDict({{{', '.join(f'{name!r}: {split!r}' for name, split in self.items())}}})"


class DatasetInfo:
    """Everything that the catalog page says about a data set. ``print(info)`` shows it.

    Builders have one, ``builder.info``. The ``_info`` of a data set of one's own (`GeneratorBasedBuilder`) makes it:

        >>> def _info(self):
        ...     return onebit.DatasetInfo(
        ...         builder=self,
        ...         description="Diagonal stripes.",
        ...         features=onebit.features.FeaturesDict({"image": onebit.features.Image(shape=(8, 8, 1))}),
        ...     )

    Args:
        builder: the builder; name, version, configuration and release notes come from it.
        description: what the data set is; it may be indented as the code is.
        features: a `FeaturesDict`.
        supervised_keys: what ``as_supervised=True`` gives: a tuple of two or three names of features, as in
            ``("image", "label")``, or of tuples and dicts of names.
        disable_shuffling: rows are stored in the order of their keys, not in that of the keys' hashes.
        homepage: the data set's home page.
        citation: BibTeX.
        metadata: facts that belong to this data set alone, as JSON values.
        license: the licence as the source states it.
        redistribution_info: TFDS's place for the licence, ``{"license": ...}``.

    Raises:
        ValueError: features that cannot be stored, or keys that are no features.
    """

    def __init__(
        self,
        *,
        builder: Any,
        description: str | None = None,
        features: Any = None,
        supervised_keys: Any = None,
        disable_shuffling: bool = False,
        homepage: str | None = None,
        citation: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        license: str | None = None,
        redistribution_info: Mapping[str, str] | None = None,
    ) -> None:
        from onebit.descriptions import described_record  # it stands on the record above

        record = described_record(
            builder,
            description=description,
            features=features,
            supervised_keys=supervised_keys,
            disable_shuffling=disable_shuffling,
            homepage=homepage,
            citation=citation,
            metadata=metadata,
            license=license,
            redistribution_info=redistribution_info,
        )
        self._describe(record, builder.data_path, 0)

    @classmethod
    def of_record(cls, record: Record, data_dir: Path, store_size: int = 0) -> Self:
        """What a record says.

        Args:
            record: the data set's record.
            data_dir: the folder of this version.
            store_size: bytes of the prepared files; 0 where they are not there yet.
        """
        info = cls.__new__(cls)
        info._describe(record, data_dir, store_size)
        return info

    def _describe(self, record: Record, data_dir: Path, store_size: int) -> None:
        self.record = record
        self.data_dir = str(data_dir)
        self.store_size = Size(store_size)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.record.name

    @property
    def version(self) -> Version:
        """Version of the data set."""
        return self.record.version

    @property
    def full_name(self) -> str:
        """Name, configuration if there is one, and version, as in ``binarized_mnist/1.0.0``."""
        return "/".join(filter(None, [self.name, self.config_name, str(self.version)]))

    @property
    def config_name(self) -> str | None:
        """Name of the configuration; None where the data set has none."""
        return self.record.content.get("config")

    @property
    def config_description(self) -> str | None:
        """What the configuration is; None where there is none, or it does not say."""
        return self.record.content.get("config_description")

    @property
    def disable_shuffling(self) -> bool:
        """Whether rows are stored in the order of their keys."""
        return bool(self.record.content.get("disable_shuffling", False))

    @property
    def description(self) -> str:
        """What the data set is."""
        return self.record.description

    @property
    def citation(self) -> str:
        """BibTeX."""
        return self.record.citation

    @property
    def homepage(self) -> str:
        """The data set's home page; empty where it has none."""
        return str(self.record.content["homepage"])

    @property
    def release_notes(self) -> dict[str, str]:
        """What each version changed."""
        return dict(self.record.content["release_notes"])

    @property
    def license(self) -> str | None:
        """The licence as the source states it; None where it states none."""
        return self.record.content.get("license")

    @property
    def tags(self) -> list[str]:
        """Tags of the catalog."""
        return list(self.record.content.get("tags", ()))

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts that belong to this data set alone. A builder of one's own may add some in ``_split_generators``."""
        return self.record.metadata

    @property
    def features(self) -> FeaturesDict:
        """The columns."""
        return self.record.features

    @property
    def supervised_keys(self) -> Any:
        """The columns that ``as_supervised=True`` gives, ``(input, target)``; None where there are none.

        A tuple of two or three names, or of tuples and dicts of names.
        """
        keys = self.record.content.get("supervised_keys")
        return _with_tuples(keys) if keys else None

    @cached_property
    def splits(self) -> SplitDict:
        """The splits."""
        splits = self.record.splits.values()
        return SplitDict(SplitInfo(split.name, split.num_examples, split.tfds_num_bytes) for split in splits)

    @property
    def download_size(self) -> Size:
        """Bytes of the upstream files, as the page counts them (mirrors may serve fewer)."""
        if "download_size" in self.record.content:  # measured when the data set was prepared
            return Size(self.record.content["download_size"])
        return Size(sum(split.upstream.size for split in self.record.splits.values() if split.upstream))

    @property
    def dataset_size(self) -> Size:
        """Bytes of the examples as TFDS serializes them: the page's figure. Our own files: `store_size`."""
        return Size(sum(split.num_bytes for split in self.splits.values()))

    @property
    def sizes_in_words(self) -> tuple[str, str]:
        """`download_size` and `dataset_size` for people, who would misread ``Unknown size``."""
        downloads = any(split.upstream for split in self.record.splits.values())
        serialized = str(self.dataset_size) if self.dataset_size else self.record.unknown_size
        return str(self.download_size) if downloads or self.download_size else "nothing to download", serialized

    @property
    def file_format(self) -> str:
        """How the data set lies on this disk."""
        return "npy"

    def as_dict(self) -> dict[str, Any]:
        """All of it as a JSON value."""
        return {
            "name": self.name,
            "version": str(self.version),
            "description": self.description,
            "homepage": self.homepage,
            "license": self.license,
            "data_dir": self.data_dir,
            "file_format": self.file_format,
            "download_size": int(self.download_size),
            "dataset_size": int(self.dataset_size),
            "store_size": int(self.store_size),
            "features": self.features.to_json(),
            "supervised_keys": self.supervised_keys,
            "splits": {
                name: {"num_examples": s.num_examples, "num_bytes": s.num_bytes} for name, s in self.splits.items()
            },
            "release_notes": self.release_notes,
            "tags": self.tags,
            "metadata": self.metadata,
            "citation": self.citation,
        } | {name: text for name in ("config_name", "config_description") if (text := getattr(self, name))}

    def _repr_html_(self) -> str:
        from onebit.views.notebook import info_html  # views stand on top of this: import when asked for

        return info_html(self)

    def __repr__(self) -> str:
        def block(text: str) -> str:
            return '"""\n' + "\n".join(f"    {line}".rstrip() for line in text.splitlines()) + '\n    """'

        features = repr(self.features).replace("\n", "\n    ")
        splits = "".join(f"        {name!r}: {self.splits[name]!r},\n" for name in sorted(self.splits))
        lines = [
            f"name={self.name!r}",
            f"full_name={self.full_name!r}",
            f"description={block(self.description)}",
            *([f"config_description={block(self.config_description)}"] if self.config_description else []),
            f"homepage={self.homepage!r}",
            f"license={self.license!r}" if self.license else _NO_LICENSE,
            f"data_dir={self.data_dir!r}",
            f"file_format={self.file_format}",
            f"download_size={self.sizes_in_words[0]}",
            f"dataset_size={self.sizes_in_words[1]}",
            f"store_size={self.store_size}" if self.store_size else "store_size=not prepared yet",
            f"features={features}",
            f"supervised_keys={self.supervised_keys}",
            f"splits={{\n{splits}    }}",
            f"citation={block(self.citation)}",
        ]
        body = "".join(f"    {line}\n" if line is _NO_LICENSE else f"    {line},\n" for line in lines)
        return f"onebit.DatasetInfo(\n{body})"
