# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every backend gives the reference's answers on the same views, within the stated tolerance."""

from __future__ import annotations

import onnx
import onnxruntime
import pytest
import torch

from ir_guidance.learn.typed_onnx import typed_model
from ir_guidance.models import model_path
from ir_guidance.track.backends import BackendError, BackendSettings, Maps, load_network
from ir_guidance.track.backends.agreement import TOLERANCE, largest_difference, sample_views
from ir_guidance.track.backends.torch import halve, network_of
from ir_guidance.track.backends.weights import read_weights
from ir_guidance.values import Modality
from small_model import exported_network, small_model, written

VIEWS = 3
INSTALLED = [model for model in map(model_path, Modality) if model.exists()]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Keep torch's threads from waiting for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory, one_thread):
    return exported_network(tmp_path_factory.mktemp("model") / "network.onnx")


@pytest.fixture(scope="module")
def reference(model):
    network = load_network("onnxruntime", model)
    yield network
    network.close()


class Session:
    """A model run by ONNX Runtime with its graph as it is."""

    def __init__(self, data):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session = onnxruntime.InferenceSession(data, options)

    def infer(self, view):
        found = self._session.run(["places", "shaft", "flags"], {"view": view[None]})
        return Maps(*(each[0] for each in found))


def test_a_backend_that_is_off_is_found_out(model, reference):
    class Off:
        def infer(self, view):
            maps = reference.infer(view)
            return Maps(maps.places + 0.01 * abs(maps.places).max(), maps.shaft, maps.flags)

    own = Session(model.read_bytes())
    assert largest_difference(Off(), own, sample_views(1)) == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("name", ["openvino", "torch-f32"])
def test_f32_is_f32(name, model, reference):
    network = load_network(name, model)
    assert network.name.split()[1] == "f32"
    assert largest_difference(network, reference, sample_views(VIEWS)) < TOLERANCE["f32"]
    network.close()


@pytest.mark.parametrize("name", ["openvino", "torch-f32"])
@pytest.mark.parametrize("trained", INSTALLED, ids=lambda path: path.stem)
def test_the_installed_models_run_the_same_everywhere(name, trained):
    network, own = load_network(name, trained), load_network("onnxruntime", trained)
    assert largest_difference(network, own, sample_views(1)) < TOLERANCE["f32"]
    network.close()
    own.close()


def test_bf16_is_as_exact_as_it_says(model, reference):
    try:
        network = load_network("openvino-bf16", model)
    except BackendError as error:
        assert "this CPU runs f32" in str(error)
        pytest.skip(str(error))
    off = largest_difference(network, reference, sample_views(VIEWS))
    assert network.name == "openvino bf16" and TOLERANCE["f32"] < off < TOLERANCE["bf16"]
    network.close()


@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_what_an_engine_is_built_of_agrees(precision, model, reference):
    typed = Session(typed_model(read_weights(model), precision))
    assert largest_difference(typed, reference, sample_views(VIEWS)) < TOLERANCE[precision]


def types(data):
    """Return the element type of every value in a graph, and the graph."""
    proto = onnx.load_model_from_string(data)
    onnx.checker.check_model(proto)
    graph = onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True).graph
    values = [*graph.value_info, *graph.output]
    found = {each.name: each.type.tensor_type.elem_type for each in values}
    return found | {each.name: each.data_type for each in graph.initializer}, graph


def test_a_half_engine_convolves_in_f16_and_answers_in_f32(model):
    found, graph = types(typed_model(read_weights(model), "f16"))
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    sums = [node for node in graph.node if node.op_type in ("ReduceMean", "Gemm")]
    assert len(convolutions) > 20 and len(sums) == 5
    assert {found[name] for node in convolutions for name in node.input} == {
        onnx.TensorProto.FLOAT16
    }
    assert {found[node.output[0]] for node in sums} == {onnx.TensorProto.FLOAT}
    assert {found[each.name] for each in graph.output} == {onnx.TensorProto.FLOAT}


@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_an_engine_makes_its_bytes_floats_at_once(precision, tmp_path):
    model = written(small_model().SerializeToString(), tmp_path / "small.onnx")
    _, graph = types(typed_model(read_weights(model), precision))
    assert [node.op_type for node in graph.node if "view" in node.input] == ["Cast"]


def test_torch_in_half_precision_is_as_exact_as_it_says(model, reference):
    network = network_of(read_weights(model))
    halve(network)

    class Half:
        @torch.inference_mode()
        def infer(self, view):
            return Maps(*(each[0].numpy() for each in network(torch.from_numpy(view[None]))))

    off = largest_difference(Half(), reference, sample_views(1))
    assert TOLERANCE["f32"] < off < TOLERANCE["f16"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_torch_in_f16_needs_a_gpu(model):
    with pytest.raises(BackendError, match="torch: "):
        load_network("torch", model)


def test_torch_refuses_other_layers(tmp_path):
    model = written(small_model().SerializeToString(), tmp_path / "small.onnx")
    with pytest.raises(BackendError, match="other layers"):
        load_network("torch-f32", model)


def test_torch_uses_as_many_threads_as_it_is_told(model):
    torch.set_num_threads(2)
    load_network("torch-f32", model, BackendSettings(threads=1)).close()
    assert torch.get_num_threads() == 1
