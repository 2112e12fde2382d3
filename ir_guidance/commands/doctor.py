# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is here and what is missing on this machine, each with its remedy, in words."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from rich.markup import escape
from rich.table import Column, Table

from ir_guidance.models import model_path
from ir_guidance.track.backends import BackendError
from ir_guidance.track.backends.cuda import find_gpu
from ir_guidance.values import Modality

OLDEST, NEWEST = (3, 11), (3, 13)
PROBE_TIMEOUT_S = 60.0
BACKENDS = {
    "tensorrt": "needs a GPU: pip install tensorrt, then ir-guidance build-engine",
    "torch": "needs a GPU: pip install torch onnx",
    "openvino": "pip install openvino",
    "onnxruntime": "pip install onnxruntime",
}
"""What can run the network, each with what it lacks where it does not work."""

LOAD = """
import pathlib, sys
from ir_guidance.track.backends import BackendError, load_network
try:
    print(load_network({name!r}, pathlib.Path({model!r})).name)
except BackendError as error:
    sys.exit(str(error))
"""
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
        _models,
    )
    return [look() for look in looks] + [_backend(*each) for each in BACKENDS.items()]


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
        gpu = find_gpu()
    except BackendError as error:
        remedy = "none needed: the CPU will do; in a container, pass the GPU through"
        return Check("GPU", False, str(error), remedy)
    return Check("GPU", True, f"{gpu.name}, compute capability {gpu.compute_capability}")


def _models() -> Check:
    found = _installed_models()
    if not found:
        return Check("learned models", False, "none", "ir-guidance train, then export")
    return Check("learned models", True, ", ".join(model.name for model in found))


def _installed_models() -> list[Path]:
    return [model for model in map(model_path, Modality) if model.exists()]


def _backend(name: str, remedy: str) -> Check:
    """Load a model on a backend, in a process of its own: what is wrong with a driver may end it."""
    if find_spec(name) is None and name != "tensorrt":
        return Check(name, False, "not installed", remedy)
    models = _installed_models()
    if not models:
        return Check(name, False, "not tried: no learned model to try it with", remedy)
    works, said = _probe(LOAD.format(name=name, model=str(models[0])))
    return Check(name, works, said, "" if works else remedy)


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
