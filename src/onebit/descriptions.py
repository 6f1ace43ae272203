"""The record of a data set that is described in code: by the `DatasetInfo` that its ``_info`` makes.

The words may also lie beside the code, in the files that TFDS has for them: ``README.md`` (the description),
``CITATIONS.bib`` and ``TAGS.txt``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from onebit.features import FeaturesDict, check_storable
from onebit.metadata import Record, SplitRecord

README, CITATIONS, TAGS = "README.md", "CITATIONS.bib", "TAGS.txt"


class DescribedRecord(Record):
    """A record whose content was given by code.

    Args:
        folder: the folder of the code; None where the code lies in no file.
        content: what would stand in ``record.json``, without features and splits.
        features: the columns.
        description: what the data set is.
        citation: BibTeX.
        splits: the splits, once they are known.
    """

    unknown_size = "not computed"

    def __init__(
        self,
        *,
        folder: Path | None,
        content: Mapping[str, Any],
        features: FeaturesDict,
        description: str,
        citation: str,
        splits: Mapping[str, SplitRecord],
    ) -> None:
        self.folder = folder if folder is not None else Path()
        self.content = dict(content)
        self._given = (features, description, citation, dict(splits))

    @cached_property
    def features(self) -> FeaturesDict:
        """The columns."""
        return self._given[0]

    @cached_property
    def description(self) -> str:
        """What the data set is."""
        return self._given[1]

    @cached_property
    def citation(self) -> str:
        """BibTeX."""
        return self._given[2]

    @cached_property
    def splits(self) -> dict[str, SplitRecord]:
        """The splits in the order in which they are generated; none before the data set is prepared."""
        return self._given[3]

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts that belong to this data set alone: no copy, so that a builder can add what it finds."""
        facts: dict[str, Any] = self.content["metadata"]
        return facts

    def prepared(
        self, splits: Mapping[str, SplitRecord], download_size: int, found: Mapping[str, Any] | None = None
    ) -> DescribedRecord:
        """The same record with what is known once the data set is prepared.

        Args:
            splits: the splits.
            download_size: bytes of all files that were downloaded.
            found: the metadata that it was prepared with.
        """
        return DescribedRecord(
            folder=self.folder,
            content=self.content | {"download_size": download_size, "metadata": self.metadata | dict(found or {})},
            features=self.features,
            description=self.description,
            citation=self.citation,
            splits=splits,
        )


def described_record(
    builder: Any,
    *,
    description: str | None,
    features: Any,
    supervised_keys: Any,
    disable_shuffling: bool,
    homepage: str | None,
    citation: str | None,
    metadata: Mapping[str, Any] | None,
    license: str | None,
    redistribution_info: Mapping[str, str] | None,
) -> DescribedRecord:
    """The record behind ``DatasetInfo(builder=...)``; see there.

    Raises:
        ValueError: features that cannot be stored, or keys that are no features.
    """
    if not isinstance(features, FeaturesDict):
        raise ValueError(
            f"{builder.name}: features={features!r} is a {type(features).__name__}. Give a FeaturesDict, such as "
            "onebit.features.FeaturesDict({'image': onebit.features.Image(shape=(28, 28, 1))})."
        )
    check_storable(features)
    config = builder.builder_config
    content = {
        "name": builder.name,
        "config": config.name if config is not None else None,
        "config_description": dedented(getattr(config, "description", None)) or None,
        "version": str(builder.version),
        "release_notes": {version: dedented(note) for version, note in builder.release_notes.items()},
        "homepage": homepage or "",
        "license": license or (redistribution_info or {}).get("license"),
        "tags": list(getattr(config, "tags", ())),
        "supervised_keys": _checked_keys(builder.name, supervised_keys, features),
        "disable_shuffling": disable_shuffling,
        "metadata": dict(metadata or {}),
    }
    return DescribedRecord(
        folder=builder.package_folder(),
        content=content,
        features=features,
        description=dedented(description),
        citation=dedented(citation),
        splits={},
    )


def _checked_keys(name: str, keys: Any, features: FeaturesDict) -> Any:
    if keys is None:
        return None
    if not isinstance(keys, (tuple, list)) or len(keys) not in (2, 3):
        raise ValueError(
            f"{name}: supervised_keys={keys!r}. It is a tuple of two or three parts, such as (input, target); each is "
            "the name of a feature, or a tuple or dict of names."
        )

    def checked(part: Any) -> Any:
        if isinstance(part, (tuple, list)):
            return [checked(inner) for inner in part]
        if isinstance(part, dict):
            return {str(key): checked(part[key]) for key in sorted(part)}  # as TFDS keeps it
        if not isinstance(part, str):
            raise ValueError(
                f"{name}: supervised_keys={keys!r} has {part!r}. Its parts are names of features, and tuples and dicts "
                "of names."
            )
        if part not in features:
            raise ValueError(f"{name}: supervised_keys={keys!r} has {part!r}, but the features are {list(features)}.")
        return part

    return checked(keys)


def dedented(text: str | None) -> str:
    """A text from code, without the indentation that it has there."""
    return textwrap.dedent(text).strip() if text else ""


class DatasetMetadata(NamedTuple):
    """The words that lie beside the code of a data set.

    Attributes:
        description: the text of ``README.md``; None where there is none.
        citation: the text of ``CITATIONS.bib``; None where there is none.
        tags: the lines of ``TAGS.txt`` without comments.
    """

    description: str | None
    citation: str | None
    tags: list[str]


def read_metadata(folder: Path | None) -> DatasetMetadata:
    """Reads ``README.md``, ``CITATIONS.bib`` and ``TAGS.txt``, as far as a folder has them."""

    def text(name: str) -> str | None:
        path = folder / name if folder is not None else None
        return path.read_text(encoding="utf-8") if path is not None and path.is_file() else None

    lines = (line.partition("#")[0].strip() for line in (text(TAGS) or "").splitlines())
    return DatasetMetadata(text(README), text(CITATIONS), [line for line in lines if line])
