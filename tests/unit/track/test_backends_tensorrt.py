# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How TensorRT and CUDA are driven, tried on stand-ins for both; tests/gpu tries the real ones."""

from __future__ import annotations

import ctypes
import json
import sys

import numpy as np
import pytest
from rich.console import Console

from fake_tensorrt import MARK, Builder, FakeDriver, fake_tensorrt
from ir_guidance.commands.build_engine import build_engines
from ir_guidance.track.backends import BackendError, cuda, load_network
from ir_guidance.track.backends.agreement import largest_difference, sample_views
from ir_guidance.track.backends.cuda import Cuda, CudaError
from small_model import small_model, written


@pytest.fixture
def driver(monkeypatch):
    """Give a GPU."""
    fake = FakeDriver()
    real = ctypes.CDLL
    monkeypatch.setattr(
        cuda.ctypes, "CDLL", lambda name, *more: fake if name == cuda.LIBRARY else real(name, *more)
    )
    return fake


@pytest.fixture
def tensorrt(driver, monkeypatch, tmp_path):
    """Install TensorRT, with an empty cache of engines."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    module = fake_tensorrt(driver)
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    return module


@pytest.fixture
def model(tmp_path):
    return written(small_model().SerializeToString(), tmp_path / "small.onnx")


def build(model, precision="f16", out=None, portable=False):
    build_engines(model, precision, out, portable=portable, console=Console(quiet=True))


def refused(model, name="tensorrt"):
    with pytest.raises(BackendError) as caught:
        load_network(name, model)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("precision", ["f16", "f32"])
def test_a_built_engine_is_found_and_gives_the_references_answers(tensorrt, model, precision):
    build(model, precision)
    network = load_network("tensorrt" if precision == "f16" else "tensorrt-f32", model)
    reference = load_network("onnxruntime", model)
    off = largest_difference(network, reference, sample_views(3))
    assert network.name == f"tensorrt {precision} cuda graph"
    assert off < {"f16": 1e-2, "f32": 1e-6}[precision]
    assert (off > 1e-5) is (precision == "f16")


def test_a_frame_is_one_launch(tensorrt, driver, model):
    build(model)
    network = load_network("tensorrt", model)
    before = driver.launched
    for view in sample_views(3):
        network.infer(view)
    assert driver.launched - before == 3


def test_an_engine_that_cannot_be_captured_runs_without_a_graph(tensorrt, driver, model):
    driver.can_capture = False
    build(model, "f32")
    network = load_network("tensorrt-f32", model)
    reference = load_network("onnxruntime", model)
    assert network.name == "tensorrt f32" and not driver.launched
    assert largest_difference(network, reference, sample_views(2)) < 1e-6


def test_closing_gives_all_memory_back(tensorrt, driver, model):
    build(model)
    network = load_network("tensorrt", model)
    assert len(driver.blocks) == 8
    network.close()
    assert not driver.blocks and not driver.graphs


def test_a_refused_engine_keeps_no_memory(tensorrt, driver, model, tmp_path):
    build(model, out=tmp_path / "a.engine")
    rewrite(tmp_path / "a.engine", b"rubbish")
    assert "TensorRT refuses it: magic tag does not match" in refused(tmp_path / "a.engine")
    assert not driver.blocks


def test_a_gpu_that_fails_while_warming_up_is_refused(tensorrt, driver, model):
    build(model)
    driver.cuGraphLaunch = lambda ready, stream: 700
    assert "cuGraphLaunch: CUDA error 700" in refused(model)
    assert not driver.blocks


def test_a_gpu_without_room_is_refused(tensorrt, driver, model):
    build(model)
    driver.cuMemAlloc_v2 = lambda address, size: 2
    assert "cuMemAlloc_v2: CUDA error 2" in refused(model)
    assert not driver.blocks


def test_the_builder_is_asked_for_a_strongly_typed_network(tensorrt, model):
    build(model)
    build(model, portable=True)
    assert Builder.asked == [
        (2, frozenset()),
        (2, frozenset({"VERSION_COMPATIBLE", "EXCLUDE_LEAN_RUNTIME"})),
    ]


def test_an_engine_is_built_once(tensorrt, model):
    build(model)
    build(model)
    build(model, "f32")
    assert len(Builder.asked) == 2


def test_another_model_has_another_engine(tensorrt, model):
    build(model)
    proto = small_model()
    proto.doc_string = "changed"
    written(proto.SerializeToString(), model)
    assert "no f16 engine for NVIDIA H200" in refused(model)


def test_auto_takes_an_engine_where_there_is_one(tensorrt, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load_network("auto", model).name.startswith("openvino ")
    build(model)
    assert load_network("auto", model).name == "tensorrt f16 cuda graph"


def rewrite(path, data=None, **changes):
    """Change an engine or its card, the hash kept right."""
    card = json.loads(path.with_suffix(".json").read_text())
    written(path.read_bytes() if data is None else data, path)
    sha256 = json.loads(path.with_suffix(".json").read_text())["sha256"]
    path.with_suffix(".json").write_text(json.dumps({**card, "sha256": sha256, **changes}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gpu": "NVIDIA T4"}, "built for NVIDIA T4 (compute capability 9.0), this is NVIDIA H200"),
        ({"compute_capability": "7.5"}, "built for NVIDIA H200 (compute capability 7.5)"),
        ({"tensorrt": "11.4.0.105"}, "built by TensorRT 11.4.0.105, here is 11.4.0.106"),
        ({"tensorrt": "11.5.0", "portable": True}, "built by TensorRT 11.5.0"),
        ({"tensorrt": "10.9.0", "portable": True}, "built by TensorRT 10.9.0"),
    ],
)
def test_an_engine_of_another_machine_is_refused(tensorrt, model, tmp_path, changes, said):
    path = tmp_path / "a.engine"
    build(model, out=path)
    rewrite(path, **changes)
    line = refused(path)
    assert said in line and "run ir-guidance build-engine here" in line


def test_a_portable_engine_runs_on_a_later_tensorrt(tensorrt, model, tmp_path):
    path = tmp_path / "a.engine"
    build(model, out=path, portable=True)
    rewrite(path, tensorrt="11.2.1.9")
    assert load_network("tensorrt", path).name == "tensorrt f16 cuda graph"


def test_the_lean_runtime_runs_portable_engines_alone_and_builds_none(
    tensorrt, model, monkeypatch, tmp_path
):
    build(model, out=tmp_path / "exact.engine")
    monkeypatch.setitem(sys.modules, "tensorrt_lean", tensorrt)
    build(model, portable=True)
    monkeypatch.delitem(sys.modules, "tensorrt")
    assert "--portable, which the lean runtime needs" in refused(tmp_path / "exact.engine")
    assert load_network("tensorrt", model).name == "tensorrt f16 cuda graph"
    with pytest.raises(BackendError, match="the lean runtime cannot build"):
        build(model, "f32")


def test_a_damaged_engine_is_refused(tensorrt, model, tmp_path):
    path = tmp_path / "a.engine"
    build(model, out=path)
    path.write_bytes(path.read_bytes()[:-1])
    assert "sha256" in refused(path)


def test_an_engine_of_another_network_is_refused(tensorrt, model, tmp_path):
    path = tmp_path / "a.engine"
    build(model, out=path)
    rewrite(path, MARK + small_model(cells=64).SerializeToString())
    assert "expected float32" in refused(path)


def test_an_engine_that_is_too_far_off_is_not_kept(tensorrt, model, tmp_path, monkeypatch):
    monkeypatch.setattr(
        tensorrt.Builder,
        "build_serialized_network",
        lambda *_: MARK + small_model(before_places="Neg").SerializeToString(),
    )
    with pytest.raises(BackendError, match=r"off by .* removed"):
        build(model, out=tmp_path / "a.engine")
    assert not list(tmp_path.glob("a.*"))


def test_nothing_is_written_over(tensorrt, model, tmp_path):
    (tmp_path / "a.engine").write_text("mine")
    with pytest.raises(BackendError, match="exists already"):
        build(model, out=tmp_path / "a.engine")
    with pytest.raises(BackendError, match=r"ends in \.engine"):
        build(model, out=tmp_path / "a.onnx")
    assert (tmp_path / "a.engine").read_text() == "mine"


def test_without_a_driver_tensorrt_is_not_even_imported(model, monkeypatch):
    def no_driver(name):
        raise OSError(name)

    monkeypatch.setattr(cuda.ctypes, "CDLL", no_driver)
    monkeypatch.setitem(sys.modules, "tensorrt", object())
    assert "no NVIDIA driver" in refused(model)
    with pytest.raises(BackendError, match="no NVIDIA driver"):
        build(model)


def test_without_tensorrt_the_remedy_is_named(driver, model):
    assert "pip install tensorrt" in refused(model)
    with pytest.raises(BackendError, match="pip install tensorrt"):
        build(model)


def test_what_the_driver_refuses_is_raised(driver):
    gpu = Cuda()
    array = gpu.pinned((4,), "uint8")
    with pytest.raises(CudaError, match="cuMemcpyHtoDAsync_v2: CUDA error 1"):
        gpu.upload(array, 12345)


def test_captured_work_runs_when_it_is_launched(driver):
    gpu = Cuda()
    source, back = gpu.pinned((4,), "uint8"), gpu.pinned((4,), "uint8")
    there = gpu.reserve(4)

    def work():
        gpu.upload(source, there)
        gpu.download(there, back)

    launch = gpu.capture(work)
    source[:] = 9
    gpu.wait()
    assert not back.any()
    launch()
    gpu.wait()
    assert np.array_equal(back, source)
