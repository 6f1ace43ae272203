"""What the page of a data set says: every value of it, from the record, or computed from the prepared data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from onebit.errors import NotPreparedError
from onebit.features import Feature, Image
from onebit.metadata import DatasetInfo, Record, Size

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.site.bibliography import Publication
    from onebit.site.statistics import Statistics

NO_LICENCE = "not stated by the source"
LARGEST_CACHED = 250 * 2**20  # bytes of a whole data set: TFDS keeps smaller ones in memory after the first epoch


class VersionRow(NamedTuple):
    """One version of a data set."""

    version: str
    is_default: bool
    note: str


class FeatureRow(NamedTuple):
    """One line of the table of features; the first one is the dict of all of them."""

    name: str
    kind: str
    shape: str
    dtype: str
    description: str


class SplitRow(NamedTuple):
    """One split."""

    name: str
    num_examples: int
    stored_bytes: int  # of the packed columns; 0 where they are not prepared
    digests: Mapping[str, str]  # SHA-256 of each stored column
    upstream: Any  # `UpstreamFile`, or None


class PackagedFile(NamedTuple):
    """A file of the data set that comes with the package."""

    name: str
    path: Path
    size: int
    sha256: str


class Entry:
    """A data set as a page shows it.

    Besides the files of `onebit.metadata.Record`, the folder of a data set may hold words for its page:
    ``page.json`` (keywords, what the citation is of, the form of the upstream files), ``KNOWN_ISSUES.md`` (a section
    for each) and ``LINEAGE.md`` (a numbered list).

    Args:
        builder: the data set; figures and statistics are there only if it is prepared.
        base_url: the address that the site will have, with a slash at its end; relative links where it is empty.
        mirror: the address of a site mirror, which upstream files are then said to be at: ``BASE/HOST/PATH``.
        with_data: whether prepared data is looked at.

    Raises:
        ValueError: `base_url` or `mirror` is no http:// or https:// address.
        NotPreparedError: a data set of one's own, whose splits are not known before it is prepared.
    """

    def __init__(
        self, builder: DatasetBuilder, *, base_url: str = "", mirror: str = "", with_data: bool = True
    ) -> None:
        if base_url and not base_url.startswith(("http://", "https://")):
            raise ValueError(
                f"base_url={base_url!r}: give the address of the site, for example https://example.org/catalog/"
            )
        if not builder.record.splits:
            raise NotPreparedError(
                f"The splits of {builder.name} are known once it is prepared. In Python, type: "
                f"onebit.builder({builder.name!r}).download_and_prepare()"
            )
        self.builder = builder
        self.base_url = base_url.rstrip("/") + "/" if base_url else ""
        self.mirror = mirror
        self.with_data = with_data and (builder.is_prepared() or builder.has_foreign_folder())

    # Names and words -------------------------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """The data set's record."""
        return self.builder.record

    @cached_property
    def info(self) -> DatasetInfo:
        """What is known about the data set."""
        return self.builder.info

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.record.name

    @property
    def full_name(self) -> str:
        """Name and version."""
        return self.info.full_name

    @property
    def description(self) -> str:
        """What the data set is."""
        return self.record.description

    @property
    def plain_description(self) -> str:
        """The description on one line."""
        return " ".join(self.description.split())

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        first, stop, _ = self.plain_description.partition(". ")
        return first + stop.strip()

    @cached_property
    def words(self) -> dict[str, Any]:
        """The content of ``page.json``."""
        path = self.record.folder / "page.json"
        return dict(json.loads(path.read_bytes())) if path.is_file() else {}

    def _prose(self, file: str) -> str:
        path = self.record.folder / file
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""

    @property
    def known_issues(self) -> str:
        """The text of ``KNOWN_ISSUES.md``, and what the audit found, where these images were audited."""
        from onebit.site.audit_pages import findings_as_issues

        audited = findings_as_issues(self.audit) if self.audit is not None else ""
        return "\n\n".join(filter(None, [self._prose("KNOWN_ISSUES.md"), audited]))

    @cached_property
    def audit(self) -> dict[str, Any] | None:
        """The audit of the prepared images, if one was kept."""
        from onebit.auditing.report import kept

        return kept(self.builder) if self.with_data and not self.builder.has_foreign_folder() else None

    @property
    def lineage(self) -> str:
        """The text of ``LINEAGE.md``."""
        return self._prose("LINEAGE.md")

    @property
    def keywords(self) -> list[str]:
        """Words to find the data set by."""
        return list(self.words.get("keywords", ()))

    @property
    def license(self) -> str | None:
        """The licence; None where the source states none."""
        return self.info.license

    @property
    def license_url(self) -> str | None:
        """Where the text of the licence is; None where there is no licence."""
        return web_address(self.words.get("license_url")) if self.license else None

    @property
    def homepage(self) -> str | None:
        """The home page, if it is one that a link may lead to."""
        return web_address(self.info.homepage)

    @property
    def license_text(self) -> str:
        """The licence in words."""
        return self.license or NO_LICENCE

    @property
    def published(self) -> str | None:
        """The year in which the data set was published; None where the citation is not that of the data set itself."""
        if self.words.get("citation_of") != "data" or not self.publications:
            return None
        return self.publications[0].fields.get("year")

    # Numbers ---------------------------------------------------------------------------------------------------

    @property
    def total_examples(self) -> int:
        """Examples of all splits."""
        return self.info.splits.total_num_examples

    @cached_property
    def image(self) -> Feature | None:
        """The first column of images."""
        return next((feature for feature in self.info.features.values() if isinstance(feature, Image)), None)

    @property
    def packed_size(self) -> Size:
        """Bytes of all images with eight pixels to a byte; 0 where there is no image."""
        return Size(self.total_examples * -(-self.image.items // 8) if self.image else 0)

    @property
    def chips(self) -> list[str]:
        """The data set in a few numbers."""
        chips = [f"{self.total_examples:,} {'images' if self.image else 'examples'}"]
        if self.image:
            height, width, _ = self.image.shape
            chips += [f"{height}×{width}", "1 bit a pixel", f"{self.packed_size / 1e6:.1f} MB packed"]
        return [*chips, f"version {self.info.version}"]

    @property
    def versions(self) -> list[VersionRow]:
        """All versions, the newest last."""
        notes = self.info.release_notes
        return [
            VersionRow(
                str(version),
                version == self.builder.canonical_version,
                notes.get(str(version), "No release notes."),
            )
            for version in sorted(self.builder.versions)
        ]

    @property
    def auto_cached(self) -> str:
        """Whether TFDS would keep the data set in memory: by its size, as every split is one file."""
        if not self.info.dataset_size:
            return "Unknown"
        return "Yes" if self.info.dataset_size <= LARGEST_CACHED else "No"

    @property
    def source_code(self) -> str:
        """The import name of the builder."""
        return f"onebit.datasets.{self.name}.Builder"

    @property
    def supervised_keys(self) -> str:
        """The columns of ``(input, target)``, as Python writes them."""
        return str(self.info.supervised_keys)

    @cached_property
    def splits(self) -> list[SplitRow]:
        """The splits, in the order of the record."""
        return [self._split_row(name) for name in self.record.splits]

    def _split_row(self, name: str) -> SplitRow:
        split = self.record.splits[name]
        stored = 0
        if self.with_data:
            stored = sum(path.stat().st_size for path in self.builder.data_path.glob(f"{name}-*.npy"))
        return SplitRow(name, split.num_examples, stored, split.digests, split.upstream)

    @property
    def feature_structure(self) -> str:
        """The features as Python writes them."""
        return repr(self.info.features)

    @property
    def feature_rows(self) -> list[FeatureRow]:
        """The table of features."""
        rows = [
            FeatureRow(name, type(feature).__name__, _shape(feature), str(feature.dtype), feature.doc)
            for name, feature in sorted(self.info.features.items())
        ]
        return [FeatureRow("", type(self.info.features).__name__, "", "", ""), *rows]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The record's facts that belong to this data set alone, nested names joined by dots."""
        return list(_flattened(self.info.metadata))

    @cached_property
    def statistics(self) -> Statistics | None:
        """What the prepared data says about itself; None where it is not prepared, or has no one-bit images."""
        from onebit.site.statistics import measure

        return measure(self.builder) if self.with_data and self.image else None

    # Files and addresses ---------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address of the page: under `base_url`, else the home page, else the file of the page."""
        page = f"{self.name}/index.html"
        return self.base_url + page if self.base_url else self.homepage or page

    @cached_property
    def packaged_files(self) -> list[PackagedFile]:
        """Files of the data set that come with the package and are published beside the page."""
        about = self.words.get("files")
        paths = sorted(self.record.folder.glob(about["pattern"])) if about else []
        return [_packaged(path) for path in paths]

    def upstream_url(self, url: str) -> str:
        """Where an upstream file is: its own address, or that at the mirror."""
        if not self.mirror:
            return url
        from onebit.sources import site_mirror_url

        return site_mirror_url(self.mirror, url)

    @cached_property
    def publications(self) -> Sequence[Publication]:
        """The citation, taken apart: the first one is what is to be cited. There may be none."""
        from onebit.site.bibliography import parse_bibtex

        return parse_bibtex(self.record.citation)

    @property
    def tfds_module(self) -> str | None:
        """The module of TFDS's builder; None where TFDS does not have the data set."""
        module = self.record.content.get("tfds", {}).get("module_name")
        return str(module) if module else None

    @property
    def tfds_source_name(self) -> str:
        """What TFDS's page calls its builder."""
        package = str(self.tfds_module).rpartition(".")[0]
        return package.replace("tensorflow_datasets", "tfds", 1) + ".Builder"

    @property
    def tfds_source_path(self) -> str:
        """The file of TFDS's builder in its repository."""
        return str(self.tfds_module).replace(".", "/") + ".py"


def web_address(text: str | None) -> str | None:
    """The text if it is an http:// or https:// address: no page links to anything else that a record names."""
    return text if text and text.startswith(("http://", "https://")) else None


def _shape(feature: Feature) -> str:
    return str(feature.shape) if feature.shape else ""


def _packaged(path: Path) -> PackagedFile:
    import hashlib

    content = path.read_bytes()
    return PackagedFile(path.name, path, len(content), hashlib.sha256(content).hexdigest())


def _flattened(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, part in value.items():
        if isinstance(part, Mapping):
            yield from _flattened(part, f"{prefix}{key}.")
        else:
            yield prefix + key, str(part)
