"""What is known about a data set: the words of the catalog page, sizes, splits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_digits

import onebit
from onebit import ReadInstruction
from onebit.builders import DatasetBuilder
from onebit.metadata import DatasetInfo, Record, Size, SplitDict, SplitInfo
from onebit.splits import SplitError

Inform = Callable[..., DatasetInfo]


@pytest.fixture
def inform(tmp_path: Path) -> Inform:
    def make(store_size: int = 0, **changes: Any) -> DatasetInfo:
        folder = small_digits.write_record(tmp_path / "small_digits", **changes)
        return DatasetInfo.of_record(Record(folder), Path("/data/small_digits/1.2.3"), store_size)

    return make


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "Unknown size"), (1, "1 bytes"), (1023, "1023 bytes"), (1024, "1.00 KiB"), (1536, "1.50 KiB"),
        (109_760_000, "104.68 MiB"), (12_249_402, "11.68 MiB"), (2**30, "1.00 GiB"), (2**50, "1.00 PiB"),
        (2**60, "1024.00 PiB"),
    ],
)  # fmt: skip
def test_sizes_print_as_tfds_prints_them(size: int, text: str) -> None:
    assert str(Size(size)) == f"{Size(size)}" == text
    assert Size(size) == size
    assert f"{Size(size):,}" == f"{size:,}"


REPR = '''onebit.DatasetInfo(
    name='small_digits',
    full_name='small_digits/1.2.3',
    description="""
    Small digits, made for tests.
    """,
    homepage='http://127.0.0.1:9/small',
    license=None,  # not stated by the source
    data_dir='/data/small_digits/1.2.3',
    file_format=npy,
    download_size=nothing to download,
    dataset_size=41.02 KiB,
    store_size=1.00 KiB,
    features=FeaturesDict({
        'image': Image(shape=(28, 28, 1), dtype=uint8),
        'label': Scalar(shape=(), dtype=int64),
    }),
    supervised_keys=('image', 'label'),
    splits={
        'test': <SplitInfo num_examples=50, num_shards=1>,
        'train': <SplitInfo num_examples=300, num_shards=1>,
        'validation': <SplitInfo num_examples=70, num_shards=1>,
    },
    citation="""
    @misc{small, title={Small digits}}
    """,
)'''


def test_repr(inform: Inform) -> None:
    assert repr(inform(1024)) == REPR


def test_repr_of_text_with_number_signs(inform: Inform) -> None:
    """Every line ends with a comma, whatever characters the words of a data set have."""
    text = repr(inform(homepage="http://127.0.0.1:9/#small", license="CC BY 4.0 # or later"))
    assert "    homepage='http://127.0.0.1:9/#small',\n    license='CC BY 4.0 # or later',\n" in text


def test_items(inform: Inform) -> None:
    info = inform(2048, metadata={"answer": 42})
    assert (info.name, info.full_name, str(info.version)) == ("small_digits", "small_digits/1.2.3", "1.2.3")
    assert info.description == "Small digits, made for tests."
    assert info.citation == "@misc{small, title={Small digits}}"
    assert info.homepage == "http://127.0.0.1:9/small"
    assert info.release_notes == {"1.2.3": "First."}
    assert info.license is None
    assert info.tags == ["content.data-type.image"]
    assert info.metadata == {"answer": 42}
    assert info.supervised_keys == ("image", "label")
    assert (info.download_size, info.dataset_size, info.store_size) == (0, 42_000, 2048)
    assert info.file_format == "npy"
    assert info.data_dir == "/data/small_digits/1.2.3"
    assert inform(supervised_keys=None).supervised_keys is None
    assert json.loads(json.dumps(info.as_dict()))["splits"]["train"] == {"num_examples": 300, "num_bytes": 30_000}


def test_words_cannot_be_changed_through_an_info(inform: Inform) -> None:
    info = inform(metadata={"a": 1})
    info.release_notes.clear()
    info.tags.clear()
    info.metadata.clear()
    assert (info.release_notes, info.tags, info.metadata) == (
        {"1.2.3": "First."},
        ["content.data-type.image"],
        {"a": 1},
    )


def test_splits(inform: Inform) -> None:
    splits = inform().splits
    assert isinstance(splits, SplitDict)
    assert list(splits) == ["train", "validation", "test"]
    assert len(splits) == 3
    assert splits.sizes == {"train": 300, "validation": 70, "test": 50}
    assert splits.total_num_examples == 420
    assert splits["train"].num_examples == 300
    assert (splits["train"].num_bytes, splits["train"].num_shards, splits["train"].shard_lengths) == (30_000, 1, [300])
    assert "train" in splits
    assert repr(splits["train"]) == "<SplitInfo num_examples=300, num_shards=1>"
    assert repr(splits).startswith("SplitDict({'train': <SplitInfo num_examples=300, num_shards=1>, ")


@pytest.mark.parametrize(
    ("spec", "examples"),
    [
        ("train[:10%]", 30), ("train[:10%]+test[5:]", 75), ("all", 420), ("train[:0]", 0), ("train[10:5]", 0),
        ("train+train", 600), (ReadInstruction("test", to=20, unit="%"), 10),
    ],
)  # fmt: skip
def test_parts_of_splits(inform: Inform, spec: Any, examples: int) -> None:
    splits = inform().splits
    part = splits[spec]
    assert isinstance(part, SplitInfo)
    assert part.num_examples == examples
    assert part.num_bytes == 0  # as in TFDS
    assert splits[part].num_examples == examples  # a part can be asked for again
    assert splits.intervals(part) == splits.intervals(spec)


def test_equality_of_splits(inform: Inform) -> None:
    first, second = inform().splits, inform().splits
    assert first == second
    assert first["train"] == second["train"] != first["test"]
    assert first["train[:5]"] == second["train[:5]"] != first["train[:6]"]


def test_splits_that_are_not_there(inform: Inform) -> None:
    with pytest.raises(SplitError, match=r"Unknown split 'foo'\. Should be one of \['train', 'validation', 'test'\]"):
        inform().splits["foo"]
    assert "foo" not in inform().splits
    assert inform().splits.get("foo") is None
    assert "train" in inform().splits
    assert inform().splits.get("train") == inform().splits["train"]


def test_upstream_files_and_mirrors(small_builder: type[DatasetBuilder]) -> None:
    record = Record(small_builder.folder)
    train = record.splits["train"]
    assert train.upstream is not None
    assert (train.upstream.name, train.upstream.size) == ("small_train.amat", 300 * 2 * 784)
    assert re.fullmatch("[0-9a-f]{64}", train.upstream.sha256)
    assert train.mirrors == ()
    info = DatasetInfo.of_record(record, Path("x"))
    assert info.download_size == 420 * 2 * 784


# The record of binarized_mnist: the page's figures --------------------------------------------------------------------


def test_the_figures_of_the_page() -> None:
    info = onebit.builder("binarized_mnist").info
    assert (str(info.download_size), str(info.dataset_size)) == ("104.68 MiB", "11.68 MiB")
    assert (info.download_size, info.dataset_size) == (109_760_000, 12_249_402)
    assert info.full_name == "binarized_mnist/1.0.0"
    assert info.release_notes == {"1.0.0": "Initial Release"}
    assert info.supervised_keys is None
    assert info.splits.sizes == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert "Salakhutdinov" in info.citation


@pytest.mark.parametrize("name", onebit.list_builders())
def test_every_record_is_complete(name: str) -> None:
    builder = onebit.builder(name)
    record, info = builder.record, builder.info
    assert record.name == builder.name == name  # the folder's name is the data set's
    assert info.description
    assert info.citation.startswith("@")
    assert str(info.version) in info.release_notes
    assert len(repr(info)) > 200
    assert json.dumps(info.as_dict())
    assert set(info.supervised_keys or ()) <= set(info.features)
    for split in record.splits.values():
        assert split.num_examples > 0
        assert split.digests.keys() == {*info.features, "line"}, "the SHA-256 of every stored column is pinned"
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in split.digests.values())
        assert split.upstream is None or split.mirrors[-1].url == split.upstream.url
