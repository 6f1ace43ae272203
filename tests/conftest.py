"""What all tests share: where the real files are, and a one-line note when they are not there."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import small_digits

import onebit
import onebit.datasets
from onebit import registry
from onebit.builders import REGISTERED, DatasetBuilder

REAL_DATA_SKIPS: list[str] = []

# Everywhere else each run searches among new examples; CI repeats its own, so that it fails for a change alone.
hypothesis.settings.register_profile("onebit", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("onebit")


def pytest_configure(config: pytest.Config) -> None:
    """No test may reach the network, a home folder or a mirror that the developer has set."""
    for name in ("ONEBIT_MIRROR", "ONEBIT_SOURCE_DIR", "ONEBIT_DATA_DIR", "ONEBIT_LEADERBOARD_DIR"):
        os.environ.pop(name, None)
    os.environ["MPLBACKEND"] = "Agg"  # no window opens, no window is waited for


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "ONEBIT_TEST_DATA" in os.environ:
        return
    for item in items:
        if item.get_closest_marker("real_data"):
            REAL_DATA_SKIPS.append(item.nodeid)
            item.add_marker(pytest.mark.skip(reason="ONEBIT_TEST_DATA is not set"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test on the real files that was skipped is a failure: it would hide that they were not there."""
    if REAL_DATA_SKIPS and "ONEBIT_REQUIRE_REAL_DATA" in os.environ:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if REAL_DATA_SKIPS:
        terminalreporter.write_line(
            f"{len(REAL_DATA_SKIPS)} tests on the real files were skipped: set ONEBIT_TEST_DATA to the folder that "
            "holds binarized_mnist/upstream/*.amat.xz to run them."
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real files (tests that use it are marked ``real_data``)."""
    return Path(os.environ["ONEBIT_TEST_DATA"])


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test prepares data sets in a folder of its own, never in the developer's cache."""
    folder = tmp_path_factory.mktemp("onebit-data")
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(folder))
    monkeypatch.setenv("ONEBIT_LEADERBOARD_DIR", str(folder / "leaderboard"))
    yield folder


@pytest.fixture(autouse=True)
def no_registrations() -> Iterator[None]:
    """A data set that a test defines is known to that test alone."""
    before = dict(REGISTERED)
    yield
    REGISTERED.clear()
    REGISTERED.update(before)


@pytest.fixture(scope="session")
def small_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the upstream files of the data set ``small_digits`` (see tests/small_digits.py)."""
    folder = tmp_path_factory.mktemp("small-upstream")
    small_digits.write_sources(folder)
    return folder


@pytest.fixture(scope="session")
def small_builder(tmp_path_factory: pytest.TempPathFactory, small_sources: Path) -> type[DatasetBuilder]:
    """The builder class of ``small_digits``, imported from a folder like those of onebit.datasets."""
    folder = tmp_path_factory.mktemp("datasets") / small_digits.NAME
    small_digits.write_dataset(folder, small_digits.write_sources(small_sources))
    onebit.datasets.__path__.append(str(folder.parent))
    try:
        found: type[DatasetBuilder] = importlib.import_module(f"onebit.datasets.{small_digits.NAME}").Builder
    finally:
        onebit.datasets.__path__.remove(str(folder.parent))
    return found


@pytest.fixture
def registered(small_builder: type[DatasetBuilder], monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes ``small_digits`` a data set that `onebit.load` finds by name; gives the name."""
    monkeypatch.setattr(registry, "_DATASETS", small_builder.folder.parent)
    return small_digits.NAME


@pytest.fixture(scope="session")
def small_site(small_builder: type[DatasetBuilder]) -> str:
    """Code that makes ``small_digits`` known to another process; see `registered`."""
    parent = str(small_builder.folder.parent)
    return (
        "import onebit.datasets, onebit.registry, pathlib\n"
        f"onebit.datasets.__path__.append({parent!r}); onebit.registry._DATASETS = pathlib.Path({parent!r})\n"
    )


@pytest.fixture(scope="session")
def prepared(
    small_builder: type[DatasetBuilder], small_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> DatasetBuilder:
    """A builder of ``small_digits`` whose data is on the disk. Tests that damage the data prepare their own."""
    builder = small_builder(data_dir=tmp_path_factory.mktemp("prepared"))
    builder.download_and_prepare(source_dir=small_sources)
    return builder


@pytest.fixture(scope="session")
def real_prepared(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data_dir with the real binarized_mnist in it (for tests that are marked ``real_data``)."""
    data_dir = tmp_path_factory.mktemp("real-prepared")
    builder = onebit.builder("binarized_mnist", data_dir=data_dir)
    builder.download_and_prepare(source_dir=real_data / "binarized_mnist" / "upstream")
    return data_dir
