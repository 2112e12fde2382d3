# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The doctor says what is missing, and what to do about it."""

from __future__ import annotations

import ctypes
import io
import sys
from importlib.util import find_spec

import pytest
from rich.console import Console

from ir_guidance.commands import doctor as module
from ir_guidance.commands.doctor import Check, doctor, render
from small_model import small_model, written


def found(name):
    (check,) = [check for check in doctor() if check.name == name]
    return check


@pytest.fixture
def bare(monkeypatch):
    """Give a machine without libraries and without a driver."""

    def no_driver(name):
        raise OSError(name)

    monkeypatch.setattr(module, "find_spec", lambda _: None)
    monkeypatch.setattr(module, "_probe", lambda _: (False, "ModuleNotFoundError: rclpy"))
    monkeypatch.setattr(ctypes, "CDLL", no_driver)


def test_whatever_is_missing_has_a_remedy(bare):
    missing = [check for check in doctor() if not check.found]
    assert {check.name for check in missing} >= {"ROS 2", "messages", "GPU", "DICOM files"}
    assert all(check.remedy for check in missing)


def test_whatever_is_here_needs_no_remedy():
    assert not [check.name for check in doctor() if check.found and check.remedy]


@pytest.mark.skipif(find_spec("rclpy") is None, reason="ROS is not installed")
def test_ros_is_tried_and_not_merely_looked_for(monkeypatch):
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    assert found("ROS 2").found and "rmw_" in found("ROS 2").detail


@pytest.mark.parametrize(("here", "fits"), [((3, 10), False), ((3, 11), True), ((3, 14), False)])
def test_a_python_without_wheels_is_named(monkeypatch, here, fits):
    monkeypatch.setattr(sys, "version_info", (*here, 0))
    assert module._python().found is fits


def test_two_rosses_at_once_are_a_fault(monkeypatch):
    monkeypatch.setattr(module, "_probe", lambda _: (True, "rmw_fastrtps_cpp"))
    monkeypatch.setattr(module, "version", lambda _: "7.1.6")
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    check = module._ros()
    assert not check.found and "jazzy is sourced as well" in check.detail


class Driver:
    """A CUDA driver that answers with fixed numbers."""

    def __init__(self, status, devices):
        self._status, self._devices = status, devices

    def cuInit(self, flags):  # noqa: N802  CUDA's name
        return self._status

    def cuDeviceGetCount(self, count):  # noqa: N802  CUDA's name
        count._obj.value = self._devices
        return 0

    def cuDeviceGet(self, device, ordinal):  # noqa: N802  CUDA's name
        return 0

    def cuDeviceGetAttribute(self, number, attribute, device):  # noqa: N802  CUDA's name
        number._obj.value = {75: 9, 76: 0}[attribute]
        return 0

    def cuDeviceGetName(self, name, size, device):  # noqa: N802  CUDA's name
        name.value = b"NVIDIA H200"
        return 0


@pytest.mark.parametrize(
    ("driver", "works"), [(Driver(0, 1), True), (Driver(100, 0), False), (Driver(0, 0), False)]
)
def test_a_gpu_counts_only_when_its_driver_answers(monkeypatch, driver, works):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: driver)
    check = module._gpu()
    assert check.found is works and ("H200" in check.detail) is works


def test_a_probe_that_fails_says_why_in_one_line():
    works, said = module._probe("import no_such_module_anywhere")
    assert not works and said == "ModuleNotFoundError: No module named 'no_such_module_anywhere'"


def test_a_remedy_is_shown_whole():
    remedy = "pip install [this] " + "and that " * 20
    console = Console(file=io.StringIO(), width=60)
    console.print(render([Check("a part", False, "not [installed]", remedy)]))
    shown = " ".join(console.file.getvalue().split())
    assert remedy.strip() in shown and "not [installed]" in shown


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Install a model to try the backends with."""
    model = written(small_model().SerializeToString(), tmp_path / "small.onnx")
    monkeypatch.setattr(module, "_installed_models", lambda: [model])
    return model


def test_a_backend_is_tried_and_says_its_precision(trained):
    said = {check.name: check.detail for check in doctor()}
    assert said["openvino"] == "openvino f32" and said["onnxruntime"] == "onnxruntime f32"
    assert said["learned models"] == "small.onnx"


def test_a_backend_that_cannot_run_says_why_in_one_line(trained):
    trained.write_bytes(b"damaged")
    check = found("onnxruntime")
    assert not check.found and "sha256" in check.detail and check.remedy
