# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Training: the loss falls, a stopped training goes on, the exported network is the trained one."""

import json
from functools import partial

import numpy as np
import pytest

from scenes import line_scenes

torch = pytest.importorskip("torch", reason="torch is an extra: requirements-train.txt")

from ir_guidance.learn import stream  # noqa: E402
from ir_guidance.learn.begin import begun_from  # noqa: E402
from ir_guidance.learn.export import export  # noqa: E402
from ir_guidance.learn.loss import losses, total  # noqa: E402
from ir_guidance.learn.network import GuidanceNetwork, normalised  # noqa: E402
from ir_guidance.learn.stream import SampleStream, batches  # noqa: E402
from ir_guidance.learn.train import CHECKPOINT, LOG, Trainer, TrainSettings  # noqa: E402
from ir_guidance.settings import SettingsError  # noqa: E402
from ir_guidance.track.backends.torch import network_of  # noqa: E402
from ir_guidance.track.backends.weights import read_weights  # noqa: E402
from ir_guidance.values import Modality  # noqa: E402

SETTINGS = partial(
    TrainSettings, modality=Modality.ULTRASOUND, batch=4, workers=0, judge_every=2, judge_batches=1
)


@pytest.fixture(autouse=True)
def simple_scenes(monkeypatch):
    monkeypatch.setitem(stream.SCENES, Modality.ULTRASOUND, line_scenes)
    monkeypatch.setattr(stream, "MIXED", 4)
    torch.set_num_threads(1)


def first_batch(seed=1):
    return next(batches(SampleStream(Modality.ULTRASOUND, seed), 4, 0))


def test_the_maps_have_the_shapes_that_backends_promise():
    places, shaft, flags = GuidanceNetwork()(first_batch()[0])
    assert places.shape == (4, 2, 128, 128)
    assert shaft.shape == (4, 3, 128, 128)
    assert flags.shape == (4, 3)


def test_brightness_and_contrast_of_the_image_do_not_matter():
    view = first_batch()[0]
    other = view.clone()
    other[:, :3] = (view[:, :3].float() * 0.5 + 20).to(torch.uint8)
    assert (normalised(view)[:, :3] - normalised(other)[:, :3]).abs().mean() < 0.1


def test_the_loss_falls_on_one_batch():
    torch.manual_seed(0)
    network, batch = GuidanceNetwork(), first_batch()
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    told = []
    for _ in range(12):
        loss = total(losses(network(batch[0]), batch))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        told.append(float(loss.detach()))
    assert told[-1] < 0.75 * told[0]


def test_the_surprise_is_least_where_the_tip_is():
    batch = first_batch()
    places = torch.zeros((4, 2, 128, 128))
    other = (places, torch.zeros((4, 3, 128, 128)), torch.zeros((4, 3)))
    even = losses(other, batch)["tip"]
    assert float(even) == pytest.approx(np.log(128 * 128), rel=1e-4)


def test_a_stopped_training_goes_on_where_it_was(tmp_path):
    steps = []
    Trainer(SETTINGS(steps=2), tmp_path).run(lambda step: steps.append(step.step))
    Trainer(SETTINGS(steps=4), tmp_path).run(lambda step: steps.append(step.step))
    assert steps == [1, 2, 3, 4]
    rows = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    assert all(np.isfinite(row["loss_tip"]) for row in rows)


def test_a_training_with_a_limit_of_time_ends_there_its_rate_gone_down(tmp_path):
    steps = []
    Trainer(SETTINGS(steps=10**6, minutes=0.02, judge_every=10**6), tmp_path).run(steps.append)
    assert 1 <= steps[-1].step == steps[-1].steps < 10**6
    assert all(each.step < each.steps for each in steps[:-1])
    rows = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [row["step"] for row in rows] == [steps[-1].step]
    assert rows[-1]["rate"] == 0


def test_no_step_but_the_last_is_told_as_the_last(tmp_path, monkeypatch):
    trainer, steps = Trainer(SETTINGS(steps=10**6, judge_every=10**6), tmp_path), []
    shares = iter((0.9, 0.99999, 1.0))
    monkeypatch.setattr(trainer, "_done", lambda taken_s: next(shares))
    trainer.run(lambda step: steps.append((step.step, step.steps)))
    assert steps == [(1, 2), (2, 3), (3, 3)]


def test_several_processes_have_no_limit_of_time(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SettingsError, match="torchrun"):
        Trainer(SETTINGS(minutes=1.0), tmp_path)


def test_the_exported_network_gives_what_the_trained_one_gives(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    Trainer(SETTINGS(steps=1), tmp_path).run(lambda step: None)
    about = export(tmp_path, tmp_path / "net.onnx")
    kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)["mean"]
    network = GuidanceNetwork().eval()
    network.load_state_dict(
        {
            name.removeprefix("module."): value
            for name, value in kept.items()
            if name != "n_averaged"
        }
    )
    view = first_batch()[0][:1]
    with torch.no_grad():
        wanted = network(view)
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    found = session.run(["places", "shaft", "flags"], {"view": view.numpy()})
    for one, other in zip(wanted, found, strict=True):
        assert other == pytest.approx(one.numpy(), abs=2e-3)
    assert about["step"] == 1
    assert (tmp_path / "net.json").exists()


def test_a_training_begins_with_what_was_exported(tmp_path):
    Trainer(SETTINGS(steps=3), tmp_path).run(lambda step: None)
    export(tmp_path, tmp_path / "net.onnx")
    views = first_batch()[0]
    begun = begun_from(tmp_path / "net.onnx", views)
    wanted = [each for each in network_of(read_weights(tmp_path / "net.onnx"))(views)]
    for training in (False, True):
        found = begun.train(training)(views)
        for one, other in zip(wanted, found, strict=True):
            assert float((one - other).detach().abs().max()) < 2e-2


def test_what_a_training_began_with_is_told_however_often_it_was_resumed(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    Trainer(SETTINGS(steps=1), first).run(lambda step: None)
    assert export(first, first / "net.onnx")["begun_from"] is None
    Trainer(SETTINGS(steps=1), second, first / "net.onnx").run(lambda step: None)
    Trainer(SETTINGS(steps=2), second).run(lambda step: None)
    assert export(second, second / "net.onnx")["begun_from"] == "net.onnx"
