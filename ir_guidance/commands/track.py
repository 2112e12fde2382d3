# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``ir-guidance track``: find the needle in any source, write ``tracks.csv`` and an overlay."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ir_guidance.commands.native_stderr import gathered_stderr
from ir_guidance.commands.output import check_free, output_folder, unused
from ir_guidance.commands.overlay_files import OverlayFiles
from ir_guidance.commands.tracks_csv import TracksCsv
from ir_guidance.frames import Grab, Roi, Source, SourceError, SourceOptions, open_source
from ir_guidance.settings import SettingsError, checked
from ir_guidance.values import NS_PER_MS, Frame, Modality, Reason, Track

DEFAULT_OUT = Path("build/track")
PROGRESS_AFTER_S = 2.0


class FrameTracker(Protocol):
    """What is asked of a tracker here."""

    def track(self, frame: Frame) -> Track:
        """Find needle and target in one frame."""
        ...

    def reset(self) -> None:
        """Forget the frames before."""
        ...


MakeTracker = Callable[[str, Modality], FrameTracker]


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """What came out; medians are None where no needle was found or no frame was tracked."""

    description: str
    frames: int
    found: int
    median_confidence: float | None
    median_track_ms: float | None
    out: Path
    files: tuple[str, ...]


def parse_roi(text: str) -> Roi:
    """Return the region of interest of ``X,Y,W,H`` in whole pixels.

    Raises:
        SourceError: It is not that.
    """
    if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*){3}", text):
        raise SourceError(
            f"--roi {text!r}: give left,top,width,height in whole pixels, such as 365,109,650,594"
        )
    left, top, width, height = (int(part) for part in text.split(","))
    return left, top, width, height


def track_source(
    source: str,
    *,
    modality: Modality | None = None,
    roi: Roi | None = None,
    spacing_mm: float | None = None,
    backend: str = "auto",
    out: Path | None = None,
    console: Console,
    make_tracker: MakeTracker | None = None,
) -> TrackSummary:
    """Track every frame of a source; write the results to ``out``, else ``build/track/NAME``.

    Ctrl-C ends the run and keeps what there is; whatever else goes wrong leaves nothing behind.

    Raises:
        SourceError: The source cannot be used.
        SettingsError: An option is out of its bounds, or there is no such backend.
        OutputError: ``out`` holds files already, or cannot be written.
    """
    options = checked(
        SourceOptions, {"modality": modality, "roi": roi, "spacing_mm": spacing_mm}, "track"
    )
    folder = out or unused(DEFAULT_OUT / _name(source))
    check_free(folder)
    with gathered_stderr() as complaints:
        images = open_source(source, options)
    with images:
        tracker = (make_tracker or _make_tracker)(backend, images.modality)
        _say(console, images.description)
        with output_folder(folder) as draft:
            tally = _track_all(images, tracker, draft, complaints, console)
            files = tuple(sorted(path.name for path in draft.iterdir()))
        summary = tally.summary(images.description, folder, files)
    _report(summary, complaints, console)
    return summary


def _make_tracker(backend: str, modality: Modality) -> FrameTracker:
    from ir_guidance.track import BACKENDS, make_tracker

    name = BACKENDS[0] if backend == "auto" else backend
    if name not in BACKENDS:
        raise SettingsError(
            f"--backend {backend}: not in this version, choose from auto, {', '.join(BACKENDS)}"
        )
    return make_tracker(name, modality)


def _name(source: str) -> str:
    """Return a name for the folder: the file's without its suffix, or that of an address."""
    last = Path(source.rstrip("/")).expanduser().absolute().name if "://" not in source else source
    last = last.rpartition("@")[2].partition("?")[0].rpartition("://")[2]
    stem = re.sub(r"(\.igs)?\.[A-Za-z]\w{2,4}$", "", last)
    return re.sub(r"[^\w.-]+", "_", stem).strip("._") or "source"


class _Tally:
    """Counts as the run goes."""

    def __init__(self) -> None:
        self.frames = 0
        self.confidences: list[float] = []
        self.track_ms: list[float] = []

    def add(self, track: Track, track_ms: float | None) -> None:
        self.frames += 1
        if track.needle is not None:
            self.confidences.append(track.needle.confidence)
        if track_ms is not None:
            self.track_ms.append(track_ms)

    def summary(self, description: str, out: Path, files: tuple[str, ...]) -> TrackSummary:
        return TrackSummary(
            description=description,
            frames=self.frames,
            found=len(self.confidences),
            median_confidence=statistics.median(self.confidences) if self.confidences else None,
            median_track_ms=statistics.median(self.track_ms) if self.track_ms else None,
            out=out,
            files=files,
        )


def _track_all(
    images: Source, tracker: FrameTracker, folder: Path, complaints: list[str], console: Console
) -> _Tally:
    tally = _Tally()
    with TracksCsv(folder / "tracks.csv") as table, OverlayFiles(folder, images) as overlays:
        try:
            for grab in _with_progress(images, complaints, console):
                track, track_ms = _track_one(tracker, grab)
                tally.add(track, track_ms)
                table.add(grab, track, track_ms)
                overlays.add(grab, track)
        except KeyboardInterrupt:
            _say(console, "stopped; writing what there is")
    return tally


def _track_one(tracker: FrameTracker, grab: Grab) -> tuple[Track, float | None]:
    """Return the track in full-image pixels and how long it took; unusable images are not tried."""
    if grab.starts:
        tracker.reset()
    frame = grab.frame
    if not grab.valid:
        no, steady_ns = Reason.NOT_FOUND, frame.acquired_steady_ns
        return Track(frame.sequence, frame.stamp_ns, steady_ns, None, None, no, no), None
    started_ns = time.perf_counter_ns()
    track = tracker.track(frame)
    return _in_full_image(track, grab.roi), (time.perf_counter_ns() - started_ns) / NS_PER_MS


def _in_full_image(track: Track, roi: Roi) -> Track:
    corner = np.array(roi[:2], dtype=np.float64)
    needle, target = track.needle, track.target
    return replace(
        track,
        needle=needle and replace(needle, tip_px=needle.tip_px + corner),
        target=target and replace(target, px=target.px + corner),
    )


def _grabs(images: Source, complaints: list[str]) -> Iterator[Grab]:
    """Yield the grabs; what decoders write to stderr goes to ``complaints``."""
    grabs = images.grabs()
    while True:
        with gathered_stderr() as said:
            grab = next(grabs, None)
        complaints += said
        if grab is None:
            return
        yield grab


def _with_progress(images: Source, complaints: list[str], console: Console) -> Iterator[Grab]:
    """Yield the grabs; a run of more than two seconds shows how far it is."""
    columns = (
        TextColumn("tracking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console, transient=True)
    task = progress.add_task("tracking", total=images.count)
    started_s = time.monotonic()
    try:
        for grab in _grabs(images, complaints):
            yield grab
            progress.advance(task)
            if not progress.live.is_started and time.monotonic() - started_s > PROGRESS_AFTER_S:
                progress.start()
    finally:
        if progress.live.is_started:
            progress.stop()


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _report(summary: TrackSummary, complaints: list[str], console: Console) -> None:
    parts = [f"needle found in {summary.found} of {summary.frames}"]
    if summary.median_confidence is not None:
        parts.append(f"median confidence {summary.median_confidence:.2f}")
    if summary.median_track_ms is not None:
        parts.append(f"{summary.median_track_ms:.1f} ms a frame")
    shown = [name for name in summary.files if not name.startswith("overlay_")]
    _say(console, ", ".join(parts))
    if complaints:
        _say(console, f"the decoder complained {len(complaints)} times, first: {complaints[0]}")
    _say(console, f"{summary.out}: {', '.join(shown)}")
