# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Time frame-in to track-out on a GPU: python tests/bench/gpu_latency.py [--n 20000] [--json FILE] [--picture FILE].

One frame at a time, as they come: upload of an image from pinned memory, preprocessing, network, heat-map
decoding, download of the tip. Needs PyTorch and numpy alone: without onnx and pydantic, which read the
shipped weights, the same network is timed with others. TensorRT is timed too where it and an engine are.
Each way is timed by the host's clock end to end, and by CUDA events stage by stage; eager, and with all
stages in one CUDA graph, in single and half precision. Batch 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

WARM_UP = 200
SIDE_PX, CHANNELS, CELLS, REACH = 256, 5, 128, 12
IMAGE_PX = 512
BARE = {
    "ir_guidance.learn.scene": {"FRAMES": 3},
    "ir_guidance.track.backends": {"CHANNELS": CHANNELS},
}
STAGES = ("upload", "preprocess", "network", "decode", "download")
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


def need_gpu() -> Any:
    """Return torch with a GPU, or end with one line."""
    try:
        import torch
    except ImportError:
        sys.exit("gpu_latency: PyTorch is missing: pip install torch")
    if not torch.cuda.is_available():
        sys.exit("gpu_latency: no GPU that PyTorch can use here; run it where there is one")
    return torch


@dataclass
class Pipeline:
    """The five stages on fixed buffers, each a call without arguments, so that they can be captured."""

    torch: Any
    stages: dict[str, Callable[[], None]]
    host: Any
    answer: Any


def pipeline(torch: Any, model: Any) -> Pipeline:
    """Return the stages round a network on the GPU."""
    host = torch.zeros((IMAGE_PX, IMAGE_PX), dtype=torch.uint8).pin_memory()
    image = torch.zeros((IMAGE_PX, IMAGE_PX), dtype=torch.uint8, device="cuda")
    view = torch.zeros((1, CHANNELS, SIDE_PX, SIDE_PX), dtype=torch.uint8, device="cuda")
    places = torch.zeros((CELLS, CELLS), dtype=torch.float32, device="cuda")
    tip = torch.zeros(6, dtype=torch.float32, device="cuda")
    answer = torch.zeros(6, dtype=torch.float32).pin_memory()
    first = (IMAGE_PX - SIDE_PX) // 2
    cells = torch.arange(CELLS, dtype=torch.float32, device="cuda")

    def upload() -> None:
        image.copy_(host, non_blocking=True)

    def preprocess() -> None:
        view[0, 0].copy_(view[0, 1].clone())
        view[0, 1].copy_(view[0, 2].clone())
        view[0, 2].copy_(image[first : first + SIDE_PX, first : first + SIDE_PX])

    def network() -> None:
        places.copy_(model(view)[0][0, 0])

    def decode() -> None:
        odds = torch.softmax(places.flatten(), 0).reshape(CELLS, CELLS)
        place = torch.argmax(odds)
        v, u = place // CELLS, place % CELLS
        near = ((cells[:, None] - v).abs() <= REACH) & ((cells[None] - u).abs() <= REACH)
        part = odds * near
        mass = part.sum()
        column, row = part.sum(0) / mass, part.sum(1) / mass
        at_u, at_v = (column * cells).sum(), (row * cells).sum()
        off_u, off_v = cells - at_u, cells - at_v
        mixed = (part * off_v[:, None] * off_u[None]).sum() / mass
        spread = (column * off_u**2).sum(), (row * off_v**2).sum()
        tip.copy_(torch.stack([at_u, at_v, *spread, mixed, mass]))

    def download() -> None:
        answer.copy_(tip, non_blocking=True)

    calls = (upload, preprocess, network, decode, download)
    return Pipeline(torch, dict(zip(STAGES, calls, strict=True)), host, answer)


def run_all(each: Pipeline) -> None:
    """Queue every stage of one frame."""
    for stage in each.stages.values():
        stage()


def captured(each: Pipeline) -> Callable[[], None]:
    """Return one call that replays all stages as a CUDA graph."""
    torch = each.torch
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run_all(each)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run_all(each)
    return graph.replay


def host_times_ms(each: Pipeline, run: Callable[[], None], n: int) -> list[float]:
    """Return frame in host memory to tip in host memory, by the host's clock, the first ones left out."""
    frames = np.random.default_rng(0).integers(0, 256, (8, IMAGE_PX, IMAGE_PX), np.uint8)
    pinned, taken_ms = each.host.numpy(), []
    for number in range(n + WARM_UP):
        started_ns = time.perf_counter_ns()
        pinned[:] = frames[number % len(frames)]
        run()
        each.torch.cuda.synchronize()
        taken_ms.append((time.perf_counter_ns() - started_ns) / 1e6)
    return taken_ms[WARM_UP:]


def stage_times_ms(each: Pipeline, n: int) -> dict[str, list[float]]:
    """Return each stage's time by CUDA events, eager."""
    event = each.torch.cuda.Event
    taken: dict[str, list[float]] = {name: [] for name in STAGES}
    for number in range(n + WARM_UP):
        marks = [event(enable_timing=True) for _ in range(len(STAGES) + 1)]
        marks[0].record()
        for mark, stage in zip(marks[1:], each.stages.values(), strict=True):
            stage()
            mark.record()
        each.torch.cuda.synchronize()
        for name, before, after in zip(STAGES, marks, marks[1:], strict=False):
            if number >= WARM_UP:
                taken[name].append(before.elapsed_time(after))
    return taken


def spread(taken_ms: list[float]) -> dict[str, Any]:
    """Return n and percentiles."""
    values = np.percentile(taken_ms, list(PERCENTILES.values())).tolist()
    return {"n": len(taken_ms), "latency_ms": dict(zip(PERCENTILES, values, strict=True))}


def network(torch: Any, half: bool) -> tuple[Any, str]:
    """Return the network on the GPU in half or single precision, and where its weights are from."""
    whole = all(map(find_spec, ("onnx", "pydantic")))
    if not whole:  # the network asks the rest of the package for two numbers
        for name, told in BARE.items():
            sys.modules[name] = ModuleType(name)
            vars(sys.modules[name]).update(told)
    from ir_guidance.learn.network import GuidanceNetwork

    made, weights = GuidanceNetwork().eval(), "random: onnx or pydantic is missing here"
    if whole:
        from ir_guidance.models import model_path
        from ir_guidance.track.backends.torch import network_of
        from ir_guidance.track.backends.weights import read_weights
        from ir_guidance.values import Modality

        made, weights = network_of(read_weights(model_path(Modality.ULTRASOUND))), "shipped"
    if half:
        made.half()
        made.enter.register_forward_pre_hook(lambda _, inputs: (inputs[0].half(),))
    return made.to("cuda").to(memory_format=torch.channels_last), weights


def tensorrt_times(n: int) -> dict[str, Any]:
    """Return what TensorRT takes for upload, network and download, or why it cannot be timed."""
    if not all(map(find_spec, ("tensorrt", "pydantic"))):
        return {"skipped": "TensorRT is missing here"}
    from ir_guidance.models import model_path
    from ir_guidance.track.backends import BackendError, load_network
    from ir_guidance.values import Modality

    try:
        loaded = load_network("tensorrt", model_path(Modality.ULTRASOUND))
    except BackendError as error:
        return {"skipped": str(error)}
    view = np.zeros((CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
    taken_ms = []
    for _ in range(n + WARM_UP):
        started_ns = time.perf_counter_ns()
        loaded.infer(view)
        taken_ms.append((time.perf_counter_ns() - started_ns) / 1e6)
    return {"end_to_end": spread(taken_ms[WARM_UP:])}


def measured(torch: Any, n: int) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return the report, and the host's times of every way."""
    ways: dict[str, Any] = {}
    samples: dict[str, list[float]] = {}
    weights = ""
    for precision, half in (("f32", False), ("f16", True)):
        model, weights = network(torch, half)
        each = pipeline(torch, model)
        samples[f"eager {precision}"] = host_times_ms(each, lambda it=each: run_all(it), n)
        stages = {name: spread(taken) for name, taken in stage_times_ms(each, n).items()}
        ways[f"eager {precision}"] = {
            "end_to_end": spread(samples[f"eager {precision}"]),
            "stages": stages,
        }
        samples[f"cuda graph {precision}"] = host_times_ms(each, captured(each), n)
        ways[f"cuda graph {precision}"] = {"end_to_end": spread(samples[f"cuda graph {precision}"])}
    report = {
        "gpu": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "weights": weights,
        "image_px": IMAGE_PX,
        "warm_up": WARM_UP,
        "ways": ways | {"tensorrt f16, network alone": tensorrt_times(n)},
    }
    return report, samples


def draw(report: dict[str, Any], samples: dict[str, list[float]], file: Path) -> None:
    """Draw how many frames take longer than a time, for every way."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name, taken_ms in samples.items():
        ordered = np.sort(taken_ms)
        axes.plot(ordered, 1 - np.arange(ordered.size) / ordered.size, label=name)
    axes.set(
        title=f"{report['gpu']}, frame in to tip out, batch 1",
        xlabel="time [ms]",
        ylabel="share of frames that take longer",
        yscale="log",
    )
    axes.legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    """Print, write and draw what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    given = parser.parse_args()
    torch = need_gpu()
    with torch.inference_mode():
        report, samples = measured(torch, given.n)
    for name, way in report["ways"].items():
        told = way.get("skipped") or way["end_to_end"]["latency_ms"]
        print(f"{name}: {told}")
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if given.picture:
        draw(report, samples, given.picture)


if __name__ == "__main__":
    main()
