# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Watches the target: asks its look and the network, the network no more often than is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ir_guidance.track.aim import Aim
from ir_guidance.track.backends import Maps
from ir_guidance.track.heat import most_likely, probability
from ir_guidance.track.learned_settings import LearnedSettings
from ir_guidance.track.place import Place
from ir_guidance.track.settings import TargetSettings
from ir_guidance.track.strip import full_scale
from ir_guidance.track.target import TargetFollower
from ir_guidance.track.view import View, fine, whole
from ir_guidance.values import Frame, Reason, ShaftPrior, TargetTrack, Vector

CENTRED_IN = 3
"""Times that the network is asked where the centre of a new target is."""

Infer = Callable[[View, ShaftPrior | None], Maps]


class TargetWatch:
    """One target by its look and by the network, which is asked less often where both follow it."""

    def __init__(
        self, settings: LearnedSettings, target: TargetSettings, scale: float, infer: Infer
    ) -> None:
        """Start without a target; ``scale`` makes the network's sigmas honest, ``infer`` asks it about a view."""
        self._settings, self._look_alone = settings, target.alone
        self._scale, self._infer = scale, infer
        self._told = target.told_m > 0.0
        near_m = target.told_m if self._told else target.click_m
        self._template = TargetFollower(target.model_copy(update={"click_m": near_m}))
        self.reset()

    def reset(self) -> None:
        """Forget the target."""
        self._template.reset()
        self._aim: Aim | None = None
        self._unasked = 0
        self._owed: Callable[[], None] | None = None

    def select(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        self._template.select(px)
        self._aim = Aim(self._settings.aim, px, self._look_alone)
        self._unasked = self._settings.aim.network_every

    @property
    def px(self) -> Vector | None:
        """Where the target was last, (u, v) in the image; None where there is none."""
        return None if self._aim is None else self._aim.px

    def is_in(self, view: View) -> bool:
        """Return whether the target was last within a view, and not at its border."""
        return self.px is not None and view.holds(self.px, self._settings.margin)

    def in_view(self, view: View, maps: Maps) -> Place | None:
        """Return the target as the needle's view shows it; None when it does not, or when no such view holds it."""
        large = self._settings.large_target
        return None if large or not self.is_in(view) else self._place(view, maps)

    def _place(self, view: View, maps: Maps) -> Place:
        """Return the target in image pixels, its mass its confidence."""
        found, _ = most_likely(maps.places[1])
        covariance = found.covariance * (view.scale * self._scale) ** 2
        confidence = probability(maps.flags[2]) * found.mass
        return Place(view.px_of(found.place), covariance, confidence)

    def step(
        self,
        frame: Frame,
        shape: tuple[int, int],
        prior: ShaftPrior | None,
        spacing_m: float,
        seen: Place | None,
    ) -> tuple[TargetTrack | None, Reason]:
        """Return the target in a frame, or None and why.

        Args:
            frame: The frame.
            shape: Of the images that the network's views are of.
            prior: Where the robot has the needle.
            spacing_m: Of a pixel.
            seen: What the network saw of the target when it looked for the needle.
        """
        if self._aim is None:
            return None, Reason.NOT_FOUND
        look_again = partial(self._look, self._aim, shape, prior)
        pixels, steady_ns = frame.pixels, frame.acquired_steady_ns
        if self._told and self._template.is_new:
            seen = seen or look_again()
            self._centre(self._aim, seen, look_again, spacing_m)
        look, _ = self._template.follow(pixels, full_scale(pixels), spacing_m, steady_ns)
        self._unasked += 1
        if seen is None and (look is None or self._aim.is_doubtful(look)):
            seen = look_again()
        if seen is None and self._unasked >= self._settings.aim.network_every:
            self._owed = partial(self._hear, self._aim, look_again, spacing_m)
        return self._aim.see(self._believed(self._aim, seen), look, steady_ns, spacing_m)

    def _look(self, aim: Aim, shape: tuple[int, int], prior: ShaftPrior | None) -> Place | None:
        view = whole(shape) if self._settings.large_target else fine(shape, aim.px)
        return self._place(view, self._infer(view, prior)) if self.is_in(view) else None

    def _centre(
        self,
        aim: Aim,
        seen: Place | None,
        look_again: Callable[[], Place | None],
        spacing_m: float,
    ) -> None:
        """Have the look learnt where the network sees the centre: a click is off by more than a clip is wide.

        What it says is drawn to where it is told to look, so it is asked again there: of twenty clips that were
        pointed at by up to 5 mm beside them, it told the worst to 2 mm at first, and to 0.5 mm after that.
        """
        click_px = aim.px
        for asked in range(1, CENTRED_IN + 1):
            if seen is None or seen.mass < self._settings.target:
                break
            if float(np.linalg.norm(seen.place - click_px)) * spacing_m > self._settings.click_m:
                break
            aim.px = seen.place
            self._template.select(seen.place)
            seen = look_again() if asked < CENTRED_IN else None
        aim.px = click_px

    def _believed(self, aim: Aim, seen: Place | None) -> Place | None:
        """Return what the network sees of the target where it is sure enough; that it sees none is noted."""
        if seen is None:
            return None
        self._unasked = 0
        if seen.mass < self._settings.no_target:
            aim.deny()
        return seen if seen.mass >= self._settings.target else None

    def _hear(self, aim: Aim, look_again: Callable[[], Place | None], spacing_m: float) -> None:
        """Ask the network about a target that its look has told for some frames."""
        seen = self._believed(aim, look_again())
        if seen is not None:
            aim.hear(seen, spacing_m)

    def owes_nothing(self) -> None:
        """Take back what was still to be asked: another frame is here."""
        self._owed = None

    def catch_up(self) -> None:
        """Ask the network what the last frame's answer did not wait for."""
        if (owed := self._owed) is not None:
            self._owed = None
            owed()
