"""What the columns of a data set hold: TFDS's feature classes for fixed-shape arrays, and how each is stored.

Stored form: a column whose values are all 0 and 1 (dtype uint8 or bool) is packed, eight values to a byte, most
significant bit first, each row starting a new byte; every other column is stored as it is.
"""

from __future__ import annotations

import enum
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from onebit.errors import OnebitError

Array = NDArray[Any]

# TFDS's features whose values have no fixed shape, or that onebit has no class for; and what to write in their place.
_INSTEAD = {
    "Text": "Store what a model is given: a ClassLabel for a word of a list, a Tensor for codes of a fixed length.",
    "Sequence": "For a fixed length write Tensor(shape=(length, ...), dtype=...).",
    "Dataset": "For a fixed number of steps write Tensor(shape=(steps, ...), dtype=...).",
    "Video": "For a fixed number of frames write Tensor(shape=(frames, height, width, channels), dtype=np.uint8).",
    "Audio": "For a fixed length write Tensor(shape=(samples,), dtype=np.int16).",
    "BBoxFeature": "Write Tensor(shape=(4,), dtype=np.float32), with the numbers ymin, xmin, ymax and xmax.",
    "LabeledImage": "Write Image(shape=(height, width, 1)).",
    "Translation": "There is no text in onebit.",
    "TranslationVariableLanguages": "There is no text in onebit.",
    "Optional": "Mark a missing value by a number that stands for it.",
}


_SERVED = ("ClassLabel", "Documentation", "Encoding", "FeaturesDict", "Image", "Scalar", "Tensor")
_COLUMN = re.compile(r"\w+", re.ASCII)


class Encoding(enum.Enum):
    """How TFDS would write the values of a `Tensor`; onebit takes the words, and stores as it does."""

    NONE = "none"
    BYTES = "bytes"
    ZLIB = "zlib"


class UnsupportedFeatureError(OnebitError, ValueError, AttributeError):
    """A feature without one fixed shape, or one that onebit has no class for; the message says what to write."""


class Documentation(NamedTuple):
    """Words about a feature, in TFDS's form; a text alone will do as well: ``doc="the digit"``.

    Attributes:
        desc: what the values are.
        value_range: which values there are, in words.
    """

    desc: str | None = None
    value_range: str | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, [self.desc, f"({self.value_range})" if self.value_range else None]))


def __getattr__(name: str) -> Any:
    if name in _INSTEAD:
        raise UnsupportedFeatureError(
            f"onebit.features has no {name!r}. A column of onebit has values of one fixed shape: Image, Tensor, Scalar "
            f"or ClassLabel. {_INSTEAD[name]}"
        )
    raise AttributeError(f"onebit.features has no {name!r}. It has: {', '.join(_SERVED)}.")


class Feature:
    """A column of fixed-shape values.

    Args:
        shape: the shape of one value, known in every dimension.
        dtype: anything that `numpy.dtype` takes.
        doc: one line of description, shown in the table of features.
    """

    def __init__(self, shape: tuple[int | None, ...], dtype: DTypeLike, *, doc: str | Documentation = "") -> None:
        # NumPy's integers are sizes too: np.prod makes them.
        known = tuple(int(size) for size in shape or () if isinstance(size, (int, np.integer)) and size >= 0)
        if shape is None or len(known) < len(shape):
            raise UnsupportedFeatureError(
                f"{type(self).__name__}(shape={shape!r}): every dimension must be known, as in (28, 28, 1); "
                "onebit stores values of one fixed shape. Crop or pad the values in _generate_examples, and give the "
                "shape that they then have."
            )
        self.shape = known
        self.items = math.prod(known)
        """Number of scalars in one value."""
        given = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))  # TensorFlow's have the former
        self.dtype: np.dtype[Any] = given.newbyteorder("=")
        self.doc = str(doc or "")

    @property
    def np_dtype(self) -> np.dtype[Any]:
        """The dtype, by TFDS's name for it."""
        return self.dtype

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.shape, self.dtype))

    def to_json(self) -> dict[str, Any]:
        """The feature as a JSON value; `feature_from_json` reads it back."""
        return {"class": type(self).__name__, "shape": list(self.shape), "dtype": str(self.dtype)} | (
            {"doc": self.doc} if self.doc else {}
        )

    def encode(self, value: ArrayLike) -> Array:
        """One value as an array of this feature's shape and dtype.

        Raises:
            ValueError: another shape, or a value that the dtype cannot hold exactly.
        """
        array = np.asarray(value)
        if array.shape != self.shape:
            raise ValueError(f"{self!r} was given a value of shape {array.shape}.")
        if array.dtype == self.dtype:
            return array
        if array.dtype.kind in "US" and self.dtype.kind in "iuf":  # numbers out of a text file
            return array.astype(self.dtype)
        with np.errstate(invalid="ignore"):
            converted = array.astype(self.dtype)
        if self.dtype.kind in "biu" and not np.array_equal(converted, array):
            raise ValueError(f"{self!r} was given a value of dtype {array.dtype} that {self.dtype} cannot hold.")
        return converted

    def pack(self, values: Array) -> Array:
        """The stored form of many values: packed bits where all are 0 or 1, else the values themselves.

        Args:
            values: ``(n, *shape)``, or flat as ``(n, items)``, of this feature's dtype.

        Raises:
            ValueError: another shape or dtype.
        """
        if values.dtype != self.dtype or values.shape[1:] not in (self.shape, (self.items,)):
            raise ValueError(f"{self!r} cannot store values of shape {values.shape} and of dtype {values.dtype}.")
        flat = values.reshape(len(values), self.items)
        one_bit = self.dtype in (np.uint8, np.bool_) and self.items > 1 and (flat.size == 0 or flat.max() <= 1)
        if not one_bit:
            return np.ascontiguousarray(values).reshape(len(values), *self.shape)
        if self.items % 8 == 0:  # rows have no padding: one flat run of bits packs fastest
            return np.packbits(flat).reshape(len(flat), self.items // 8)
        return np.packbits(flat, axis=1)

    def is_packed(self, stored: Array) -> bool:
        """Whether a stored column holds packed bits (its shape tells: they have eight values to a byte)."""
        return stored.dtype == np.uint8 and stored.shape[1:] == (-(-self.items // 8),) != self.shape

    def unpack(self, stored: Array) -> Array:
        """Stored rows as ``(n, *shape)`` values of this dtype; always a fresh, writeable array."""
        if not self.is_packed(stored):
            return stored.copy() if stored.base is not None or not stored.flags.writeable else stored
        if self.items % 8 == 0:  # rows have no padding: one flat run of bits unpacks fastest
            bits = np.unpackbits(stored.reshape(-1))
        else:
            bits = np.unpackbits(stored, axis=1, count=self.items)
        return bits.reshape(len(stored), *self.shape).view(self.dtype)


class Tensor(Feature):
    """An array of fixed shape.

    Args:
        shape: the shape of one value.
        dtype: anything that `numpy.dtype` takes, numbers or bool.
        doc: one line of description.
        encoding: how TFDS would write the values (an `Encoding`, or its value); accepted, and without effect.
        minimum: the least value, in words only, as in TFDS.
        maximum: the largest value, likewise.
        serialized_dtype: how TFDS would write the values, likewise.
        serialized_shape: likewise.
        optional: whether an example may lack the value; False.

    Raises:
        UnsupportedFeatureError: a dimension of the shape is not known, or values are optional.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        doc: str | Documentation = "",
        encoding: Any = None,
        minimum: Any = None,
        maximum: Any = None,
        serialized_dtype: Any = None,
        serialized_shape: Any = None,
        optional: bool = False,
    ) -> None:
        super().__init__(shape, dtype, doc=doc)
        _check_always_there(self, optional)


class Scalar(Feature):
    """A single number; `optional`, which TFDS has, can only be False."""

    def __init__(self, dtype: DTypeLike = np.int64, *, doc: str | Documentation = "", optional: bool = False) -> None:
        super().__init__((), dtype, doc=doc)
        _check_always_there(self, optional)


def _check_always_there(feature: Feature, optional: bool) -> None:
    if optional:
        raise UnsupportedFeatureError(
            f"{type(feature).__name__}(optional=True): every example of onebit has every value. {_INSTEAD['Optional']}"
        )


class Image(Feature):
    """An image: shape ``(height, width, channels)``, dtype uint8.

    Args:
        shape: the shape of every image. It must be given: left out it means images of any size, as in TFDS, and those
            are refused.
        dtype: uint8, unless the pixels are something else.
        doc: one line of description.
        encoding_format: ``"png"`` or None. How an image is stored is the library's own business, but it loses nothing,
            as JPEG does.
        use_colormap: a wish for TFDS's tables; accepted, and without effect.

    Raises:
        UnsupportedFeatureError: a dimension of the shape is not known, or images would be stored as JPEG.
        ValueError: the shape has not three dimensions.
    """

    def __init__(
        self,
        *,
        shape: tuple[int | None, ...] = (None, None, 3),
        dtype: DTypeLike = np.uint8,
        doc: str | Documentation = "",
        encoding_format: str | None = None,
        use_colormap: bool = False,
    ) -> None:
        super().__init__(shape, dtype, doc=doc)
        if len(self.shape) != 3:
            raise ValueError(f"Image(shape={self.shape}): an image has three dimensions, (height, width, channels).")
        if encoding_format not in (None, "png"):
            raise UnsupportedFeatureError(
                f"Image(encoding_format={encoding_format!r}): what is stored has the values that were given; JPEG "
                "would change them. Leave it out, or give 'png'."
            )


class ClassLabel(Feature):
    """A class: an int64 in ``[0, num_classes)``, with names where they are known.

    Names that stand in one of the downloads may be set later, ``self.info.features["label"].names = [...]`` in
    ``_split_generators``; they are kept with the prepared data.

    Args:
        num_classes: how many classes there are; names "0", "1", ... are made for them.
        names: the names of the classes, in order; instead of `num_classes`.
        names_file: a text file with one name a line; instead of `names`.
        doc: one line of description.
    """

    def __init__(
        self,
        *,
        num_classes: int | None = None,
        names: Iterable[str] | None = None,
        names_file: str | os.PathLike[str] | None = None,
        doc: str | Documentation = "",
    ) -> None:
        super().__init__((), np.int64, doc=doc)
        if sum(given is not None for given in (num_classes, names, names_file)) > 1:
            raise ValueError("ClassLabel takes one of num_classes, names and names_file.")
        if num_classes is not None and num_classes < 0:
            raise ValueError(f"ClassLabel(num_classes={num_classes}): give the number of classes, 1 or more.")
        self._num_classes = num_classes
        self._names: list[str] | None = None
        if names_file is not None:
            with open(names_file, encoding="utf-8") as lines:  # noqa: PTH123 - pathlib is not needed elsewhere here
                names = [line.strip() for line in lines if line.strip()]
        if names is not None:
            self.names = list(names)

    @property
    def names(self) -> list[str]:
        """The names of the classes, in order.

        Raises:
            ValueError: they are set to others than before, to another number of names, or to equal ones.
        """
        return self._names if self._names is not None else [str(label) for label in range(self.num_classes)]

    @names.setter
    def names(self, names: Iterable[str]) -> None:
        new = [str(name) for name in names]
        if len(set(new)) != len(new):
            raise ValueError("ClassLabel: two classes have the same name.")
        if self._names is not None and self._names != new:
            raise ValueError(f"ClassLabel: the classes have the names {self._names} already, and cannot get {new}.")
        if self._num_classes not in (None, len(new)):
            raise ValueError(f"ClassLabel: there are {self._num_classes} classes, and {len(new)} names: {new}.")
        self._names = new

    @property
    def is_named(self) -> bool:
        """Whether names were given, or set."""
        return self._names is not None

    @property
    def num_classes(self) -> int:
        """Number of classes; 0 as long as neither it nor their names are known."""
        return len(self._names) if self._names is not None else self._num_classes or 0

    def str2int(self, name: str) -> int:
        """The label of a name.

        Raises:
            KeyError: no class has that name.
        """
        if name not in self.names:
            raise KeyError(f"{name!r} is not a class; the classes are {self.names}.")
        return self.names.index(name)

    def int2str(self, label: int) -> str:
        """The name of a label.

        Raises:
            ValueError: the label is not in ``[0, num_classes)``.
        """
        if not 0 <= int(label) < self.num_classes:
            raise ValueError(f"{label} is not a label; labels go from 0 to {self.num_classes - 1}.")
        return self.names[int(label)]

    def encode(self, value: ArrayLike) -> Array:
        """A label as an int64 array of shape ``()``.

        Args:
            value: an integer, or the name of its class; -1 stands for "no label", as in TFDS.
        """
        if not self.num_classes:
            raise ValueError(
                "The classes are not known: write ClassLabel(num_classes=...) or ClassLabel(names=[...]), or set "
                "self.info.features[...].names in _split_generators."
            )
        name = value.decode() if isinstance(value, bytes) else value
        label = self.str2int(name) if isinstance(name, str) else super().encode(value)
        if label != -1:
            self.int2str(int(label))
        return np.asarray(label, np.int64)

    def to_json(self) -> dict[str, Any]:
        """The feature as a JSON value."""
        return super().to_json() | {"names": self.names}

    def __repr__(self) -> str:
        return f"ClassLabel(shape=(), dtype=int64, num_classes={self.num_classes})"


class FeaturesDict(Mapping[str, Feature]):
    """The columns of a data set by name. Its repr is the block that the catalog page shows.

    Args:
        features: a feature for each name, or the dtype of a single number.
        doc: words about all of them, TFDS's argument; accepted, and without effect.

    Raises:
        UnsupportedFeatureError: a column is something else, or has columns of its own.
    """

    def __init__(self, features: Mapping[str, Feature | DTypeLike], *, doc: str | Documentation = "") -> None:
        self._features: dict[str, Feature] = {}
        for name, feature in features.items():
            if isinstance(feature, Mapping):
                raise UnsupportedFeatureError(
                    f"FeaturesDict: {name!r} is itself a dict; onebit's columns have one level. Give each of "
                    f"{list(feature)} a column of its own."
                )
            self._features[name] = feature if isinstance(feature, Feature) else _number(name, feature)

    def __getitem__(self, name: str) -> Feature:
        if name not in self._features:
            raise KeyError(f"{name!r} is not a feature; the features are {list(self._features)}.")
        return self._features[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._features)

    def __len__(self) -> int:
        return len(self._features)

    def __hash__(self) -> int:
        return hash(frozenset(self._features.items()))

    @property
    def shape(self) -> dict[str, tuple[int, ...]]:
        """The shape of each column's values."""
        return {name: feature.shape for name, feature in self.items()}

    @property
    def dtype(self) -> dict[str, np.dtype[Any]]:
        """The dtype of each column."""
        return {name: feature.dtype for name, feature in self.items()}

    def to_json(self) -> dict[str, Any]:
        """The features as a JSON value; `features_from_json` reads it back."""
        return {name: feature.to_json() for name, feature in self.items()}

    def __repr__(self) -> str:
        lines = "".join(f"    '{name}': {feature!r},\n" for name, feature in sorted(self.items()))
        return f"FeaturesDict({{\n{lines}}})"


def _number(name: str, dtype: Any) -> Scalar:
    """The column of single numbers of a dtype."""
    try:
        if dtype is not None:  # which is float64 for NumPy
            return Scalar(dtype)
    except TypeError:
        pass
    raise UnsupportedFeatureError(
        f"FeaturesDict: {name!r} is {dtype!r}, which is no column. Give it a feature, such as "
        "Tensor(shape=(3,), dtype=np.float32), or the dtype of a single number, such as np.int64."
    )


def check_storable(features: Mapping[str, Feature]) -> None:
    """Refuses columns that cannot be stored.

    Raises:
        UnsupportedFeatureError: a column of text, Python objects or other numbers, or a name that cannot be one of
            a file.
    """
    for name, feature in features.items():
        if feature.dtype.kind not in "biuf" or feature.dtype.itemsize > 8:
            hint = _INSTEAD["Text"] if feature.dtype.kind in "OSU" else "Convert them in _generate_examples."
            raise UnsupportedFeatureError(
                f"The feature {name!r} has the dtype {feature.dtype}; values of onebit are bool, integers or floats "
                f"of up to 64 bits, of one fixed shape. {hint}"
            )
        if not _COLUMN.fullmatch(name) or name == "line":
            raise UnsupportedFeatureError(
                f"A feature cannot be called {name!r}: its column is a file of that name, and 'line' is the file with "
                "the number of each row. Choose a name of letters, digits and underscores."
            )


def feature_from_json(value: Mapping[str, Any]) -> Feature:
    """Reads what `Feature.to_json` wrote.

    Raises:
        ValueError: a class that onebit does not have.
    """
    kind, shape, dtype = value["class"], tuple(value["shape"]), value["dtype"]
    doc = value.get("doc", "")
    match kind:
        case "Image":
            return Image(shape=shape, dtype=dtype, doc=doc)
        case "Tensor":
            return Tensor(shape=shape, dtype=dtype, doc=doc)
        case "Scalar":
            return Scalar(dtype, doc=doc)
        case "ClassLabel":
            return ClassLabel(names=list(value["names"]), doc=doc)
    raise ValueError(f"{kind!r} is not a feature of onebit; these are: Image, Tensor, Scalar, ClassLabel.")


def features_from_json(value: Mapping[str, Any]) -> FeaturesDict:
    """Reads what `FeaturesDict.to_json` wrote."""
    return FeaturesDict({name: feature_from_json(feature) for name, feature in value.items()})
