"""The machine that a run was made on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def describe() -> dict[str, Any]:
    """Cores, processor, memory, operating system and Python, as a JSON value."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "distribution": _distribution(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def load() -> list[float]:
    """The load averages over 1, 5 and 15 minutes: how busy the machine was with other work."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else []


def words(content: Mapping[str, Any], *further: str) -> str:
    """When and where results were measured, as their table says it: date, processor, cores, what is further named."""
    about = content["machine"]
    return ", ".join([content["date"], about["processor"], f"{about['cores']} cores", *further])


def words_of_load(content: Mapping[str, Any]) -> str:
    """The load averages that results were measured under."""
    return f"load averages at the end {', '.join(str(value) for value in content['load'])}"


def _processor() -> str:
    fields = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip(), value.strip())
    except OSError:
        return platform.processor() or platform.machine()
    # Virtual machines often have no name for it: family and model then say which one it is.
    numbers = ", ".join(f"{name} {fields[name]}" for name in ("cpu family", "model", "stepping") if name in fields)
    name = fields.get("model name", platform.machine())
    return f"{name} ({numbers})" if numbers else name


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.platform()
