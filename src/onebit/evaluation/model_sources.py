"""`ModelSource`: where the code of a model is, so that other processes and machines can make the same model.

A model that lives in a script cannot be pickled by reference: a worker has no such module. What is sent instead is the
script itself, its bytes as they were read, and the name in it.

What that code raises is its own affair and no bad argument: `ModelSource.blamed` says in one sentence where it was.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from onebit.errors import OnebitError

METHODS = ("log_prob", "log_weights", "free_energy", "log_likelihood_and_gradient")
"""What makes an object a model: see `onebit.evaluation.contracts`."""


class ModelNotFoundError(OnebitError, ValueError):
    """A text names no model: there is no such file, module or name."""


class ModelFailedError(OnebitError, RuntimeError):
    """The code of a model raised something; the message says what, and on which line of it."""


class RemoteError(RuntimeError):
    """What the code of a model raised in another process, where it cannot be sent itself.

    Its text begins with the class of what was raised; the traceback is its note.
    """


@dataclasses.dataclass(frozen=True)
class ModelSource:
    """A name in a file of Python code, or in a module that is installed.

    Attributes:
        place: the absolute path of the file, or the name of the module.
        name: of the model in it: an object with one of `METHODS`, or a class or function that makes one.
        code: the bytes of the file; None for a module.
    """

    place: str
    name: str
    code: bytes | None = None

    @classmethod
    def parse(cls, reference: str) -> ModelSource:
        """Reads ``FILE.py:NAME`` (and the file) or ``package.module:NAME``.

        Raises:
            ModelNotFoundError: the text is neither, or there is no such file.
        """
        place, colon, name = reference.rpartition(":")
        if not colon or not place or not name:
            raise ModelNotFoundError(f"{reference!r} names no model. Write FILE.py:NAME or package.module:NAME.")
        if not place.endswith(".py"):
            return cls(place, name)
        path = Path(place)
        if not path.is_file():
            raise ModelNotFoundError(f"There is no file {path}.")
        return cls(str(path.absolute()), name, path.read_bytes())

    def load(self) -> Any:
        """Runs the code, and gives the model.

        The code of a file sees its own path in ``__file__``, and may import its neighbours where that path exists.

        Raises:
            ModelNotFoundError: there is no such module, or no such name in it.
            ModelFailedError: the code cannot be run, or raised something; the cause is what it raised.
        """
        with self.blamed(everything=True):
            module = self._installed() if self.code is None else self._run(self.code)
            if not hasattr(module, self.name):
                raise ModelNotFoundError(f"{self._short} has no {self.name!r}.")
            found = getattr(module, self.name)
            # A class has the methods of its objects: it is called all the same.
            return found() if isinstance(found, type) or (callable(found) and not _is_model(found)) else found

    @contextlib.contextmanager
    def blamed(self, *, everything: bool = False) -> Iterator[None]:
        """In the ``with`` block, what the code of the model raises becomes a `ModelFailedError` that says where.

        Args:
            everything: whether the model is to blame for what was raised elsewhere, too (a class that is called without
                its arguments).

        Raises:
            ModelFailedError: an exception came from a line of the code; errors of onebit stay as they are.
        """
        try:
            yield
        except OnebitError:
            raise
        except (Exception, SystemExit) as error:
            place = self._place_in(error)
            if place is None and not everything:
                raise
            said = (error.msg if isinstance(error, SyntaxError) else str(error)).strip()
            what = said.splitlines()[0] if said else ""
            if not isinstance(error, RemoteError):
                what = f"{type(error).__name__}: {what}" if what else type(error).__name__
            raise ModelFailedError(f"{place or self._short}: {what}") from error

    def _place_in(self, error: BaseException) -> str | None:
        """The line of the model's code that an exception came from; None where it came from no line of it.

        Tracebacks of workers arrive as texts, as the cause of an exception: here all are texts.
        """
        module = sys.modules.get(self.place)
        file = self.place if self.code is not None else getattr(module, "__file__", None) or self.place
        if isinstance(error, SyntaxError) and error.filename == file:
            return f"{Path(file).name}, line {error.lineno}"
        text = "".join(traceback.format_exception(error))
        found = re.findall(rf'^ *File "{re.escape(file)}", line (\d+)', text, re.MULTILINE)
        return f"{Path(file).name}, line {found[-1]}" if found else None

    @property
    def _short(self) -> str:
        return self.place if self.code is None else Path(self.place).name

    def _run(self, code: bytes) -> ModuleType:
        path = Path(self.place)
        name = re.sub(r"\W", "_", path.stem)
        if name in sys.modules:  # of another file, perhaps, or of the standard library
            name = f"{name}_{hashlib.sha256(self.place.encode() + code).hexdigest()[:16]}"
            if name in sys.modules:
                return sys.modules[name]
        if path.parent.is_dir() and str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        module = ModuleType(name)
        module.__file__ = self.place
        sys.modules[name] = module  # dataclasses and pickle look for it there
        try:
            exec(compile(code, self.place, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    def _installed(self) -> ModuleType:
        if "" not in sys.path and str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        try:
            return importlib.import_module(self.place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{self.place}.".startswith(f"{error.name}."):
                raise
            raise ModelNotFoundError(f"There is no module {self.place}.") from error


def _is_model(found: Any) -> bool:
    return any(callable(getattr(found, method, None)) for method in METHODS)
