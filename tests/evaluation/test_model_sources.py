"""Models by the place of their code."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from onebit.evaluation.model_sources import ModelFailedError, ModelNotFoundError, ModelSource


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some_models.py"
    path.write_text(
        "import dataclasses\nfrom pathlib import Path\n\n"
        "HERE = Path(__file__).parent\nruns = []\nruns.append(1)\n\n"
        "@dataclasses.dataclass\nclass Model:\n    scale: 'float' = 2.0\n\n"
        "    def log_prob(self, x):\n        return self.scale * len(x)\n\n"
        "model = Model(3.0)\n\ndef make():\n    return Model(5.0)\n"
    )
    return path


@pytest.mark.parametrize(("name", "scale"), [("model", 3.0), ("Model", 2.0), ("make", 5.0)])
def test_an_object_a_class_and_a_function_are_models(file: Path, name: str, scale: float) -> None:
    assert ModelSource.parse(f"{file}:{name}").load().log_prob([0]) == scale


def test_the_file_knows_where_it_is_and_finds_its_neighbours(file: Path) -> None:
    (file.parent / "some_neighbour.py").write_text("NUMBER = 7\n")
    file.write_text(file.read_text() + "from some_neighbour import NUMBER\nmodel = Model(float(NUMBER))\n")
    assert ModelSource.parse(f"{file}:model").load().scale == 7
    assert ModelSource.parse(f"{file}:HERE").load() == file.parent


def test_bytes_are_what_is_run_though_the_file_changes_or_goes(file: Path) -> None:
    source = pickle.loads(pickle.dumps(ModelSource.parse(f"{file}:model")))
    file.unlink()
    assert source.load().scale == 3


def test_files_of_one_name_do_not_mix(file: Path, tmp_path: Path) -> None:
    first = ModelSource.parse(f"{file}:model").load()
    other = tmp_path / "other" / file.name
    other.parent.mkdir()
    other.write_text(file.read_text().replace("Model(3.0)", "Model(4.0)"))
    assert (first.scale, ModelSource.parse(f"{other}:model").load().scale) == (3, 4)


def test_a_file_called_like_a_module_does_not_replace_it(file: Path) -> None:
    mine = file.with_name("json.py")
    file.rename(mine)
    import json

    assert ModelSource.parse(f"{mine}:model").load().scale == 3
    assert sys.modules["json"] is json


def test_a_file_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken_models.py"
    broken.write_text("1 / 0\n")
    with pytest.raises(ModelFailedError):
        ModelSource.parse(f"{broken}:model").load()
    assert "broken_models" not in sys.modules


@pytest.mark.parametrize(
    ("code", "message", "cause"),
    [
        ("1 / 0\n", r"^broken\.py, line 1: ZeroDivisionError: division by zero$", ZeroDivisionError),
        ("def (:\n", r"^broken\.py, line 1: SyntaxError: invalid syntax$", SyntaxError),
        ("\nimport onebit_nowhere\n", r"^broken\.py, line 2: ModuleNotFoundError: No module named", ImportError),
        ("import sys\nsys.exit(3)\n", r"^broken\.py, line 2: SystemExit: 3$", SystemExit),
        (
            "class model:\n    def __init__(self, size): ...\n",
            r"^broken\.py: TypeError: .* argument: 'size'$",
            TypeError,
        ),
        ("def model():\n    raise OSError\n", r"^broken\.py, line 2: OSError$", OSError),
        ("\0", r"^broken\.py: (ValueError|SyntaxError): source code", (ValueError, SyntaxError)),
    ],
)
def test_what_fails_says_on_which_line(tmp_path: Path, code: str, message: str, cause: type[Exception]) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(code)
    with pytest.raises(ModelFailedError, match=message) as caught:
        ModelSource.parse(f"{broken}:model").load()
    assert isinstance(caught.value.__cause__, cause)


def test_only_what_the_code_of_the_model_raised_is_blamed_on_it(file: Path) -> None:
    file.write_text("class Model:\n    def log_prob(self, x):\n        return [1][len(x)]\n")
    source = ModelSource.parse(f"{file}:Model")
    model = source.load()
    with pytest.raises(ModelFailedError, match=r"^some_models\.py, line 3: IndexError"), source.blamed():
        model.log_prob("abc")
    with pytest.raises(ZeroDivisionError), source.blamed():
        1 / 0  # noqa: B018
    with pytest.raises(ModelNotFoundError), source.blamed():
        ModelSource.parse("nothing")
    with pytest.raises(KeyboardInterrupt), source.blamed():
        raise KeyboardInterrupt


def test_modules_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ModelSource.parse("math:tau").load() > 6
    assert ModelSource.parse("math:tau").code is None
    with pytest.raises(ModelNotFoundError, match=r"There is no module onebit_nowhere\.models\."):
        ModelSource.parse("onebit_nowhere.models:model").load()


@pytest.mark.parametrize("reference", ["nade", "", ":", "file.py:", ":model"])
def test_texts_that_name_nothing(reference: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"names no model\. Write FILE\.py:NAME or package\.module:NAME"):
        ModelSource.parse(reference)


def test_names_that_are_not_there(file: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"some_models\.py has no 'nobody'"):
        ModelSource.parse(f"{file}:nobody").load()
    with pytest.raises(ModelNotFoundError, match=r"There is no file nowhere\.py"):
        ModelSource.parse("nowhere.py:model")
