"""Hugging Face ``datasets``: a data set as an Arrow table with proper features."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit import stages
from onebit.decoding import EncodedFeature
from onebit.errors import import_optional
from onebit.exporting.image_files import png_files
from onebit.features import ClassLabel, Feature, Image
from onebit.interop.element_specs import ArraySpec, element_spec
from onebit.pipeline import Dataset
from onebit.stages import Element

Array = NDArray[Any]

CALL = "ds.to_hf()"
IMAGES = ("array", "png")
_ROWS_PER_CHUNK = 10_000  # Arrow counts the values of a chunk in 32 bits


def to_hf(dataset: Dataset, images: str = "array", *, streaming: bool = False) -> Any:
    """The data set for Hugging Face ``datasets``; see `Dataset.to_hf`.

    Raises:
        MissingDependencyError: datasets is not installed.
        TypeError: elements are not dicts of arrays that its features can describe, or they never end.
        ValueError: `images` is something else.
    """
    hf = import_optional("datasets", purpose=CALL, install="datasets")
    if images not in IMAGES:
        raise ValueError(f"to_hf(images={images!r}): images come as 'array' or as 'png'.")
    columns = _columns(dataset)
    features = hf.Features({name: _feature(hf, name, *column, images) for name, column in columns.items()})
    if streaming:
        given = {"dataset": dataset, "names": tuple(columns), "features": features}  # a list would mean shards
        return hf.IterableDataset.from_generator(_examples, features=features, gen_kwargs=given)
    if dataset.plan.endless:
        raise TypeError(
            f"{CALL} makes a table of all elements, which never end after repeat(). Write take(n) first, or type "
            "ds.to_hf(streaming=True)."
        )
    return _table(hf, dataset, features, images)


def _columns(dataset: Dataset) -> dict[str, tuple[ArraySpec, Feature | None]]:
    """What each column holds, and the feature that it still is, by name.

    Raises:
        TypeError: elements are no dicts of arrays.
    """
    source, spec = dataset.plan.source, element_spec(dataset)
    touched = any(isinstance(step, (stages.Map, stages.Enumerate)) for step in dataset.plan.steps)
    if isinstance(spec, tuple) and source.supervised and not touched:
        spec = {source.places[place]: column for place, column in stages.leaves(spec)}
    if not isinstance(spec, dict) or not all(isinstance(column, ArraySpec) for column in spec.values()):
        raise TypeError(f"{CALL} makes columns with names, but {_unnamed(spec)}")
    return {name: (column, _still(source.table.features, name, column)) for name, column in spec.items()}


def _unnamed(spec: Any) -> str:
    """What elements are instead of dicts of arrays, and what to type."""
    if isinstance(spec, dict):
        name = next(name for name, column in spec.items() if not isinstance(column, ArraySpec))
        return (
            f"element[{name!r}] has no single array. Give each array a name of its own: "
            f"ds.map(lambda example: {{'{name}_0': example[{name!r}][...], ...}})"
        )
    if isinstance(spec, tuple):
        return "elements are tuples. Name them: ds.map(lambda image, label: {'image': image, 'label': label})"
    return "elements are arrays. Name them: ds.map(lambda image: {'image': image})"


def _still(features: Mapping[str, Feature], name: str, spec: ArraySpec) -> Feature | None:
    """The feature of a data set that a column is, if no function has made something else of it."""
    feature = features.get(name)
    if feature is None:
        return None
    if type(feature) is EncodedFeature and spec.dtype == object:
        return feature.plain
    return feature if (spec.shape, spec.dtype) == (feature.shape, feature.dtype) else None


def _feature(hf: Any, name: str, spec: ArraySpec, feature: Feature | None, images: str) -> Any:
    """The feature of datasets for a column."""
    if None in spec.shape:
        raise TypeError(
            f"{CALL} makes one row of each element, but these are batches, and the last one may be short. Leave "
            "batch() out, and batch behind it: ds.to_hf().iter(128)"
        )
    if isinstance(feature, Image) and (images == "png" or spec.dtype == object):
        return hf.Image()
    if isinstance(feature, ClassLabel) and feature.names:
        return hf.ClassLabel(names=feature.names)
    rank = len(spec.shape)
    if spec.dtype.kind not in "biufOSU" or spec.dtype == np.longdouble or rank > 5 or 0 in spec.shape:
        raise TypeError(
            f"{CALL}: datasets has no feature for column {name!r} of shape {spec.shape} and dtype {spec.dtype}. It has "
            "bool, integers, floats of up to 64 bits, bytes and texts, in up to five dimensions of one or more: "
            "convert the values in ds.map(), or leave them out there."
        )
    dtype = {"O": "binary", "S": "binary", "U": "string"}.get(spec.dtype.kind, str(spec.dtype))
    if rank < 2:
        return hf.List(hf.Value(dtype), length=spec.shape[0]) if rank else hf.Value(dtype)
    return getattr(hf, f"Array{rank}D")(shape=spec.shape, dtype=dtype)


# A table ------------------------------------------------------------------------------------------------------------


def _table(hf: Any, dataset: Dataset, features: Any, images: str) -> Any:
    pyarrow = import_optional("pyarrow", purpose=CALL, install="datasets")
    chunks: dict[str, list[Any]] = {name: [] for name in features}
    for columns in _stacked_chunks(dataset):
        named = _named(columns, dataset)
        for name, feature in features.items():
            chunks[name].append(_arrow(pyarrow, hf, feature, named[name]))
    types = features.type
    table = pyarrow.table({name: pyarrow.chunked_array(chunks[name], types.field(name).type) for name in features})
    source, plan = dataset.plan.source, dataset.plan
    about = hf.DatasetInfo(features=features, dataset_name=source.table.name)
    computed = any(isinstance(step, (stages.Map, stages.Filter, stages.Concatenate)) for step in plan.steps)
    split = hf.NamedSplit(source.label) if source.label in dict(source.table.splits) else None
    # Of rows the plan says all; what functions give is known by their results, which takes datasets a second.
    fingerprint = None if computed else f"{plan.fingerprint}-{images}"
    return hf.Dataset(hf.table.InMemoryTable(table), info=about, split=split, fingerprint=fingerprint)


def _named(element: Element, dataset: Dataset) -> dict[str, Any]:
    """An element by column, where it may be one of a supervised data set."""
    if isinstance(element, dict):
        return element
    places = dataset.plan.source.places
    return {places[place]: value for place, value in stages.leaves(element)}


def _stacked_chunks(dataset: Dataset) -> Iterator[Element]:
    """All elements of epoch 0, many at a time, stacked."""
    sequence = dataset.plan.indexed
    if sequence is None:
        elements = dataset.iterate(epoch=0)
        while members := list(itertools.islice(elements, _ROWS_PER_CHUNK)):
            yield stages.stacked(members)
        return
    length = int(sequence.length)
    for start in range(0, length, _ROWS_PER_CHUNK):
        yield sequence.columns(np.arange(start, min(start + _ROWS_PER_CHUNK, length)), 0)


def _arrow(pyarrow: Any, hf: Any, feature: Any, column: Array) -> Any:
    """A column as an Arrow array of a feature's type."""
    kind = feature() if not isinstance(feature, hf.List) else None
    if isinstance(feature, hf.Image):
        files = column.tolist() if column.dtype == object else png_files(column)
        return pyarrow.array([{"bytes": file, "path": None} for file in files], kind)
    if column.ndim == 1:
        return pyarrow.array(column, kind)
    flat = pyarrow.array(column.reshape(-1))
    if kind is None:
        return pyarrow.FixedSizeListArray.from_arrays(flat, column.shape[1])
    for size in reversed(column.shape[1:]):
        starts = np.arange(0, len(flat) + 1, size, dtype=np.int32)
        flat = pyarrow.ListArray.from_arrays(pyarrow.array(starts), flat)
    return pyarrow.ExtensionArray.from_storage(kind, flat)


# A stream -----------------------------------------------------------------------------------------------------------


def _examples(dataset: Dataset, names: tuple[str, ...], features: Any) -> Iterator[dict[str, Any]]:
    """One dict after the other. Always those of epoch 0: datasets resumes by counting, and they must come again."""
    pictures = [name for name in names if type(features[name]).__name__ == "Image"]
    for element in dataset.iterate(epoch=0):
        example = dict(_named(element, dataset))
        for name in pictures:
            value = example[name]
            file = value if isinstance(value, bytes) else png_files(value[np.newaxis])[0]
            example[name] = {"bytes": file, "path": None}
        yield example
