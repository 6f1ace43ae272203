"""Where things lie on this machine: prepared data sets, a user's own copies of upstream files, a site mirror.

Environment variables (each has an argument that wins over it):

- ``ONEBIT_DATA_DIR``: folder for prepared data sets; without it, the platform's cache folder.
- ``ONEBIT_SOURCE_DIR``: folder with upstream files that somebody put there by hand.
- ``ONEBIT_MIRROR``: base URL of a mirror that serves upstream files as BASE/HOST/PATH.
- ``ONEBIT_LEADERBOARD_DIR``: folder of your own results; without it, the platform's folder for data of users.
"""

from __future__ import annotations

import os
from pathlib import Path


def data_dir_root(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds prepared data sets: the argument, else ``ONEBIT_DATA_DIR``, else the platform's cache."""
    chosen = data_dir if data_dir is not None else os.environ.get("ONEBIT_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("onebit", appauthor=False))


def source_dir(folder: str | os.PathLike[str] | None = None) -> Path | None:
    """The folder with hand-placed upstream files: the argument, else ``ONEBIT_SOURCE_DIR``, else None.

    Raises:
        NotADirectoryError: the folder does not exist or is a file.
    """
    chosen = folder if folder is not None else os.environ.get("ONEBIT_SOURCE_DIR")
    if not chosen:
        return None
    path = Path(chosen).expanduser().absolute()
    if not path.is_dir():
        origin = "source_dir" if folder is not None else "ONEBIT_SOURCE_DIR"
        raise NotADirectoryError(
            f"{origin} is {os.fspath(chosen)!r}, which is not a folder. "
            "Give the folder that holds the upstream files, for example binarized_mnist_train.amat."
        )
    return path


def site_mirror() -> str | None:
    """The base URL in ``ONEBIT_MIRROR``, or None."""
    return os.environ.get("ONEBIT_MIRROR") or None


def leaderboard_dir(folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a user's own results: the argument, else ``ONEBIT_LEADERBOARD_DIR``, else the platform's data."""
    chosen = folder if folder is not None else os.environ.get("ONEBIT_LEADERBOARD_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("onebit", appauthor=False)) / "leaderboard"
