# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is here and what is missing on this machine, each with its remedy, in words."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.util import find_spec

from rich.markup import escape
from rich.table import Column, Table

OLDEST, NEWEST = (3, 11), (3, 13)
PROBE_TIMEOUT_S = 30.0
DRIVER_LIBRARY = "libcuda.so.1"
NAME_BYTES = 128
SET_UP = (
    "run `make setup` for ROS 2 from PyPI, or source a full install (/opt/ros/jazzy/setup.bash)"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked for; ``remedy`` is empty when it is found."""

    name: str
    found: bool
    detail: str
    remedy: str = ""


def doctor() -> list[Check]:
    """Look at everything, what the demo needs first."""
    looks: tuple[Callable[[], Check], ...] = (
        _python,
        _ros,
        _messages,
        _transforms,
        _launch,
        _images,
        _dicom,
        _recording,
        _gpu,
        _tensorrt,
        _openvino,
        _models,
    )
    return [look() for look in looks]


def render(checks: list[Check]) -> Table:
    """Return the checks for the terminal, each remedy below what it is for."""
    table = Table.grid("", "", Column(overflow="fold"), padding=(0, 2))
    for check in checks:
        mark = "[green]yes[/]" if check.found else "[yellow]no[/]"
        remedy = f"\n[bold]{escape(check.remedy)}[/]" if check.remedy else ""
        table.add_row(mark, check.name, escape(check.detail) + remedy)
    return table


def _python() -> Check:
    here = sys.version_info[:2]
    fits = OLDEST <= here <= NEWEST
    remedy = "" if fits else "use Python 3.11, 3.12 or 3.13: make setup PYTHON=python3.12"
    return Check("Python", fits, f"{platform.python_version()}, {sys.prefix}", remedy)


def _ros() -> Check:
    works, said = _probe("import rclpy; print(rclpy.get_rmw_implementation_identifier())")
    if not works:
        return Check("ROS 2", False, said, SET_UP)
    wheel = _version("ros-rclpy")
    sourced = os.environ.get("ROS_DISTRO", "")
    if wheel and sourced:
        both = f"rclpy {wheel} from PyPI, and {sourced} is sourced as well"
        return Check("ROS 2", False, both, "use one of the two: a shell in which no ROS is sourced")
    origin = f"rclpy {wheel} from PyPI" if wheel else f"{sourced or 'a full install'}"
    return Check("ROS 2", True, f"{origin}, {said}")


def _messages() -> Check:
    works, said = _probe("import ir_guidance_msgs.msg as m; print(m.__file__)")
    return Check(
        "messages", works, said, "" if works else "run `make setup`, or colcon build and source it"
    )


def _transforms() -> Check:
    works, said = _probe("import tf2_msgs.msg as m; print(m.__file__)")
    return Check(
        "/tf messages", works, said, "" if works else "run `make setup`, or install tf2_msgs"
    )


def _launch() -> Check:
    if find_spec("launch_ros") is not None:
        return Check("ros2 launch", True, "launch_ros")
    remedy = "only a full ROS 2 install has it; `ir-guidance demo` starts the same nodes without"
    return Check("ros2 launch", False, "no launch_ros", remedy)


def _images() -> Check:
    return _libraries("image and video files", {"cv2": "opencv-python-headless"})


def _dicom() -> Check:
    return _libraries("DICOM files", {"pydicom": "pydicom", "gdcm": "python-gdcm"})


def _recording() -> Check:
    return _libraries("recordings (MCAP)", {"mcap": "mcap"})


def _libraries(name: str, wanted: dict[str, str]) -> Check:
    """Look for importable modules, each with the name that pip knows."""
    missing = [package for module, package in wanted.items() if find_spec(module) is None]
    if missing:
        return Check(name, False, f"no {' or '.join(missing)}", f"pip install {' '.join(missing)}")
    return Check(name, True, ", ".join(f"{p} {_version(p)}".strip() for p in wanted.values()))


def _gpu() -> Check:
    try:
        driver = ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        remedy = "none needed: everything runs on the CPU; for a GPU install NVIDIA's driver"
        return Check("GPU", False, f"no NVIDIA driver ({DRIVER_LIBRARY})", remedy)
    count, name = ctypes.c_int(0), ctypes.create_string_buffer(NAME_BYTES)
    if (
        driver.cuInit(0) != 0
        or driver.cuDeviceGetCount(ctypes.byref(count)) != 0
        or not count.value
    ):
        remedy = "nvidia-smi says why; in a container, start it with the GPU passed through"
        return Check("GPU", False, "an NVIDIA driver, and no GPU that works", remedy)
    driver.cuDeviceGetName(name, NAME_BYTES, 0)
    return Check("GPU", True, f"{count.value} x {name.value.decode(errors='replace')}")


def _tensorrt() -> Check:
    return _backend("TensorRT", "tensorrt", "pip install tensorrt, on a machine with a GPU")


def _openvino() -> Check:
    return _backend("OpenVINO", "openvino", "pip install openvino, for learned trackers on a CPU")


def _backend(name: str, module: str, remedy: str) -> Check:
    """Look for a backend without loading it: TensorRT crashes where there is no driver."""
    if find_spec(module) is None:
        return Check(name, False, "not installed", remedy)
    return Check(name, True, _version(module) or "installed")


def _models() -> Check:
    folder = files("ir_guidance") / "models"
    found = (
        sorted(f.name for f in folder.iterdir() if f.name.endswith(".onnx"))
        if folder.is_dir()
        else []
    )
    if not found:
        return Check("learned models", False, "none", "none needed: the classical tracker is used")
    return Check("learned models", True, ", ".join(found))


def _probe(program: str) -> tuple[bool, str]:
    """Try an import in a process of its own; return whether it works and the last line it said."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {PROBE_TIMEOUT_S:.0f} s"
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, said[-1] if said else f"exit status {done.returncode}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
