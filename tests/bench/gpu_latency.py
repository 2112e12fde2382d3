# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Time frame-in to track-out on a GPU: python tests/bench/gpu_latency.py [--n 20000] [--json FILE] [--picture FILE].

One frame at a time, batch 1. "chain" is all on the GPU: upload of an image from pinned memory,
preprocessing, network, heat-map decoding, download of the tip; eager, and with all stages in one CUDA
graph. "backend" is what this package runs: view in host memory to maps in host memory. "tracker" is all
of it, image to track, with the robot's prior, of simulated images. By the host's clock end to end; the
chain by CUDA events too. As fast as they go, and at 30 images a second, between which the GPU idles.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ir_guidance.learn.sequences import simulated_cases
from ir_guidance.models import model_path
from ir_guidance.track import make_tracker
from ir_guidance.track.backends import BackendError, load_network
from ir_guidance.track.backends.agreement import sample_views
from ir_guidance.values import Modality

if TYPE_CHECKING:
    from gpu_chain import Chain

from gpu_timing import WARM_UP, Way, gpu_state, summed_up, times_ms

RATE_HZ = 30.0
BACKENDS = ("torch", "torch-f32", "tensorrt", "tensorrt-f32")
MOST = {"eager": 2_000, "stages": 1_000, "other": 5_000, "tracker": 2_000, "paced": 600}
"""Frames where fewer than ``--n`` do."""
SEQUENCES = 2


def need_gpu() -> Any:
    """Return torch with a GPU, set to give the same numbers each time; or end with one line."""
    try:
        import torch
    except ImportError:
        sys.exit("gpu_latency: PyTorch is missing: pip install torch")
    if not torch.cuda.is_available():
        sys.exit("gpu_latency: no GPU that PyTorch can use here; run it where there is one")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    return torch


def waits(torch: Any) -> dict[str, Callable[[], None]]:
    """Return ways to wait for the GPU: as the driver likes, asking again and again, asleep."""
    spun, asleep = torch.cuda.Event(), torch.cuda.Event(blocking=True)

    def ask() -> None:
        spun.record()
        while not spun.query():
            pass

    def sleep() -> None:
        asleep.record()
        asleep.synchronize()

    return {
        "": lambda: torch.cuda.current_stream().synchronize(),
        ", polled": ask,
        ", asleep": sleep,
    }


def chain_look(
    each: Chain, run: Callable[[], None], wait: Callable[[], None]
) -> Callable[[int], None]:
    """Return what takes a frame by its number through the chain: from pageable memory to the tip."""
    shape = each.image.shape
    frames = np.random.default_rng(0).integers(0, 256, (8, *shape), np.uint8)
    pinned = each.image.numpy()

    def look(number: int) -> None:
        pinned[:] = frames[number % len(frames)]
        run()
        wait()

    return look


def chain_ways(torch: Any, n: int, stages: dict[str, Any]) -> Iterator[Way]:
    """Yield the ways through the chain in both precisions; ``stages`` gets what events say of each stage."""
    from gpu_chain import captured, chain, shipped_network, stage_times_ms

    wait = waits(torch)
    for precision in ("f32", "f16"):
        each = chain(shipped_network("cuda", half=precision == "f16"), "cuda")
        graph = captured(each.run)
        parts = {name: captured(stage) for name, stage in each.stages.items()}
        for name, works in {
            f"chain, eager {precision}": each.stages,
            f"chain, a cuda graph a stage {precision}": parts,
            f"chain, cuda graph {precision}": {"all": graph},
        }.items():
            taken = stage_times_ms(works, min(n, MOST["stages"]), WARM_UP)
            stages[name] = {stage: summed_up(times) for stage, times in taken.items()}
        look = chain_look(each, each.run, wait[""])
        yield Way(f"chain, eager {precision}", look, min(n, MOST["eager"]))
        for how in wait if precision == "f16" else [""]:
            look = chain_look(each, graph, wait[how])
            yield Way(
                f"chain, cuda graph {precision}{how}", look, min(n, MOST["other"]) if how else n
            )
    look = chain_look(each, graph, wait[""])
    paced = min(n, MOST["paced"])
    yield Way("chain, cuda graph f16, at 30 Hz", look, paced, rate_hz=RATE_HZ)


def backend_ways(name: str, n: int) -> Iterator[Way]:
    """Yield a backend's network, as fast as it goes and, in half precision, at the rate of images.

    Raises:
        BackendError: It does not run here.
    """
    network = load_network(name, model_path(Modality.ULTRASOUND))
    views = [view.copy() for view in sample_views(8)]
    whole = "f32" not in name

    def look(number: int) -> None:
        network.infer(views[number % len(views)])

    yield Way(f"backend {network.name}", look, n if whole else min(n, MOST["other"]))
    if whole:
        paced = min(n, MOST["paced"] // 2)
        yield Way(f"backend {network.name}, at 30 Hz", look, paced, rate_hz=RATE_HZ)
    network.close()


def tracker_ways(name: str, n: int, seen: list[Any]) -> Iterator[Way]:
    """Yield the whole tracker on simulated images, with the robot's prior."""
    tracker = make_tracker(name, Modality.ULTRASOUND, threads=1)

    def ready(number: int) -> None:
        case = seen[number % len(seen)]
        if case.starts:
            tracker.reset()
        if case.click_px is not None:
            tracker.select_target(case.click_px)

    def look(number: int) -> None:
        case = seen[number % len(seen)]
        tracker.track(case.frame, case.prior)

    yield Way(f"tracker {name}", look, min(n, MOST["tracker"]), ready)


def all_ways(torch: Any, n: int, stages: dict[str, Any], skipped: dict[str, str]) -> Iterator[Way]:
    """Yield every way that runs here; ``skipped`` gets the others, and why."""
    yield from chain_ways(torch, n, stages)
    seen = list(simulated_cases(Modality.ULTRASOUND, SEQUENCES, 0, with_prior=True))
    for name in BACKENDS:
        try:
            yield from backend_ways(name, n)
            if "f32" not in name:
                yield from tracker_ways(name, n, seen)
        except BackendError as error:
            skipped[f"backend {name}"] = str(error)


def timed(ways: Iterable[Way], samples: dict[str, list[float]]) -> dict[str, Any]:
    """Return what was measured of each way, printing it as it comes; ``samples`` gets every time."""
    found: dict[str, Any] = {}
    # Drawn between frames alone: a thread that draws would take the interpreter from what is timed.
    with Progress(console=Console(stderr=True), auto_refresh=False) as bar:
        for way in ways:
            task = bar.add_task(way.name, total=way.n)

            def tell(done: int, task: Any = task) -> None:
                bar.update(task, completed=done, refresh=True)

            samples[way.name] = times_ms(way, tell)
            found[way.name] = summed_up(samples[way.name]) | {
                "rate_hz": way.rate_hz,
                "gpu": gpu_state(way),
            }
            told = {key: round(ms, 3) for key, ms in found[way.name]["latency_ms"].items()}
            sm = found[way.name]["gpu"].get("clocks.sm", "?")
            print(f"{way.name}: n {found[way.name]['n']}, ms {told}, SM {sm} MHz", flush=True)
    return found


def measured(torch: Any, n: int) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return the report, and the host's times of every way."""
    samples: dict[str, list[float]] = {}
    stages: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    started_s = time.perf_counter()
    ways = timed(all_ways(torch, n, stages, skipped), samples)
    report = {
        "gpu": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "weights": "shipped",
        "warm_up": WARM_UP,
        "ways": ways,
        "events": stages,
        "skipped": skipped,
        "took_s": time.perf_counter() - started_s,
    }
    return report, samples


def draw(report: dict[str, Any], samples: dict[str, list[float]], file: Path) -> None:
    """Draw how many frames take longer than a time, for every way."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for number, (name, taken_ms) in enumerate(samples.items()):
        ordered, style = np.sort(taken_ms), ("-", "--")[number // 10 % 2]
        axes.plot(ordered, 1 - np.arange(ordered.size) / ordered.size, style, label=name)
    axes.set(
        title=f"{report['gpu']}, one frame at a time",
        xlabel="time [ms]",
        ylabel="share of frames that take longer",
        xscale="log",
        yscale="log",
    )
    axes.legend(fontsize="small")
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
    for name, why in report["skipped"].items():
        print(f"{name}: skipped: {why}")
    for name, stages in report["events"].items():
        told = {each: round(found["latency_ms"]["p50"], 4) for each, found in stages.items()}
        print(f"{name}, by events, p50 ms: {told}")
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if given.picture:
        draw(report, samples, given.picture)


if __name__ == "__main__":
    main()
