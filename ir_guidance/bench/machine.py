# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ir_guidance import __version__

PACKAGES = (
    "ros-rclpy",
    "ros-rmw-fastrtps-cpp",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "openvino",
    "torch",
)
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def machine() -> dict[str, object]:
    """Return processor, cores, memory, kernel, governor, load and versions, as far as they can be told."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "system": platform.platform(),
        "governor": _text(GOVERNOR) or "not told",
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "ir_guidance": __version__,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "rmw": os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp, the default"),
    }


def stolen_s() -> float:
    """Return the time that a host took from this machine's cores since it was started; 0 where it is not told.

    The eighth number of the line of all cores (proc(5)).
    """
    words = _text(Path("/proc/stat")).partition("\n")[0].split()
    return int(words[8]) / os.sysconf("SC_CLK_TCK") if len(words) > 8 else 0.0


def _processor() -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
