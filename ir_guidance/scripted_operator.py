# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The operator of a headless run: looks, points, approves and consents the way a person would.

A person sees the lesion in the image. The script is told where it is instead (its ``Eyes``), and
points at it with a person's error and a person's pace. Under X-rays, which show no depth and no vessels,
a person has a registered CT beside the image, and so has the script. That it was a script is said in every summary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from ir_guidance.localise import Place
from ir_guidance.pipeline import Phase
from ir_guidance.pointed import Mark
from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_S, Level, Sphere, Vector

MAY_HELP = (Phase.SWEEPING, Phase.HOLDING)
"""When a sweep of the probe is asked for, or may find a needle that was lost."""

START_S = 0.5
"""How long after the breath came to rest a sweep may still begin: it is to be over before the next."""


class OperatorSettings(Settings):
    """The person that the script stands for."""

    look_s: float = Field(
        1.0, gt=0, le=30, description="Time to look before acting on what is seen."
    )
    point_sigma_px: float = Field(
        6.0, ge=0, le=50, description="Error of pointing at the lesion's centre."
    )
    mark_sigma_px: float = Field(3.0, ge=0, le=50, description="Error of marking a no-go region.")
    patience_s: float = Field(
        3.0, gt=0, le=60, description="Time after which an unanswered wish is repeated."
    )
    presses: int = Field(
        5, ge=1, le=20, description="Times to consent anew after a hold before giving up."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """What a person would make out in the image now, in pixels (u, v); ``at_rest`` at end-exhale.

    ``second_px`` is the target in the second plane of a biplane C-arm.
    ``place`` is the target and ``regions`` are what must not be touched in a registered CT, where there is one.
    """

    target_px: Vector
    marks_px: tuple[Mark, ...]
    at_rest: bool
    place: Place | None = None
    regions: tuple[Sphere, ...] = ()
    second_px: Vector | None = None


def eyes_from(seen: Mapping[str, Any]) -> Eyes:
    """Return eyes from what a room says is to be seen and known: see ``ir_guidance.room.sight``."""
    place_m, second_px = seen.get("place_m"), seen.get("second_px")
    return Eyes(
        target_px=np.array(seen["target_px"]),
        marks_px=tuple((u, v, radius) for u, v, radius in seen["marks_px"]),
        at_rest=bool(seen["at_rest"]),
        place=None if place_m is None else Place(np.array(place_m), float(seen["place_sigma_m"])),
        regions=tuple(Sphere((x, y, z), r) for x, y, z, r in seen.get("regions", ())),
        second_px=None if second_px is None else np.array(second_px),
    )


@dataclass(frozen=True, slots=True)
class Screen:
    """What the software shows the operator."""

    phase: Phase = Phase.IDLE
    level: Level = Level.R0
    latched: bool = False
    plan_hash: str = ""
    approved_hash: str = ""
    inserting: bool = False
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator does now; consent is given for ``consent_hash`` while ``held``.

    ``place`` and ``second_px``, the target in the second plane, go with ``point_px``,
    ``regions`` with ``marks_px``, which are None where no plan is asked for. ``sweep`` moves the probe.
    """

    point_px: tuple[float, float] | None = None
    place: Place | None = None
    second_px: tuple[float, float] | None = None
    marks_px: tuple[Mark, ...] | None = None
    regions: tuple[Sphere, ...] = ()
    approve: str = ""
    insert: str = ""
    reset: bool = False
    consent_hash: str = ""
    sweep: bool = False
    held: bool = False
    grant: int = 0
    gave_up: bool = False


class ScriptedOperator:
    """One step for every look at the screen, at least ten times a second."""

    def __init__(self, settings: OperatorSettings, seed: int) -> None:
        """Draw the person's errors from the seed."""
        self._settings = settings
        self._rng = np.random.default_rng([seed, 77])
        self._wish_ns: dict[str, int] = {}
        self._grant = 0
        self._held = False
        self._trouble_ns: int | None = None
        self._rest_ns: int | None = None

    def step(self, now_ns: int, eyes: Eyes | None, screen: Screen) -> Wish:
        """Return what the operator does next."""
        if screen.finished:
            self._held = False
            return Wish(grant=self._grant)
        if screen.level == Level.R4:
            self._held = False
            return Wish(grant=self._grant, gave_up=True)
        if screen.phase == Phase.IDLE:
            return self._point(now_ns, eyes)
        if screen.phase == Phase.READY and eyes is not None and self._due("plan", now_ns):
            return Wish(marks_px=self._marks(eyes), regions=eyes.regions)
        if screen.plan_hash and screen.approved_hash != screen.plan_hash and not screen.inserting:
            due = self._looked("plan", now_ns) and self._due("approve", now_ns)
            return Wish(approve=screen.plan_hash if due else "")
        if screen.approved_hash and screen.approved_hash == screen.plan_hash:
            return self._consent(now_ns, eyes, screen)
        return Wish(grant=self._grant)

    def _point(self, now_ns: int, eyes: Eyes | None) -> Wish:
        """Point at the lesion in a quiet moment of the breath."""
        if eyes is None or not eyes.at_rest or not self._looked("target", now_ns):
            return Wish()
        if not self._due("point", now_ns):
            return Wish()
        pointed = self._pointed(eyes.target_px)
        second = None if eyes.second_px is None else self._pointed(eyes.second_px)
        return Wish(point_px=pointed, place=eyes.place, second_px=second)

    def _pointed(self, target_px: Vector) -> tuple[float, float]:
        """Return where a person points who means a pixel (u, v)."""
        u, v = target_px + self._rng.normal(0, self._settings.point_sigma_px, 2)
        return float(u), float(v)

    def _marks(self, eyes: Eyes) -> tuple[Mark, ...]:
        sigma = self._settings.mark_sigma_px
        return tuple(
            (u + self._rng.normal(0, sigma), v + self._rng.normal(0, sigma), radius)
            for u, v, radius in eyes.marks_px
        )

    def _consent(self, now_ns: int, eyes: Eyes | None, screen: Screen) -> Wish:
        """Hold consent; after a latched hold let go, look, and press anew. Sweep the probe when asked to, at rest."""
        if not screen.latched:
            self._trouble_ns = None
            if not self._held:
                self._press()
        elif (
            self._trouble_ns is None or now_ns - self._trouble_ns > self._settings.look_s * NS_PER_S
        ):
            self._trouble_ns = now_ns
            if self._held:
                self._held = False
            else:
                self._press()
        due = not screen.inserting and self._due("insert", now_ns)
        fits = self._rests_since(now_ns, eyes) <= START_S * NS_PER_S
        return Wish(
            sweep=screen.phase in MAY_HELP and fits and self._due("sweep", now_ns),
            insert=screen.plan_hash if due else "",
            consent_hash=screen.plan_hash,
            held=self._held,
            grant=self._grant,
            gave_up=self._grant > self._settings.presses,
        )

    def _rests_since(self, now_ns: int, eyes: Eyes | None) -> float:
        """Return for how long the breath has been at rest, in nanoseconds; infinite where it is not."""
        if eyes is None or not eyes.at_rest:
            self._rest_ns = None
            return float("inf")
        if self._rest_ns is None:
            self._rest_ns = now_ns
        return now_ns - self._rest_ns

    def _press(self) -> None:
        self._held = True
        self._grant += 1

    def _looked(self, what: str, now_ns: int) -> bool:
        """Return whether something has been in sight for long enough to act on it."""
        since_ns = self._wish_ns.setdefault(f"look at {what}", now_ns)
        return now_ns - since_ns >= self._settings.look_s * NS_PER_S

    def _due(self, what: str, now_ns: int) -> bool:
        """Return whether a wish is to be uttered: the first time, and when it stays unanswered."""
        last_ns = self._wish_ns.get(what)
        if last_ns is not None and now_ns - last_ns < self._settings.patience_s * NS_PER_S:
            return False
        self._wish_ns[what] = now_ns
        return True
