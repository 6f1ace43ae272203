"""Builders written for TFDS, run as they are: modules that stand in for ``tensorflow_datasets`` for a while.

    from onebit import compat

    with compat.tensorflow_datasets():
        builder = onebit.builder("binarized_mnist_dataset_builder.py")   # a file that imports tensorflow_datasets
    builder.download_and_prepare()

What stands in are names of onebit's own objects, and nothing else is served:

- ``tensorflow_datasets`` and ``tensorflow_datasets.public_api``: the public names of onebit;
- ``tensorflow_datasets.core.utils.lazy_imports_utils.tensorflow``: TensorFlow where it is installed, else an object
  that has ``io.gfile.GFile`` only;
- ``tensorflow_datasets.image_classification.mnist.MNIST_IMAGE_SHAPE``;
- ``six.moves.urllib``, where ``six`` is not installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import IO, Any

from onebit.errors import OnebitError
from onebit.generation import taken_names_allowed
from onebit.tfds_names import Names, core

_TFDS = "tensorflow_datasets"
_MNIST_IMAGE_SHAPE = (28, 28, 1)


class NotServedError(OnebitError, ImportError):
    """A name of TFDS that `tensorflow_datasets` does not have; the message says what it has."""


@contextmanager
def tensorflow_datasets() -> Iterator[None]:
    """Within this block ``import tensorflow_datasets`` gives onebit under TFDS's names; see the module.

    A class that is defined in the block is known to `onebit.load`, unless its name is that of one of onebit's data
    sets. What was imported from a stand-in can be used after the block; the stand-ins themselves are gone then,
    whatever was raised.

    Raises:
        RuntimeError: the real package has been imported in this process, or another such block is open.
    """
    if isinstance(sys.modules.get(_TFDS), StandIn):
        raise RuntimeError(
            "Another block of onebit.compat.tensorflow_datasets() is open in this process. Define the builder in that "
            "one, or close it before."
        )
    if _TFDS in sys.modules:
        raise RuntimeError(
            "tensorflow_datasets is imported in this process already, and nothing may stand in for it now. Use it as "
            "it is, or run the builder on onebit in a process that has not imported it."
        )
    modules = _stand_ins()
    finder = _Refusing(modules)
    with ExitStack() as undo:
        undo.enter_context(taken_names_allowed())
        undo.callback(_restore, {name: sys.modules.get(name) for name in modules})
        sys.modules.update(modules)
        sys.meta_path.insert(0, finder)
        undo.callback(sys.meta_path.remove, finder)
        yield


def _restore(before: Mapping[str, ModuleType | None]) -> None:
    for name, module in before.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module


class StandIn(ModuleType):
    """A module that has a few names only.

    Args:
        name: its full name.
        names: what it has. A function among the values of `later` makes its value when it is first asked for.
        later: likewise, by function.
    """

    def __init__(self, name: str, names: Mapping[str, Any], later: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, f"onebit's stand-in for {name}.")
        self.__spec__ = ModuleSpec(name, None, is_package=True)  # for those who ask whether there is such a module
        self.__path__: list[str] = []  # a package, so that names which it lacks are looked for, and refused with words
        self.__dict__.update(names)
        self._later = dict(later or {})

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_later", {}):
            value = self.__dict__[name] = self._later[name]()
            return value
        raise AttributeError(_not_served(f"{self.__name__}.{name}"))


class _Refusing(MetaPathFinder):
    """Says what is served where something else is imported."""

    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        self._tops = {name.partition(".")[0] for name in modules}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._tops:
            raise NotServedError(_not_served(fullname), name=fullname)
        return None


def _stand_ins() -> dict[str, ModuleType]:
    import onebit  # the public names are the package's own list

    public = {name: partial(getattr, onebit, name) for name in onebit.__all__ if name != "compat"}
    contents: dict[str, Mapping[str, Any]] = {
        _TFDS: {},
        f"{_TFDS}.public_api": {},
        f"{_TFDS}.core": {name: value for name, value in vars(core).items() if not name.startswith("_")},
        f"{_TFDS}.core.utils": {},
        f"{_TFDS}.core.utils.lazy_imports_utils": {},
        f"{_TFDS}.image_classification": {},
        f"{_TFDS}.image_classification.mnist": {"MNIST_IMAGE_SHAPE": _MNIST_IMAGE_SHAPE},
    }
    later: dict[str, Mapping[str, Any]] = {
        _TFDS: public,
        f"{_TFDS}.public_api": public,
        f"{_TFDS}.core.utils.lazy_imports_utils": {"tensorflow": _tensorflow},
    }
    if "six" not in sys.modules and importlib.util.find_spec("six") is None:
        contents |= {"six": {}, "six.moves": {}}
    made: dict[str, ModuleType] = {name: StandIn(name, names, later.get(name)) for name, names in contents.items()}
    if "six.moves" in made:
        import urllib.error
        import urllib.request

        made |= {"six.moves.urllib": urllib, "six.moves.urllib.parse": urllib.parse}
        made |= {"six.moves.urllib.request": urllib.request, "six.moves.urllib.error": urllib.error}
    for name, module in made.items():
        parent, _, last = name.rpartition(".")
        if isinstance(made.get(parent), StandIn):
            setattr(made[parent], last, module)
    return made


def _tensorflow() -> Any:
    """TensorFlow where it is installed, else what opens files as it does."""
    if importlib.util.find_spec("tensorflow") is not None:
        return importlib.import_module("tensorflow")
    without = "without TensorFlow (for all of it type: pip install tensorflow)"
    gfile = Names(f"tf.io.gfile {without}", {"GFile": _open})
    files = Names(f"tf.io {without}", {"gfile": gfile})
    return Names(f"tf {without}", {"io": files})


def _open(name: Any, mode: str = "r") -> IO[Any]:
    """A file of this machine, in the words of ``tf.io.gfile.GFile``."""
    return open(name, mode, encoding=None if "b" in mode else "utf-8")  # noqa: PTH123 - the name is TFDS's business


def _not_served(name: str) -> str:
    return (
        f"onebit.compat does not serve {name!r}. It serves the public names of onebit under tensorflow_datasets and "
        "tensorflow_datasets.public_api; tensorflow_datasets.core.utils.lazy_imports_utils.tensorflow; "
        "tensorflow_datasets.image_classification.mnist.MNIST_IMAGE_SHAPE; and six.moves.urllib. For other builders "
        "change the import to `import onebit as tfds`."
    )
