"""Trains a model and keeps the run in a folder, so that a killed run goes on where it was.

A run is a pure function of its `Settings` (on one kind of machine, with one version of JAX): the order of the images
follows from the seed and the epoch, the random numbers of the loss from the seed and the step. The folder holds

- ``settings.json``: the settings;
- ``checkpoint.npz``: step, weights, state of the optimizer, averaged weights, best weights so far and their step;
- ``log.jsonl``: one JSON object a line, an epoch each;
- ``model.npz``: the averaged weights of the epoch that was best on the validation split, written at the end;
- ``report.json`` and ``.npy`` files: the model measured on the test split by `onebit.evaluate`.

One process at a time trains in a folder. Files are replaced as a whole (written beside, then renamed), hold plain
arrays, and nothing in them is unpickled.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, cast

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from numpy.typing import NDArray

from onebit import progress
from onebit.errors import FormatError, OnebitError
from onebit.models import run_settings, trained
from onebit.models.run_settings import Settings
from onebit.models.trained import MODEL, SETTINGS_FILE, SHAPE

CHECKPOINT, LOG, REPORT, LOCK = "checkpoint.npz", "log.jsonl", "report.json", ".lock"
EVALUATION_BATCH = 100


class RunTakenError(OnebitError, RuntimeError):
    """Another process trains in the folder of a run."""


class DivergedError(OnebitError, ArithmeticError):
    """A training came to no finite number on the validation split."""


class Model(Protocol):
    """What a module of `onebit.models` offers to be trained.

    Weights are any pytree of arrays: a named tuple, an Equinox module. All of floating point are trained.

    A module has ``loss``, for training by gradients, or ``fit``, for a model that is set anew from the whole train
    split (in closed form, or by one iteration of EM an epoch). The epoch is chosen by ``log_prob``, or by
    ``validation_nats`` where the likelihood is not exact. Further names that a module may have:

    - ``TRAINING``: defaults of `Settings` that differ from the general ones;
    - ``EVALUATION``: settings of `onebit.evaluate` for the report at the end, such as ``k``;
    - ``measurable(name, module, params, settings)``: the object that is measured, by default a
      `onebit.models.trained.ExactTrained`;
    - ``optimizer(weight_decay)``: the transformation of gradients that the learning rate is then put to, in place of
      AdamW's;
    - ``mean_nats(params, pixels, key) -> float``: the mean over a split that the epoch is chosen by, for a model whose
      constant has to be estimated first;
    - ``memory(key, train_pixels, settings)``: an array or pytree that the loss carries from step to step (the chains
      of PCD); the loss then is ``loss(params, images, key, memory) -> (nats, memory)``.
    """

    SETTINGS: dict[str, Any]  # its own settings with their defaults

    def init(self, key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Any:
        """Weights to start from, for ``(n, D)`` pixels; ``settings["image_shape"]`` is (height, width, channels)."""

    def loss(self, params: Any, images: jax.Array, key: jax.Array) -> jax.Array:
        """What is minimised, in nats per image: a scalar, for ``(n, D)`` uint8 images."""

    def fit(
        self, params: Any, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any], key: jax.Array
    ) -> tuple[Any, float]:
        """New weights from the train split and the old ones, and the mean nats of the split under the old ones."""

    def log_prob(self, params: Any, images: jax.Array) -> jax.Array:
        """Nats of each image, ``(n,)``, where the likelihood is exact."""

    def validation_nats(self, params: Any, images: jax.Array, key: jax.Array) -> jax.Array:
        """A number for each image, ``(n,)``, lower is better; always with the same key."""

    def sample(self, params: Any, count: int, key: jax.Array) -> jax.Array:
        """Draws images, ``(count, D)`` zeros and ones."""


class State(NamedTuple):
    """What a run has come to."""

    params: Any
    optimizer: Any
    average: Any  # of params
    memory: Any  # what the loss carries from step to step
    loss_sum: jax.Array  # of the steps of this epoch
    best: Any  # the average at the best epoch
    best_nats: float
    best_step: int
    step: int


def train(
    model: str,
    *,
    out: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    source_dir: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 120.0,
    images: Mapping[str, NDArray[Any]] | None = None,
    **settings: Any,
) -> Path:
    """Trains a model on the train split, chooses the epoch on the validation split, measures it on the test split.

    A folder with an unfinished run of the same settings is continued; one with a finished run is left as it is.

    Args:
        model: name of the model, one of `onebit.models.baselines.BASELINES`.
        out: the folder of the run, by default ``runs/<model>``.
        data_dir: as in `onebit.load`.
        source_dir: as in `onebit.load`.
        checkpoint_seconds: seconds between two checkpoints.
        images: zeros and ones by split (train, validation, test), each ``(n, height, width, channels)``, in place of
            the data set's; there is no report then, as it would be of no published images.
        **settings: fields of `Settings`; every other name is an option of the model, as in ``hidden_units=500``. With
            ``minutes``, the run depends on the speed of the machine, and is not the same twice.

    Returns:
        The path of the trained weights, ``model.npz``; their test nats are in the last line of ``log.jsonl``.

    Raises:
        ValueError: no such model or setting, or the folder has a run with other settings.
        FormatError: a file of the run is damaged.
        RunTakenError: another process trains in the folder.
        DivergedError: the first epoch came to no finite number.
    """
    chosen = run_settings.chosen(model, settings, SHAPE if images is None else images["train"].shape[1:])
    module = cast(Model, trained.module_of(model))
    folder = Path("runs", model) if out is None else Path(out)
    run_settings.check_kept(folder, chosen)
    places = {"data_dir": data_dir, "source_dir": source_dir}
    trained_already = (folder / MODEL).exists()
    if trained_already and (images is not None or (folder / REPORT).exists()):
        return folder / MODEL
    given = {} if trained_already else images or _load_images(chosen.dataset, places)
    with _alone(folder):
        if not (folder / MODEL).exists():
            pixels = {split: np.ascontiguousarray(x).reshape(len(x), -1).astype(np.uint8) for split, x in given.items()}
            _Run(module, chosen, folder, pixels, checkpoint_seconds).finish()
        if images is None and not (folder / REPORT).exists():
            _measure(module, chosen, folder, places)
    return folder / MODEL


def _load_images(dataset: str, places: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    from onebit.loading import load

    return {split: load(dataset, split=split, batch_size=-1, **places)["image"] for split in ("train", "validation")}


def _measure(module: Model, settings: Settings, folder: Path, places: Mapping[str, Any]) -> None:
    """Writes the report, and its mean as the last line of the log."""
    from onebit.evaluation.run import evaluate

    model = trained.load(folder)
    progress.note(f"Measuring {settings.model} on the test split")
    asked = getattr(module, "EVALUATION", {})
    report = evaluate(model, settings.dataset, split="test", trained_on="train", name=settings.model, **asked, **places)
    log = [line for line in _log_lines(folder) if "test_nats" not in line]  # one of an end that was cut short
    log.append({"test_nats": round(report.mean, 4), "kind": report.kind, "seconds": round(report.seconds, 1)})
    _write_log(folder, log)
    report.save(folder / REPORT)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Makes the folder of a run, and keeps other processes from training in it; a killed one leaves it free.

    Raises:
        RunTakenError: another process trains there.
    """
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise RunTakenError(f"Another process trains in {folder}. Wait for it, or give another --out.") from error
    try:
        yield
    finally:
        lock.release()


class _Run:
    """One run: `finish` takes it from wherever its folder says it is to its weights."""

    def __init__(
        self, model: Model, settings: Settings, folder: Path, pixels: Mapping[str, NDArray[np.uint8]], seconds: float
    ) -> None:
        self.model, self.settings, self.folder, self.pixels = model, settings, folder, pixels
        self.checkpoint_seconds = seconds
        self.options = settings.options | {"image_shape": list(settings.image_shape)}
        self.by_gradient = not hasattr(model, "fit")
        self.steps_per_epoch = len(pixels["train"]) // settings.batch_size if self.by_gradient else 1
        if not self.steps_per_epoch:
            raise ValueError(
                f"batch_size={settings.batch_size} was given; the train split has {len(pixels['train']):,} images, and "
                "a batch no more."
            )
        self.total_steps = settings.epochs * self.steps_per_epoch
        self.optimizer = getattr(model, "optimizer", adamw)(settings.weight_decay)
        self.init_key, self.loss_key = jax.random.split(jax.random.key(settings.seed))
        self._step = jax.jit(self._update, donate_argnums=0)
        self._validation_nats = jax.jit(getattr(model, "validation_nats", self._minus_log_prob))
        self._seconds_before, self._started = 0.0, time.monotonic()

    def finish(self) -> None:
        state = self._resume()
        with _replacing(self.folder / SETTINGS_FILE) as temporary:  # now that the model can be made of them
            temporary.write_text(run_settings.text(self.settings))
        saved = time.monotonic()
        with progress.step_bar(f"Training {self.settings.model}", self.total_steps) as bar:
            bar.advance(state.step)
            finished = self._finished(state)
            while not finished:
                state = self._take_step(state)
                bar.advance()
                finished = self._finished(state)  # asked once, as the clock can run out between two questions
                if state.step % self.steps_per_epoch == 0 or finished:
                    state = self._end_epoch(state)
                    finished = finished or self._finished(state)
                if time.monotonic() - saved > self.checkpoint_seconds or finished:
                    self._save(state)
                    saved = time.monotonic()
        if all(line.get("step") != state.step for line in _log_lines(self.folder)):
            state = self._end_epoch(state)  # the clock ran out between a checkpoint and the process that goes on
        self._end(state)

    def _seconds(self) -> float:
        """Of training, in this process and those before it."""
        return self._seconds_before + time.monotonic() - self._started

    def _remaining(self, step: int) -> float:
        """Steps to the end of the run; where the clock decides, what is left of the time, as a part of all steps."""
        remaining = float(self.total_steps - step)
        if self.settings.minutes is None:
            return remaining
        return min(remaining, self.total_steps * (1 - self._seconds() / (60 * self.settings.minutes)))

    def _finished(self, state: State) -> bool:
        patience = self.settings.patience * self.steps_per_epoch
        return state.step >= state.best_step + patience or self._remaining(state.step) <= 0

    def _take_step(self, state: State) -> State:
        key = jax.random.fold_in(self.loss_key, state.step)
        if not self.by_gradient:
            params, nats = self.model.fit(state.params, self.pixels["train"], self.options, key)
            return state._replace(params=params, average=params, loss_sum=jnp.asarray(nats), step=state.step + 1)
        epoch, place = divmod(state.step, self.steps_per_epoch)
        if place == 0 or not hasattr(self, "_order"):
            self._order = np.random.Generator(np.random.Philox([self.settings.seed, epoch])).permutation(
                len(self.pixels["train"])
            )
        rows = self._order[place * self.settings.batch_size :][: self.settings.batch_size]
        moving = (state.params, state.optimizer, state.average, state.memory, state.loss_sum)
        params, optimizer, average, memory, loss_sum = self._step(
            moving, self.pixels["train"][rows], state.step, np.float32(self._remaining(state.step))
        )
        return state._replace(
            params=params,
            optimizer=optimizer,
            average=average,
            memory=memory,
            loss_sum=loss_sum,
            step=state.step + 1,
        )

    def _update(
        self, moving: tuple[Any, Any, Any, Any, jax.Array], images: jax.Array, step: jax.Array, remaining: jax.Array
    ) -> Any:
        params, optimizer, average, memory, loss_sum = moving
        (nats, memory), gradient = equinox.filter_value_and_grad(self._loss, has_aux=True)(
            params, images, jax.random.fold_in(self.loss_key, step), memory
        )
        updates, optimizer = self.optimizer.update(gradient, optimizer, _trained_part(params))
        rate = self._rate(step, remaining)
        params = equinox.apply_updates(params, jax.tree.map(lambda update: -rate * update, updates))
        # The first steps are averaged over what there is: a decay of 0.9995 would remember the random start.
        decay = jnp.minimum(self.settings.averaging, (1 + step) / (10 + step))
        old, fixed = equinox.partition(average, equinox.is_inexact_array)
        new = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, old, _trained_part(params))
        return params, optimizer, equinox.combine(new, fixed), memory, loss_sum + nats

    def _loss(self, params: Any, images: jax.Array, key: jax.Array, memory: Any) -> tuple[jax.Array, Any]:
        if hasattr(self.model, "memory"):
            return self.model.loss(params, images, key, memory)  # type: ignore[call-arg, return-value]
        return self.model.loss(params, images, key), memory

    def _rate(self, step: jax.Array, remaining: jax.Array) -> jax.Array:
        rise = jnp.minimum(1.0, (step + 1) / max(1, self.settings.warmup_steps))
        fall = jnp.minimum(1.0, remaining / max(1.0, self.settings.decay_fraction * self.total_steps))
        return self.settings.learning_rate * rise * fall

    def _end_epoch(self, state: State) -> State:
        validation = self._nats(state.average, "validation")
        if not math.isfinite(validation) and not state.best_step:
            raise DivergedError(
                f"After the first epoch of {self.settings.model} the validation split takes {validation} nats: the "
                "training diverged. Type a smaller --set learning_rate=..., or other settings, and another --out."
            )
        steps = (state.step - 1) % self.steps_per_epoch + 1  # the clock can end an epoch
        line = {
            "epoch": -(-state.step // self.steps_per_epoch),
            "step": state.step,
            "train_nats": round(float(state.loss_sum) / steps, 4),
            "validation_nats": round(validation, 4),
            "seconds": round(self._seconds(), 1),
        }
        self._log({name: value if math.isfinite(value) else None for name, value in line.items()})
        progress.note(
            f"epoch {line['epoch']}: train {line['train_nats']:.2f}, validation {validation:.2f} nats, "
            f"{line['seconds']:.0f} seconds"
        )
        state = state._replace(loss_sum=jnp.zeros(()))
        if validation < state.best_nats:
            state = state._replace(
                best=jax.tree.map(np.array, state.average), best_nats=validation, best_step=state.step
            )
        return state

    def _end(self, state: State) -> None:
        line = {"best_validation_nats": round(state.best_nats, 4), "seconds": round(self._seconds(), 1)}
        if "test" in self.pixels:
            line["test_nats"] = round(self._nats(state.best, "test"), 4)
        self._log(line)
        with _replacing(self.folder / MODEL) as temporary, temporary.open("wb") as file:
            _save_arrays(file, trained.named(state.best))
        progress.note(f"{self.folder / MODEL}: validation {state.best_nats:.3f} nats")

    def _minus_log_prob(self, params: Any, images: jax.Array, key: jax.Array) -> jax.Array:
        del key
        return -self.model.log_prob(params, images)

    def _nats(self, params: Any, split: str) -> float:
        """Mean over a split of what the epoch is chosen by."""
        key = jax.random.fold_in(self.init_key, 1)
        if hasattr(self.model, "mean_nats"):
            return float(self.model.mean_nats(params, self.pixels[split], key))
        return float(np.mean(numbers(lambda x: self._validation_nats(params, x, key), self.pixels[split])))

    # Files -----------------------------------------------------------------------------------------------------

    def _fresh(self) -> State:
        params = self.model.init(self.init_key, self.pixels["train"], self.options)
        average = jax.tree.map(jnp.array, params)
        best = jax.tree.map(np.array, params)
        memory: Any = ()
        if hasattr(self.model, "memory"):
            memory = self.model.memory(jax.random.fold_in(self.init_key, 2), self.pixels["train"], self.options)
        optimizer = self.optimizer.init(_trained_part(params)) if self.by_gradient else ()
        return State(params, optimizer, average, memory, jnp.zeros(()), best, math.inf, 0, 0)

    def _resume(self) -> State:
        state = self._fresh()
        path = self.folder / CHECKPOINT
        if path.exists():
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
                    leaves, structure = jax.tree.flatten(state)
                    leaves = [_like(leaf, saved[f"leaf{number:03}"]) for number, leaf in enumerate(leaves)]
                    state, self._seconds_before = jax.tree.unflatten(structure, leaves), float(saved["seconds"])
            except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                raise FormatError(
                    f"The checkpoint {path} is damaged ({error}). Delete it, and the same command trains from the "
                    "beginning."
                ) from error
            progress.note(f"Going on from step {state.step} of {self.total_steps}.")
        # Epochs after the checkpoint will be trained, and logged, again.
        _write_log(self.folder, [line for line in _log_lines(self.folder) if line.get("step", math.inf) <= state.step])
        return state

    def _save(self, state: State) -> None:
        leaves = {f"leaf{number:03}": np.asarray(leaf) for number, leaf in enumerate(jax.tree.leaves(state))}
        with _replacing(self.folder / CHECKPOINT) as temporary, temporary.open("wb") as file:
            _save_arrays(file, leaves | {"seconds": np.asarray(self._seconds())})

    def _log(self, line: Mapping[str, Any]) -> None:
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def adamw(weight_decay: float) -> optax.GradientTransformation:
    """Adam with decay of the matrices, not of the biases (Loshchilov & Hutter, ICLR 2019); without a rate."""
    matrices = lambda params: jax.tree.map(lambda array: array.ndim > 1, params)  # noqa: E731
    return optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(weight_decay, matrices))


def _trained_part(params: Any) -> Any:
    return equinox.filter(params, equinox.is_inexact_array)


def _log_lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]  # a kill can cut a line


def _write_log(folder: Path, lines: list[dict[str, Any]]) -> None:
    with _replacing(folder / LOG) as temporary:
        temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def numbers(
    each: Callable[[Any], Any], pixels: NDArray[np.uint8], batch: int = EVALUATION_BATCH
) -> NDArray[np.float64]:
    """A number for every image, ``(n,)`` float64, in batches of one shape: the last is filled up with zeros."""
    parts = []
    for first in range(0, len(pixels), batch):
        part = pixels[first : first + batch]
        filled = np.zeros((batch, *part.shape[1:]), part.dtype)
        filled[: len(part)] = part
        parts.append(np.asarray(each(filled), np.float64)[: len(part)])
    return np.concatenate(parts)


def _save_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    np.savez(file, **cast(Any, dict(arrays)))  # NumPy's stub takes the names for those of its own arguments


def _like(leaf: Any, saved: NDArray[Any]) -> Any:
    if isinstance(leaf, (int, float)):
        return type(leaf)(saved)
    return saved if isinstance(leaf, np.ndarray) else jnp.asarray(saved)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` that takes its name once the block has ended well."""
    temporary = path.with_name(f".{path.name}.part")
    yield temporary
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
