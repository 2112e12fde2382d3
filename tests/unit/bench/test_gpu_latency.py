# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What times a GPU, as far as it needs none: loops, summaries, the chain's stages, and the refusal."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import gpu_timing
from gpu_timing import STATE, Way, gpu_state, summed_up, times_ms
from ir_guidance.track.heat import CELL_VARIANCE, most_likely

torch = pytest.importorskip("torch", reason="torch is an extra: requirements-train.txt")
pytest.importorskip("onnx", reason="onnx is an extra: requirements-train.txt")

import gpu_chain  # noqa: E402
import gpu_latency  # noqa: E402


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(gpu_timing, "WARM_UP", 2)


def test_every_frame_is_made_ready_and_the_warm_up_is_not_counted(short):
    ready, looked, told = [], [], []
    taken = times_ms(Way("some", looked.append, 5, ready.append), told.append)
    assert len(taken) == 5
    assert ready == looked == list(range(7))
    assert told == [7]


def test_frames_at_a_rate_come_when_they_are_due(short, monkeypatch):
    slept = []
    monkeypatch.setattr(gpu_timing.time, "sleep", slept.append)
    times_ms(Way("some", lambda number: None, 3, rate_hz=10.0), lambda done: None)
    assert slept == pytest.approx([0.0, 0.1, 0.2], abs=0.02)


def test_a_way_ends_when_its_time_is_over(short):
    taken = times_ms(Way("some", lambda number: None, 10**6, longest_s=0.01), lambda done: None)
    assert 1 <= len(taken) < 10**6


def test_slow_frames_are_counted():
    found = summed_up([1.0] * 98 + [3.0] * 2)
    assert (found["n"], found["slow"]) == (100, 2)
    assert found["latency_ms"]["p50"] == 1.0


def test_the_gpu_is_asked_while_frames_go_on(monkeypatch):
    looked = []
    values = "1980, 2619, 1980, 120.5, 34, P0"
    slow = ["sh", "-c", f"sleep 0.2; echo '{values}'"]
    monkeypatch.setattr(gpu_timing, "QUERY", slow)
    assert gpu_state(Way("some", looked.append, 1)) == dict(
        zip(STATE, values.split(", "), strict=True)
    )
    assert looked
    monkeypatch.setattr(gpu_timing, "QUERY", ["sh", "-c", "echo no devices"])
    assert gpu_state(Way("some", looked.append, 1)) == {}


def test_the_chain_decodes_as_the_tracker_does():
    v, u = np.mgrid[:128, :128]
    logits = (-((u - 40.3) ** 2) / 8 - (v - 90.6) ** 2 / 18).astype(np.float32)
    place, _ = most_likely(logits)
    found = gpu_chain.decoded(torch.from_numpy(logits), torch.arange(128.0)).numpy()
    assert 2 * found[:2] + 0.5 == pytest.approx(place.place, abs=1e-3)
    covariance = 4 * (
        np.array([[found[2], found[4]], [found[4], found[3]]]) + CELL_VARIANCE * np.eye(2)
    )
    assert covariance == pytest.approx(place.covariance, abs=1e-3)
    assert found[5] == pytest.approx(place.mass, abs=1e-4)


@torch.inference_mode()
def test_a_frame_goes_through_the_chain():
    each = gpu_chain.chain(gpu_chain.shipped_network("cpu", half=False), "cpu")
    assert tuple(each.stages) == gpu_chain.STAGES
    look = gpu_latency.chain_look(each, each.run, lambda: None)
    look(0)
    first = each.tip.clone()
    look(1)
    assert torch.isfinite(first).all()
    assert not torch.equal(first, each.tip)


def test_the_tracker_is_timed_on_simulated_images(monkeypatch):
    seen = []

    class Named:
        def reset(self):
            seen.append("reset")

        def select_target(self, place_px):
            seen.append("click")

        def track(self, frame, prior):
            seen.append("track")

    monkeypatch.setattr(gpu_latency, "make_tracker", lambda *given, **more: Named())

    cases = [SimpleNamespace(starts=True, click_px=(1, 2), frame=None, prior=None)]
    (way,) = gpu_latency.tracker_ways("torch", 10, cases)
    way.ready(0)
    way.look(0)
    assert seen == ["reset", "click", "track"]


def test_without_a_gpu_it_says_so_in_one_line():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    program = Path(gpu_latency.__file__)
    ended = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=100)
    assert ended.returncode == 1
    assert ended.stderr.startswith("gpu_latency: no GPU")
    assert ended.stderr.count("\n") == 1
