"""`ModelSource`: where the code of a model is, so that other processes and machines can make the same model.

A model that lives in a script cannot be pickled by reference: a worker has no such module. What is sent instead is the
script itself, its bytes as they were read, and the name in it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from onebit.errors import OnebitError

METHODS = ("log_prob", "log_weights", "free_energy", "log_likelihood_and_gradient")
"""What makes an object a model: see `onebit.evaluation.contracts`."""


class ModelNotFoundError(OnebitError, ValueError):
    """A text names no model: there is no such file, module or name."""


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
        """
        module = self._installed() if self.code is None else self._run(self.code)
        if not hasattr(module, self.name):
            place = self.place if self.code is None else Path(self.place).name
            raise ModelNotFoundError(f"{place} has no {self.name!r}.")
        found = getattr(module, self.name)
        # A class has the methods of its objects: it is called all the same.
        return found() if isinstance(found, type) or (callable(found) and not _is_model(found)) else found

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
