# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Measure how cost grows: python tests/bench/growth.py [--n 100] [--json FILE] [--picture FILE].

With the size of the image, the instruments in it, the needles that are followed, the obstacles that a plan
avoids, and the length of a recording. Medians, and the exponent of the power law through them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console

import ir_guidance.nodes  # noqa: F401 - keeps numpy to one thread, as in the nodes
from ir_guidance.bench.growth import Growth, peak_mib, resident_mib
from ir_guidance.bench.render import Shown, render
from ir_guidance.bench.sequence import Sequence, overrides, resized
from ir_guidance.bench.stages import parts_of_track, rehearse, timed_ms
from ir_guidance.commands.progress import with_progress
from ir_guidance.kinematics import guide_pose
from ir_guidance.plan import PlanRequest, PlanSettings, plan
from ir_guidance.profiles import load_profile
from ir_guidance.profiles.profile import merged_profile
from ir_guidance.record.mcap import McapFile
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoom, FluoroscopyRoomSettings
from ir_guidance.room.modality import frame_of
from ir_guidance.track import make_tracker
from ir_guidance.values import NS_PER_S, Frame, Modality, Sphere

SIZES_PX = (256, 512, 1024, 2048)
INSTRUMENTS = (1, 2, 4, 8)
NEEDLES = (1, 2, 4)
OBSTACLES = (1, 4, 16, 64, 256)
MESSAGES = (500, 1000, 2000, 4000)
MESSAGE_BYTES = 65536
INSERTED = (-0.020, 0.0, 0.75, 0.0, 0.030, 0.0)

WARM_UP = 20

Item = TypeVar("Item")


def median_ms(what: Callable[[Any], object], over: Iterable[Any]) -> float:
    """Return the median of a call's time, the first few left out."""
    return float(np.median(timed_ms(what, over)[WARM_UP:]))


def by_image_size(sequence: Sequence, n: int, shown: Shown) -> Iterator[Growth]:
    """Yield what each stage takes on images of growing longer side."""
    told = {"modality": str(sequence.modality)} | overrides(sequence.joints)
    profile = merged_profile("biopsy", told, "growth")
    sized = [resized(sequence, side_px) for side_px in SIZES_PX]
    took = [rehearse(each, profile, "auto", n, shown)[0] for each in sized]
    memory = tuple(peak_mib(lambda it=each: parts_of_track(it, None, 5)) for each in sized)
    for stage in ("preprocess", "track", "localise", "correct"):
        medians = tuple(float(np.median(each[stage])) for each in took)
        kept = memory if stage == "preprocess" else ()
        yield Growth(stage, "longer side of the image, px", SIZES_PX, medians, kept)


def by_instruments(n: int) -> Growth:
    """Return what tracking takes under X-rays with other things in the image."""
    medians = []
    for devices in INSTRUMENTS:
        tracker = make_tracker("auto", Modality.FLUOROSCOPY, threads=1)
        frames = fluoroscopy_frames(devices, 30)
        medians.append(median_ms(tracker.track, repeated(frames, n + WARM_UP)))
    return Growth("track", "instruments in an X-ray image", INSTRUMENTS, tuple(medians))


def fluoroscopy_frames(devices: int, count: int) -> list[Frame]:
    """Return images of a needle in a patient with so many devices besides."""
    room = FluoroscopyRoom(FluoroscopyRoomSettings(devices=devices), 0, 1)
    frames = []
    for number in range(1, count + 1):
        room.step(number / room.pulse_rate_hz, guide_pose(np.array(INSERTED)))
        snapshot = room.snapshot()
        pixels = room.render(snapshot, 0)
        frames.append(frame_of(room, snapshot, pixels, number, number, number))
    return frames


def repeated(frames: list[Frame], n: int) -> Iterator[Frame]:
    """Yield n frames, number and time going on."""
    for number in range(1, n + 1):
        steady_ns = number * NS_PER_S // 30
        frame = frames[number % len(frames)]
        yield replace(frame, sequence=number, stamp_ns=steady_ns, acquired_steady_ns=steady_ns)


def by_needles(sequence: Sequence, n: int) -> Growth:
    """Return what following several needles takes in one process, a tracker for each, and their memory."""
    medians, memory, trackers = [], [], []
    frames, before_mib = list(sequence.frames[:60]), resident_mib()

    def every(frame: Frame) -> None:
        for tracker in trackers:
            tracker.track(frame)

    for needles in NEEDLES:
        while len(trackers) < needles:
            trackers.append(make_tracker("auto", sequence.modality, threads=1))
        medians.append(median_ms(every, repeated(frames, n + WARM_UP)))
        memory.append(resident_mib() - before_mib)
    return Growth("track", "needles followed", NEEDLES, tuple(medians), tuple(memory))


def by_obstacles(n: int) -> Growth:
    """Return what a plan takes among growing numbers of spheres, and the memory of its search."""
    generator = np.random.default_rng(0)
    medians, memory = [], []
    for count in OBSTACLES:
        centres = generator.uniform([-0.05, -0.05, -0.06], [-0.02, 0.05, -0.01], (count, 3))
        spheres = tuple(Sphere((x, y, z), 0.002) for x, y, z in centres.tolist())
        target_m, normal = np.array([0.008, 0.0, -0.036]), np.array([0.0, 1.0, 0.0])
        request = PlanRequest(target_m, normal, 1, spheres)

        def search(_: int, it: PlanRequest = request) -> None:
            plan(it, PlanSettings())

        medians.append(median_ms(search, range(n + WARM_UP)))
        memory.append(peak_mib(lambda do=search: do(0)))
    return Growth("plan", "obstacles", OBSTACLES, tuple(medians), tuple(memory))


def by_recording() -> Growth:
    """Return what a whole recording takes to write, and what it keeps in memory until it is closed."""
    took, memory = [], []
    for count in MESSAGES:
        took += timed_ms(record, [count])
        memory.append(peak_mib(lambda c=count: record(c)))
    return Growth(
        "record", f"messages of {MESSAGE_BYTES} bytes", MESSAGES, tuple(took), tuple(memory)
    )


def record(count: int) -> None:
    """Write so many messages to a file, which is then thrown away."""
    message = bytes(MESSAGE_BYTES)
    with (
        tempfile.TemporaryDirectory() as folder,
        McapFile(Path(folder) / "session.mcap", lambda _: "uint8[] data") as file,
    ):
        file.add_topic("image", "std_msgs/msg/Bytes")
        for number in range(count):
            file.add("image", message, number, number)


def draw(found: list[Growth], file: Path) -> None:
    """Draw every cost over its size, relative to the smallest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for each in found:
        sizes = np.array(each.sizes) / each.sizes[0]
        slope = each.as_dict()["exponent"]
        name = f"{each.what}, {each.of}: exponent {slope:.2f}"
        axes.loglog(sizes, np.array(each.took_ms) / each.took_ms[0], "o-", label=name)
    axes.set(xlabel="size, relative to the smallest", ylabel="time, relative to the smallest")
    axes.legend(fontsize=8)
    figure.savefig(file, dpi=120)


def main() -> None:
    """Print, write and draw what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    given = parser.parse_args()
    console = Console(stderr=True)

    def shown(items: Iterable[Item], total: int | None, what: str) -> Iterator[Item]:
        return with_progress(items, total, what, console)

    sequence = render(load_profile("biopsy"), 0, shown)
    found = [
        *by_image_size(sequence, given.n, shown),
        by_instruments(given.n),
        by_needles(sequence, given.n),
        by_obstacles(given.n),
        by_recording(),
    ]
    rows = [each.as_dict() for each in found]
    for row in rows:
        times = ", ".join(
            f"{s:g}: {t:.2f} ms" for s, t in zip(row["sizes"], row["took_ms"], strict=True)
        )
        kept = ", ".join(f"{each:.1f}" for each in row["memory_mib"])
        memory = f"; memory {kept} MiB" if kept else ""
        print(f"{row['what']} by {row['of']}: {times}; exponent {row['exponent']:.2f}{memory}")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if given.picture:
        draw(found, given.picture)


if __name__ == "__main__":
    main()
