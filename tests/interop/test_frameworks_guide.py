"""The guide's code runs in the frameworks that it is about; ``make test`` runs what needs none of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from absl import flags

GUIDE = Path(__file__).parents[2] / "docs" / "frameworks.md"
BLOCK = re.compile(r"^```python(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
flags.FLAGS.mark_as_parsed()  # as absl.app.run does in a program


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "grain", "datasets"])
def test_its_code_runs(framework: str) -> None:
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    own = [code for kind, code in blocks if kind == framework]
    assert own
    namespace: dict[str, object] = {"__name__": "__main__"}
    for code in (blocks[0][1], *own):  # the first loads the data
        exec(compile(code, str(GUIDE), "exec"), namespace)


def test_every_block_is_run_somewhere() -> None:
    kinds = {kind for kind, _ in BLOCK.findall(GUIDE.read_text(encoding="utf-8"))}
    assert kinds == {"", "torch", "tensorflow", "grain", "datasets"}
