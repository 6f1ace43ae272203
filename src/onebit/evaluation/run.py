"""`evaluate`: a model and a data set brought together, and a `Report` made of what comes out."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.__about__ import __version__
from onebit.errors import WrongDataError
from onebit.evaluation import contracts, exact, importance
from onebit.evaluation.bases import FactorialBase
from onebit.evaluation.conversion import to_numpy
from onebit.evaluation.measurements import Measurement
from onebit.evaluation.model_sources import ModelSource
from onebit.evaluation.report import Report
from onebit.features import Image, Scalar
from onebit.loading import builder as builder_of
from onebit.loading import load
from onebit.store import column_file

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from onebit.pipeline import Dataset

Images = NDArray[np.uint8]

# Which settings belong to which protocol.
_SETTINGS = {
    "exact": (),
    "iw": ("k", "block_size"),
    "elbo": ("k", "block_size"),
    "ais": ("schedule", "chains", "base", "engine", "reverse", "burn_in"),
    "posterior_ais": ("schedule", "chains", "leapfrog_steps", "tune_on"),
}
_PACKAGES = ("numpy", "jax", "jaxlib", "torch", "tensorflow", "scipy", "flax", "equinox")
_LARGEST_SEED = 2**63


class Split(NamedTuple):
    """The images of a split, and what a report says of them.

    Attributes:
        images: ``(n, height, width, channels)`` zeros and ones.
        reference: ``(n,)`` nats, the true log-probability of each image where the data set knows it.
        about: see `Report.dataset`.
    """

    images: Images
    reference: NDArray[np.float64] | None
    about: dict[str, Any]


def evaluate(
    model: Any,
    dataset: str = "binarized_mnist",
    *,
    split: str = "test",
    images: Any = None,
    protocol: str | None = None,
    seed: int = 0,
    chunk_size: int | None = None,
    trained_on: str | None = None,
    name: str | None = None,
    executor: Executor | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    source_dir: str | os.PathLike[str] | None = None,
    **settings: Any,
) -> Report:
    """Measures a model on a split of a data set, in nats per image.

        >>> report = onebit.evaluate(model, "binarized_mnist", split="test")     # doctest: +SKIP
        >>> print(report)                                                        # doctest: +SKIP

    Args:
        model: an object with the methods of one of `onebit.evaluation.contracts`, or where its code is:
            ``FILE.py:NAME`` or ``package.module:NAME``.
        dataset: a data set of one-bit images, by name.
        split: which images: any text of the split language.
        images: the images of that split as you have them, if you want to know that they are the right ones; they are
            compared with the data set, and refused where they differ.
        protocol: ``"exact"``, ``"iw"``, ``"elbo"``, ``"ais"`` or ``"posterior_ais"``; by default what the model's
            methods call for.
        seed: of all random numbers.
        chunk_size: images to a call of the model; part of the protocol, and recorded. By default 500 for ``exact``
            and ``ais``, 100 for ``iw`` and ``elbo``, 50 for ``posterior_ais``.
        trained_on: the splits that the model was trained on, for the report: ``"train"``, ``"train+validation"``.
        name: of the model, for the report; by default its ``name``, else its class.
        executor: an executor of `concurrent.futures` (processes, threads, a cluster) that shares the chunks out, as
            `onebit.evaluation.open_executor` opens them. The numbers are the same. Workers get the model as the code of
            its file, if it was given as ``FILE.py:NAME``, else pickled by value.
        data_dir: as in `onebit.load`.
        source_dir: as in `onebit.load`.
        **settings: of the protocol. ``k`` and ``block_size`` for ``iw`` and ``elbo``; ``schedule``, ``chains``,
            ``base`` (the split that the base is fitted to, None for fair coins), ``engine`` (``"numpy"``, ``"jax"``),
            ``reverse`` and ``burn_in`` for ``ais``; ``schedule``, ``chains``, ``leapfrog_steps`` and ``tune_on`` for
            ``posterior_ais``.

    Returns:
        The report. ``report.nll`` has a number for each image, in the order of the split.

    Raises:
        WrongAnswerError: the model gave something that cannot be what it stands for.
        WrongDataError: `images` are not the split's.
        ModelNotFoundError: a text names no model.
        ModelFailedError: the code that a text names raised something; the message says on which line.
        WorkersLostError: workers died more often than work is done again.
        TypeError: the model has no method to be measured by, or a setting is not one of its protocol.
        ValueError: an argument that is not allowed; the message says what is.
    """
    code = ModelSource.parse(model) if isinstance(model, str) else None
    if code is not None:
        model = code.load()
    chosen = contracts.choose_protocol(model, protocol)
    _check_arguments(chosen, settings, seed, chunk_size)
    places = {"data_dir": data_dir, "source_dir": source_dir}
    found = open_split(dataset, split, **places)
    if images is not None:
        _check_images(images, found, dataset, places)
    shared: dict[str, Any] = {"executor": None if executor is None else _shared(executor, model, code)}
    if chunk_size is not None:
        shared["chunk_size"] = chunk_size

    def other_images(spec: str) -> Images:
        return open_split(dataset, spec, **places).images

    started = time.perf_counter()
    with contextlib.nullcontext() if code is None else code.blamed():
        measured = _MEASURES[chosen](model, found, other_images, seed, shared | settings)
    seconds = time.perf_counter() - started
    arrays = dict(measured.arrays)
    if found.reference is not None:
        arrays["reference"] = found.reference
    report = Report(
        nll=measured.nll,
        model=name or contracts.describe(model),
        trained_on=trained_on,
        dataset=found.about,
        protocol=chosen,
        kind=measured.kind,
        errs=measured.errs,
        note=measured.note,
        settings=measured.settings,
        details=measured.details,
        flags=(),
        seed=seed,
        seconds=seconds,
        versions=_versions(),
        hardware=_hardware() | ({} if executor is None else {"shared_out_to": _workers(executor)}),
        arrays=arrays,
    )
    return dataclasses.replace(report, flags=(*measured.flags, *report.doubts))


# Data ----------------------------------------------------------------------------------------------------------------


def open_split(
    dataset: str,
    split: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    source_dir: str | os.PathLike[str] | None = None,
) -> Split:
    """The images of a split and what identifies them.

    Raises:
        ValueError: the data set has no one-bit images, or the split is not a text.
    """
    if not isinstance(split, str):
        raise TypeError(f"split={split!r} was given. A model is measured on one split: give a text such as 'test'.")
    ds: Dataset = load(dataset, split=split, data_dir=data_dir, source_dir=source_dir)
    source = ds.plan.source
    table = source.table
    column = _image_column(dataset, table.features)
    columns = ds.arrays()
    images = columns[column]
    if images.size and images.max() > 1:
        raise ValueError(f"The images of {dataset} have values up to {images.max()}: they are no one-bit images.")
    reference = columns.get("log_prob") if isinstance(table.features.get("log_prob"), Scalar) else None
    about = {
        "name": table.name,
        "version": table.version,
        "split": split,
        "order": source.order,
        "num_examples": len(images),
        "image_shape": list(images.shape[1:]),
        "columns": [
            {"split": part, "start": start, "stop": stop, "sha256": table.store.digests[column_file(part, column)]}
            for part, start, stop in source.intervals
        ],
        "images_sha256": images_digest(images),
    }
    return Split(images, reference, about)


def _image_column(dataset: str, features: Mapping[str, Any]) -> str:
    columns = [name for name, feature in features.items() if isinstance(feature, Image)]
    if len(columns) != 1:
        raise ValueError(f"{dataset} has {len(columns)} columns of images; models are measured on data sets with one.")
    return columns[0]


def images_digest(images: Images) -> str:
    """SHA-256 of images as packed rows, most significant bit first, one after the other."""
    return hashlib.sha256(np.packbits(images.reshape(len(images), -1), axis=1).tobytes()).hexdigest()


def _check_images(given: Any, found: Split, dataset: str, places: Mapping[str, Any]) -> None:
    """Refuses images that are not those of the split, and says what they are instead.

    Raises:
        WrongDataError: they are not.
    """
    wanted = found.images
    array = _gathered(given, len(wanted))
    what = f"{found.about['name']}:{found.about['version']} {found.about['split']}"
    if array.shape[:1] != wanted.shape[:1]:
        short = len(array) < len(wanted) if array.ndim else True
        dry = f" They ran dry at image {len(array):,}." if short and not isinstance(given, np.ndarray) else ""
        raise WrongDataError(
            f"{len(array) if array.ndim else 0:,} images were given; {what} has {len(wanted):,}.{dry} Rule: all of "
            f"them, once. {_likeness(array, dataset, places)}".rstrip()
        )
    if array.size == wanted.size and np.isin(array, (0, 1)).all():
        rows = array.reshape(len(wanted), -1).astype(np.uint8)
        off = np.flatnonzero((rows != wanted.reshape(len(wanted), -1)).any(axis=1))
        if not len(off):
            return
        why = f"Image {off[0]:,} and {len(off) - 1:,} others are not those of the split."
    else:
        why = f"They have shape {array.shape} and values {_values(array)}; one-bit images have zeros and ones."
    raise WrongDataError(
        f"The images that were given are not {what}. {why} Rule: the fixed binarization itself, in the order of "
        f"onebit.load. {_likeness(array, dataset, places)}".rstrip()
    )


def _gathered(given: Any, count: int) -> NDArray[Any]:
    """Images as one array; an iterable of batches is read up to one image more than are wanted."""
    if not isinstance(given, np.ndarray) and isinstance(given, Iterable) and not hasattr(given, "__array__"):
        batches: list[NDArray[Any]] = []
        rows = 0
        for batch in given:
            batches.append(
                np.asarray(to_numpy(batch["image"] if isinstance(batch, Mapping) else batch, most=count + 1))
            )
            rows += len(batches[-1])
            if rows > count:
                break
        return np.concatenate(batches) if batches else np.empty((0,))
    return to_numpy(given, most=count + 1)


def _values(array: NDArray[Any]) -> str:
    distinct = np.unique(array)
    return f"from {distinct[0]:g} to {distinct[-1]:g}, {len(distinct):,} different ones" if len(distinct) else "none"


def _likeness(array: NDArray[Any], dataset: str, places: Mapping[str, Any]) -> str:
    """What images look like, by the comparison that `onebit verify` makes."""
    from onebit.verification import Verifier

    verifier = Verifier(builder_of(dataset, data_dir=places["data_dir"]), source_dir=places["source_dir"])
    return verifier.examine(array).sentence if array.ndim > 1 else ""


# Measuring -----------------------------------------------------------------------------------------------------------


def _check_arguments(protocol: str, settings: Mapping[str, Any], seed: int, chunk_size: int | None) -> None:
    unknown = sorted(settings.keys() - set(_SETTINGS[protocol]))
    if unknown:
        allowed = ", ".join(_SETTINGS[protocol]) or "none"
        raise TypeError(f"protocol {protocol!r} has no setting {unknown[0]!r}. Its settings: {allowed}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < _LARGEST_SEED:
        raise ValueError(f"seed={seed!r} was given; an integer from 0 to 2**63 - 1 is allowed.")
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        raise ValueError(f"chunk_size={chunk_size!r} was given; the least is 1.")


OtherImages = Callable[[str], Images]


def _exact(model: Any, found: Split, other: OtherImages, seed: int, settings: dict[str, Any]) -> Measurement:
    size = settings.setdefault("chunk_size", exact.CHUNK_SIZE)
    return exact.measure(model, found.images, **settings)._replace(settings={"chunk_size": size})


def _importance(protocol: str) -> Callable[..., Measurement]:
    def measure(model: Any, found: Split, other: OtherImages, seed: int, settings: dict[str, Any]) -> Measurement:
        return importance.measure(model, found.images, protocol=protocol, seed=seed, **settings)

    return measure


def _ais(model: Any, found: Split, other: OtherImages, seed: int, settings: dict[str, Any]) -> Measurement:
    from onebit.evaluation import partition

    spec = settings.pop("base", "train")
    base_images = None if spec is None else other(spec)
    pixels = math.prod(found.images.shape[1:])
    base = FactorialBase.uniform(pixels) if base_images is None else FactorialBase.fitted(base_images)
    measured: Measurement = partition.measure(
        model,
        found.images,
        base=base,
        starts=found.images if base_images is None else base_images,
        starts_from=spec or found.about["split"],
        seed=seed,
        **settings,
    )
    return measured._replace(settings={**measured.settings, "base": spec})


def _posterior(model: Any, found: Split, other: OtherImages, seed: int, settings: dict[str, Any]) -> Measurement:
    from onebit.evaluation import posterior

    spec = settings.pop("tune_on", "validation[:100]")
    measured: Measurement = posterior.measure(model, found.images, tuning_images=other(spec), seed=seed, **settings)
    return measured._replace(settings={**measured.settings, "tune_on": spec})


_MEASURES: dict[str, Callable[..., Measurement]] = {
    "exact": _exact,
    "iw": _importance("iw"),
    "elbo": _importance("elbo"),
    "ais": _ais,
    "posterior_ais": _posterior,
}


def _versions() -> dict[str, str]:
    found = {"onebit": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        version = getattr(sys.modules.get(package), "__version__", None)
        if isinstance(version, str):
            found[package] = version
    return found


def _shared(executor: Executor, model: Any, code: ModelSource | None) -> Executor:
    from onebit.evaluation.executors import sharing  # with multiprocessing, which nobody else needs

    return sharing(executor, model, code)


def _workers(executor: Executor) -> str:
    """``2 local processes``; of other executors than onebit's, their class."""
    own = type(executor).__module__ == "onebit.evaluation.executors"
    return str(executor) if own else type(executor).__name__


def _hardware() -> dict[str, Any]:
    found: dict[str, Any] = {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        found["processor"] = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        found["processor"] = platform.processor()
    jax = sys.modules.get("jax")
    if jax is not None and hasattr(jax, "devices"):
        with contextlib.suppress(RuntimeError):  # it was imported, and cannot be used
            found["jax_devices"] = [str(getattr(device, "device_kind", device)) for device in jax.devices()]
    torch = sys.modules.get("torch")
    if torch is not None and getattr(torch, "cuda", None) is not None and torch.cuda.is_available():
        found["cuda_devices"] = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return found
