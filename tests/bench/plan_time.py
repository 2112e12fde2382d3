# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Time plans: python tests/bench/plan_time.py [--n 500] [--ct FOLDER] [--json FILE].

Each is a new request: the target has moved by up to 5 mm each way. The time is that of the search alone, and of a
request to the planner's own process and back; structures are handed to that process once, before.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

from make_plan_figure import ARC, STRAIGHT
from plan_anatomy import of_ct, of_torso

from ir_guidance.plan import NoPlanError, PlanRequest, PlanSettings, plan
from ir_guidance.plan.ablation import plan_ablation
from ir_guidance.plan.search import search
from ir_guidance.plan.worker import PlanWorker
from ir_guidance.values import Sphere

WARM_UP, MOVES_M = 5, 0.005
VESSEL = tuple(Sphere((-0.008, 0.001 * n, -0.018), 0.0025) for n in range(-6, 7))


def moved(request: PlanRequest, count: int) -> Iterator[PlanRequest]:
    """Yield a request with its target a little elsewhere, over and over."""
    generator = np.random.default_rng(0)
    for _ in range(count):
        yield replace(request, target_m=request.target_m + generator.uniform(-MOVES_M, MOVES_M, 3))


def timed(what: Callable[[PlanRequest], Any], request: PlanRequest, count: int) -> dict[str, Any]:
    """Return the distribution of a call's time in milliseconds; no plan is an answer too."""
    times_ms, refused = [], 0
    for n, one in enumerate(moved(request, count + WARM_UP)):
        start_ns = time.perf_counter_ns()
        try:
            answer = what(one)
        except NoPlanError as error:
            answer = error
        if n >= WARM_UP:
            times_ms.append((time.perf_counter_ns() - start_ns) / 1e6)
            refused += isinstance(answer, NoPlanError)
    p50, p90, p99 = np.percentile(times_ms, [50, 90, 99])
    spread = {"p50": p50, "p90": p90, "p99": p99, "max": max(times_ms)}
    return {
        "n": count,
        "no_plan": refused,
        "ms": {k: round(float(v), 2) for k, v in spread.items()},
    }


def by_worker(worker: PlanWorker, request: PlanRequest) -> Any:
    """Ask the planner's own process and wait for its answer."""
    answers: Queue[Any] = Queue()
    while not worker.search(request, answers.put):
        time.sleep(1e-4)  # its last thread is about to end
    return answers.get(timeout=20)


def main() -> None:
    """Print what each kind of plan takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--ct", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    biopsy = PlanRequest(np.array([0.008, 0.0, -0.036]), np.array([0.0, 1.0, 0.0]), 1, VESSEL)
    anatomies = [of_torso(), *([of_ct(given.ct)] if given.ct else [])]
    cases: list[tuple[str, PlanRequest, PlanSettings]] = [
        ("biopsy in the image plane, a vessel of 13 spheres", biopsy, PlanSettings())
    ]
    for anatomy in anatomies:
        request = PlanRequest(anatomy.target_m, None, 1, VESSEL, anatomy.no_go, anatomy.skin)
        cases += [(f"{s.planner} in {anatomy.title}", request, s) for s in (STRAIGHT, ARC)]
    found: dict[str, Any] = {}
    for name, request, settings in cases:
        ways = len(search(request, settings).paths)
        found[f"{name}, {ways} ways"] = timed(lambda it, s=settings: plan(it, s), request, given.n)
        worker = PlanWorker(settings)
        ask = timed(lambda it, w=worker: by_worker(w, it), request, given.n)
        worker.close()
        found[f"{name}, by the planner's process"] = ask
    for anatomy in anatomies:
        request = PlanRequest(anatomy.target_m, None, 1, (), anatomy.no_go, anatomy.skin)
        lesion = anatomy.lesion
        found[f"ablation in {anatomy.title}"] = timed(
            lambda it, of=lesion: plan_ablation(it, of, STRAIGHT), request, max(given.n // 25, 1)
        )
    for name, row in found.items():
        print(
            f"{name}: {row['ms']} ms, n = {row['n']}, {row['no_plan']} without a plan", flush=True
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
