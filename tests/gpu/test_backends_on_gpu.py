# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The backends on a real GPU: the reference's answers, from a CUDA graph, the same each time."""

from __future__ import annotations

import threading
from importlib.util import find_spec

import numpy as np
import pytest
from rich.console import Console

from ir_guidance.track.backends import BackendError, load_network
from ir_guidance.track.backends.agreement import TOLERANCE, largest_difference, sample_views
from ir_guidance.track.backends.cuda import Cuda, find_gpu
from small_model import exported_network

VIEWS = 20


def missing(*libraries):
    """Return why this machine cannot run a test; empty when it can."""
    try:
        find_gpu()
    except BackendError as error:
        return str(error)
    absent = [name for name in libraries if find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def needs(*libraries):
    reason = missing(*libraries)
    return pytest.mark.skipif(bool(reason), reason=reason)


TORCH, TENSORRT = ("torch", "onnx", "onnxruntime"), ("tensorrt", "torch", "onnx", "onnxruntime")
LEAN = "tensorrt_lean" if find_spec("tensorrt_lean") else "tensorrt_lean_bindings"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return exported_network(tmp_path_factory.mktemp("model") / "network.onnx")


@pytest.fixture(scope="module")
def reference(model):
    return load_network("onnxruntime", model)


@pytest.fixture
def built(model, tmp_path, monkeypatch):
    """Return a function that builds an engine into an empty cache."""
    from ir_guidance.commands.build_engine import build_engines

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def build(precision, *, portable=False):
        build_engines(model, precision, None, portable=portable, console=Console(quiet=True))

    return build


@needs()
def test_a_graph_of_copies_carries_bytes_there_and_back():
    gpu = Cuda()
    source, back = gpu.pinned((1 << 20,), "uint8"), gpu.pinned((1 << 20,), "uint8")
    there = gpu.reserve(source.nbytes)

    def work():
        gpu.upload(source, there)
        gpu.download(there, back)

    launch = gpu.capture(work)
    for value in (7, 200):
        source[:] = value
        launch()
        gpu.wait()
        assert (back == value).all()
    gpu.close()


@needs(*TORCH)
@pytest.mark.parametrize(("name", "precision"), [("torch", "f16"), ("torch-f32", "f32")])
def test_torch_agrees_with_the_reference(name, precision, model, reference):
    network = load_network(name, model)
    assert network.name == f"torch {precision} cuda graph"
    assert largest_difference(network, reference, sample_views(VIEWS)) < TOLERANCE[precision]
    network.close()


@needs(*TENSORRT)
@pytest.mark.parametrize(("name", "precision"), [("tensorrt", "f16"), ("tensorrt-f32", "f32")])
def test_tensorrt_agrees_with_the_reference(name, precision, model, reference, built):
    built(precision)
    network = load_network(name, model)
    assert network.name == f"tensorrt {precision} cuda graph"
    assert largest_difference(network, reference, sample_views(VIEWS)) < TOLERANCE[precision]
    network.close()


@needs(*TENSORRT, LEAN)
def test_the_lean_runtime_runs_a_portable_engine(model, reference, built, monkeypatch):
    from ir_guidance.track.backends import tensorrt

    built("f16", portable=True)
    monkeypatch.setattr(tensorrt, "LIBRARIES", {LEAN: True})
    network = load_network("tensorrt", model)
    assert largest_difference(network, reference, sample_views(VIEWS)) < TOLERANCE["f16"]
    network.close()


@needs(*TORCH)
@pytest.mark.parametrize("name", ["torch", "torch-f32"])
def test_a_network_loaded_again_gives_the_same_numbers(name, model):
    view = next(sample_views(1))
    found = []
    for _ in range(2):
        network = load_network(name, model)
        maps = network.infer(view)
        found.append(np.concatenate([maps.places.ravel(), maps.shaft.ravel(), maps.flags]))
        network.close()
    assert np.array_equal(*found)


@needs(*TENSORRT)
def test_tensorrt_runs_in_another_thread_than_it_was_made_in(model, reference, built):
    built("f16")
    network = load_network("tensorrt", model)
    off = []
    thread = threading.Thread(
        target=lambda: off.append(largest_difference(network, reference, sample_views(3)))
    )
    thread.start()
    thread.join()
    assert off and off[0] < TOLERANCE["f16"]
    network.close()


@needs(*TORCH)
def test_auto_takes_the_gpu(model):
    network = load_network("auto", model)
    assert network.name.endswith("cuda graph")
    network.close()
