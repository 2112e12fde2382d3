# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A backend is activated only when library, model and answers are what they should be."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from ir_guidance.settings import SettingsError
from ir_guidance.track.backends import BackendError, BackendSettings, load_network
from ir_guidance.track.backends.agreement import sample_views
from small_model import small_model, written

CPU = ("openvino", "onnxruntime")


@pytest.fixture
def model(tmp_path):
    return written(small_model().SerializeToString(), tmp_path / "small.onnx")


@pytest.fixture
def view():
    return next(sample_views(1))


def refused(name, model):
    """Return the one line with which a model is refused."""
    with pytest.raises(BackendError) as caught:
        load_network(name, model)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 700
    return line


@pytest.fixture
def without(monkeypatch):
    """Make libraries as if they were not installed."""

    def hide(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


@pytest.mark.parametrize("name", CPU)
def test_a_network_gives_maps_of_the_contract(name, model, view):
    network = load_network(name, model)
    maps = network.infer(view)
    assert maps.places.shape == (2, 128, 128) and maps.shaft.shape == (3, 128, 128)
    assert maps.flags.shape == (3,)
    assert {each.dtype for each in (maps.places, maps.shaft, maps.flags)} == {np.dtype("f4")}
    network.close()


@pytest.mark.parametrize("name", CPU)
def test_each_view_has_its_own_answer_in_arrays_that_stay(name, model):
    network = load_network(name, model)
    first, second = sample_views(2)
    places = network.infer(first).places
    kept = places.copy()
    assert network.infer(second).places is places and not np.array_equal(places, kept)
    network.infer(first)
    assert np.array_equal(places, kept)
    network.close()


@pytest.mark.parametrize("name", CPU)
def test_the_view_is_the_callers_again_after_the_call(name, model, view):
    network = load_network(name, model)
    expected = network.infer(view).flags.copy()
    copy = view.copy()
    network.infer(copy)
    copy[:] = 0
    assert np.array_equal(network.infer(view).flags, expected)
    network.close()


@pytest.mark.parametrize("name", CPU)
@pytest.mark.parametrize(
    "wrong",
    [np.zeros((256, 256), np.uint8), np.zeros((5, 128, 128), np.uint8), np.zeros((5, 256, 256))],
    ids=["one-frame", "small", "float"],
)
def test_what_is_no_view_is_refused(name, model, wrong):
    network = load_network(name, model)
    with pytest.raises(ValueError, match="expected uint8"):
        network.infer(wrong)
    network.close()


def test_the_number_of_threads_is_a_setting(model, view):
    network = load_network("onnxruntime", model, BackendSettings(threads=1))
    assert np.isfinite(network.infer(view).flags).all()
    network.close()
    with pytest.raises(ValueError, match="threads"):
        BackendSettings(threads=-1)


def test_precision_is_named(model):
    names = {load_network(name, model).name for name in CPU}
    assert names == {"openvino f32", "onnxruntime f32"}


def test_an_unknown_backend_names_those_there_are(model):
    assert "choose from auto, tensorrt" in refused("cuda", model)


@pytest.mark.parametrize("name", ["auto", *CPU])
def test_a_missing_model_is_refused(name, model):
    model.unlink()
    assert "small.onnx: No such file" in refused(name, model)


@pytest.mark.parametrize("name", ["auto", *CPU])
def test_a_model_without_a_card_is_refused(name, model):
    model.with_suffix(".json").unlink()
    assert "small.json: No such file" in refused(name, model)


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"sha256": 5}', "{]"])
def test_a_card_that_gives_no_hash_is_refused(model, card):
    model.with_suffix(".json").write_text(card)
    assert "export the model again" in refused("onnxruntime", model)


@pytest.mark.parametrize("name", ["auto", *CPU])
def test_a_model_with_one_wrong_bit_is_refused(name, model):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    line = refused(name, model)
    assert "sha256" in line and "restore the file" in line


@pytest.mark.parametrize("name", CPU)
def test_a_corrupt_model_is_refused_even_with_its_hash(name, model):
    model = written(model.read_bytes()[:700], model)
    assert "cannot run it" in refused(name, model)


@pytest.mark.parametrize("name", CPU)
def test_a_model_of_another_shape_is_refused(name, tmp_path):
    model = written(small_model(cells=64).SerializeToString(), tmp_path / "coarse.onnx")
    assert "(1, 2, 128, 128)" in refused(name, model) or "(1, 3, 128, 128)" in refused(name, model)


@pytest.mark.parametrize("name", CPU)
def test_a_model_without_an_output_is_refused(name, tmp_path):
    proto = small_model()
    del proto.graph.output[2]
    model = written(proto.SerializeToString(), tmp_path / "mute.onnx")
    assert "output 'flags' is absent" in refused(name, model)


def test_a_model_that_answers_differently_each_time_is_refused(tmp_path):
    proto = small_model(before_places="RandomNormalLike")
    model = written(proto.SerializeToString(), tmp_path / "dice.onnx")
    assert "the same view twice" in refused("onnxruntime", model)


def test_a_model_that_answers_with_nan_is_refused(tmp_path):
    proto = small_model(before_places="Log")
    model = written(proto.SerializeToString(), tmp_path / "nan.onnx")
    assert "infinities or NaN" in refused("onnxruntime", model)


@pytest.mark.parametrize("name", CPU)
def test_a_missing_library_is_named_with_its_remedy(name, model, without):
    without(name)
    assert f"pip install {name}" in refused(name, model)


def test_auto_takes_the_first_that_works_and_says_which(model, without):
    without("tensorrt", "torch")
    try:  # only some CPUs compute in bf16
        quickest = load_network("openvino-bf16", model).name
    except BackendError:
        quickest = "openvino f32"
    assert load_network("auto", model).name == quickest
    without("openvino")
    assert load_network("auto", model).name == "onnxruntime f32"


def test_auto_says_why_none_works(model, without):
    without("tensorrt", "torch", *CPU)
    line = refused("auto", model)
    assert all(f"{name}: " in line for name in ("tensorrt", "torch", *CPU))


def test_openvino_reports_nothing_to_its_vendor(model):
    load_network("openvino", model).close()
    telemetry = sys.modules["openvino.tools.ovc.telemetry_utils"].tm
    assert telemetry.__name__ == "openvino.tools.ovc.telemetry_stub"


def test_the_command_line_knows_a_refusal_as_bad_input():
    assert issubclass(BackendError, SettingsError)


def test_the_card_of_a_model_may_say_more(model):
    card = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**card, "step": 3, "calibration": {}}))
    load_network("onnxruntime", model).close()
