# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is learnt from again is what was seen, or its mirror image with the truth mirrored too."""

import numpy as np
import pytest

from scenes import line_scenes

torch = pytest.importorskip("torch", reason="torch is an extra: requirements-train.txt")

from ir_guidance.learn import stream  # noqa: E402
from ir_guidance.learn.echo import Echo, mirrored  # noqa: E402
from ir_guidance.learn.stream import SampleStream, batches  # noqa: E402
from ir_guidance.learn.train import Trainer, TrainSettings  # noqa: E402
from ir_guidance.values import Modality  # noqa: E402


@pytest.fixture(autouse=True)
def simple_scenes(monkeypatch):
    monkeypatch.setitem(stream.SCENES, Modality.ULTRASOUND, line_scenes)
    monkeypatch.setattr(stream, "MIXED", 4)
    torch.set_num_threads(1)


def batch(seed=1, size=8):
    return next(batches(SampleStream(Modality.ULTRASOUND, seed), size, 0))


def test_a_mirrored_truth_lies_on_the_mirrored_line():
    before, after = batch(), mirrored(batch())
    shown = (before[4][:, 1] > 0).nonzero()[:, 0]
    assert len(shown) > 2
    for i in shown:
        (u, v), (mirror_u, mirror_v) = before[1][i, 0], after[1][i, 0]
        assert mirror_u == pytest.approx(127 - float(u), abs=1e-4)
        assert mirror_v == v
        on = after[2][i].numpy() > 200
        rows, columns = np.nonzero(on)
        to_tip = after[1][i, 0].numpy() - (columns.mean(), rows.mean())
        assert after[3][i].numpy()[:, on].mean(axis=1) @ to_tip > 0


def test_mirrored_twice_is_what_it_was():
    first = batch()
    for part, again in zip(first, mirrored(mirrored(first)), strict=True):
        np.testing.assert_allclose(part.numpy(), again.numpy(), atol=1e-4)


def test_only_the_last_samples_are_drawn_again():
    echo = Echo(8, 3, torch.device("cpu"))
    old, new = batch(1), batch(2)
    echo.add(old)
    echo.add(new)
    flags = {tuple(row.tolist()) for row in new[2].flatten(1)[:, ::257]}
    drawn = [echo.drawn(4) for _ in range(6)]
    for each in (*drawn, *(mirrored(one) for one in drawn)):
        assert each[0].shape == (4, 5, 256, 256)
    seen = [
        any(tuple(row.tolist()) in flags for row in part[2].flatten(1)[:, ::257])
        for one in drawn
        for part in (one, mirrored(one))
    ]
    assert sum(seen) >= len(drawn)


def test_the_same_seed_draws_the_same(tmp_path):
    first, second = (Echo(8, 3, torch.device("cpu")) for _ in range(2))
    for echo in (first, second):
        echo.add(batch())
    np.testing.assert_array_equal(first.drawn(4)[0].numpy(), second.drawn(4)[0].numpy())


def test_of_each_few_steps_one_is_on_new_samples(tmp_path, monkeypatch):
    settings = TrainSettings(
        modality=Modality.ULTRASOUND,
        batch=4,
        workers=0,
        judge_every=99,
        judge_batches=1,
        echo=3,
        echo_samples=8,
        steps=5,
    )
    trainer, added = Trainer(settings, tmp_path), []
    monkeypatch.setattr(Echo, "add", lambda self, new: added.append(len(new[0])))
    monkeypatch.setattr(Echo, "drawn", lambda self, size: batch(size=size))
    trainer.run(lambda step: None)
    assert added == [4, 4]
