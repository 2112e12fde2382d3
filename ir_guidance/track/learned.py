# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The learned tracker: where to look, what the network says there, and whether to believe it."""

from __future__ import annotations

import numpy as np

from ir_guidance.track.alone import is_needle
from ir_guidance.track.backends import CHANNELS, SIDE_PX, Maps, Network
from ir_guidance.track.heat import log_density, most_likely, near, over_image, probability
from ir_guidance.track.learned_settings import Calibration
from ir_guidance.track.marks import draw_shaft, draw_target
from ir_guidance.track.memory import Memory
from ir_guidance.track.motion import Expected, TipMotion
from ir_guidance.track.place import Place, blurred, both
from ir_guidance.track.pointing import Pointing, pointing, put_on_axis
from ir_guidance.track.quality import Quality
from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.shaft_end import ended_by_brightness
from ir_guidance.track.sighting import Sighting
from ir_guidance.track.strip import full_scale
from ir_guidance.track.target_watch import TargetWatch
from ir_guidance.track.view import View, behind, fine, whole
from ir_guidance.values import (
    Frame,
    Modality,
    NeedleTrack,
    Reason,
    ShaftPrior,
    TargetTrack,
    Track,
    Vector,
)

FRAMES = CHANNELS - 2


class LearnedTracker:
    """Looks near where the tip should be, at full resolution; searches the whole image when it is not there."""

    def __init__(
        self,
        modality: Modality,
        settings: TrackSettings,
        network: Network,
        calibration: Calibration | None = None,
    ) -> None:
        """Start without a target, on a loaded network."""
        self._settings, self._field_m = settings.learned, settings.of(modality).field_m
        self._shaft = settings.of(modality).shaft
        self._by_xrays, self._network = modality is Modality.FLUOROSCOPY, network
        self._calibration = calibration or Calibration()
        self._quality = Quality(settings.quality)
        self._memory = Memory(FRAMES, self._settings.cut, self._settings.memory_s)
        self._motion = TipMotion(self._settings.motion, by_xrays=self._by_xrays)
        self._target = TargetWatch(
            settings.learned, settings.of(modality).target, self._calibration.target, self._infer
        )
        self._input = np.zeros((CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
        self.name = getattr(network, "name", "network")
        self.reset()

    def select_target(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        self._target.select(px)

    def reset(self) -> None:
        """Forget the target and every earlier frame."""
        self._quality.reset()
        self._memory.reset()
        self._motion.reset()
        self._target.reset()
        self._unsearched, self._spacing_now_m = 0, 1.0

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        """Return needle and target in the frame; a prior says where to look and which needle is meant."""
        self._target.owes_nothing()
        unusable = self._quality.judge(frame.pixels, full_scale(frame.pixels))
        if unusable is not Reason.OK:
            return self._result(frame, Sighting(None, unusable, None), (None, unusable))
        if not self._memory.add(frame.pixels, frame.acquired_steady_ns):
            self._motion.reset()
            self._unsearched = self._settings.search_every
        spacing_m = self._spacing_now_m = self._spacing_m(frame)
        seen = self._find_needle(frame, prior, spacing_m)
        target = self._target.step(frame, self._memory.newest.shape, prior, spacing_m, seen.target)
        return self._result(frame, seen, target)

    def _find_needle(self, frame: Frame, prior: ShaftPrior | None, spacing_m: float) -> Sighting:
        """Look where the tip is expected; then, not on every frame, everywhere."""
        steady_ns, shape = frame.acquired_steady_ns, self._memory.newest.shape
        expected = self._motion.predict(prior, steady_ns, spacing_m)
        seen = Sighting(None, Reason.NOT_FOUND, None)
        if expected is not None:
            if self._is_outside(expected[0], shape, spacing_m):
                return seen
            along = np.zeros(2) if prior is None else prior.tip_px - prior.entry_px
            view = fine(shape, behind(expected[0], along, shape, self._settings.behind))
            seen = self._look(view, prior, expected)
        self._unsearched += 1
        if seen.needle is None and (
            prior is None or self._unsearched >= self._settings.search_every
        ):
            seen = self._search(shape, prior, seen, expected)
        if seen.alone is not None and self._motion.jumped(
            seen.alone.place, seen.alone.covariance, spacing_m
        ):
            return Sighting(None, Reason.JUMP, seen.target, seen.heat)
        if seen.needle is not None:
            self._motion.see(seen.needle.tip_px, seen.needle.tip_covariance_px2, steady_ns)
        return seen

    def _search(
        self,
        shape: tuple[int, int],
        prior: ShaftPrior | None,
        seen: Sighting,
        expected: Expected | None,
    ) -> Sighting:
        """Return what is seen closely at the place that the whole image points to."""
        self._unsearched = 0
        rough = self._look(whole(shape), prior, None, closely=False)
        if rough.needle is None:
            better = seen.reason is Reason.NOT_FOUND
            return Sighting(None, rough.reason if better else seen.reason, seen.target, rough.heat)
        back = self._settings.behind * fine(shape, rough.needle.tip_px).side_px
        centre = rough.needle.tip_px - back * rough.needle.direction
        return self._look(fine(shape, centre), prior, expected if prior is not None else None)

    def _is_outside(self, px: Vector, shape: tuple[int, int], spacing_m: float) -> bool:
        size = np.array(shape[::-1])
        return bool((np.maximum(-px, px - size).max() * spacing_m) > self._settings.outside_m)

    def _look(
        self,
        view: View,
        prior: ShaftPrior | None,
        expected: Expected | None,
        *,
        closely: bool = True,
    ) -> Sighting:
        """Return what the network sees in a view; what only says where to look closely need not be sure."""
        maps = self._infer(view, prior)
        alone, odds = most_likely(maps.places[0])
        place, image = alone, alone
        if expected is not None:
            place, weighed = most_likely(maps.places[0], log_density(view, *expected))
            image, odds = near(odds, place.place), weighed
        needle, tip = probability(maps.flags[0]), probability(maps.flags[1])
        target = self._target.in_view(view, maps)
        heat = over_image(odds, view, self._memory.newest.shape, tip)
        if needle < self._settings.needle:
            return Sighting(None, Reason.NOT_FOUND, target, heat)
        if tip < self._settings.tip:
            hidden = Reason.NOT_FOUND if self._by_xrays else Reason.OUT_OF_PLANE
            return Sighting(None, hidden, target, heat)
        cell, sure, guided = (place.place + 0.5) / 2 - 0.5, tip * place.mass, prior is not None
        points = pointing(maps.shaft, cell)
        by_image = self._in_image(view, alone) if alone.mass >= self._settings.mass else None
        least = self._settings.mass if expected is None else self._settings.mass_expected
        if image.mass < least or points is None:
            return Sighting(None, Reason.LOW_CONTRAST, target, heat, by_image)
        if closely and not self._is_sure(sure, guided, maps, cell, points, view):
            return Sighting(None, Reason.NOT_FOUND, target, heat)
        best, image = self._in_image(view, place), self._in_image(view, image)
        # By what the network makes of it, too: a shadow that goes on into the target's ends at its far end.
        touches = self._touches_target(image.place)
        if self._by_xrays:
            best, image = (self._on_shaft(each, points, view, guided) for each in (best, image))
        if touches or self._touches_target(image.place):
            image = blurred(image, points.direction, self._settings.touch_m / self._spacing_now_m)
            by_image = image
            best = image if expected is None else both(Place(*expected, 1.0), image)
        found = NeedleTrack(
            tip_px=best.place,
            tip_covariance_px2=best.covariance,
            direction=points.direction,
            direction_sigma_rad=points.sigma_rad,
            confidence=sure,
            image_tip_px=None if expected is None else image.place,
            image_covariance_px2=None if expected is None else image.covariance,
        )
        return Sighting(found, Reason.OK, target, heat, by_image)

    def _on_shaft(self, tip: Place, points: Pointing, view: View, guided: bool) -> Place:
        """Return a tip by X-rays on its shaft's axis, and where its shadow ends."""
        image, spacing_m = self._memory.newest, self._spacing_now_m
        tip = put_on_axis(tip, points, view, spacing_m)
        return ended_by_brightness(tip, points.direction, image, spacing_m, self._shaft, guided)

    def _touches_target(self, tip_px: Vector) -> bool:
        """Return whether by X-rays the tip cannot be told from the target: two metal things that touch are one."""
        if not self._by_xrays or self._target.px is None:
            return False
        gap_px = float(np.linalg.norm(tip_px - self._target.px))
        return gap_px * self._spacing_now_m < self._settings.touch_m

    def _in_image(self, view: View, place: Place) -> Place:
        """Return a tip's place in image pixels, its covariance as honest as the card's calibration makes it."""
        covariance = place.covariance * (view.scale * self._calibration.tip) ** 2
        return Place(view.px_of(place.place), covariance, place.mass)

    def _is_sure(
        self, sure: float, guided: bool, maps: Maps, cell: Vector, points: Pointing, view: View
    ) -> bool:
        """Return whether this is a needle and no other bright thing; a robot vouches for a short or bent one."""
        if guided:
            return sure >= self._settings.guided
        cell_m, shaft = 2 * view.scale * self._spacing_now_m, maps.shaft[0]
        settings, by_xrays = self._settings, self._by_xrays
        return sure >= settings.alone and is_needle(shaft, cell, points, cell_m, settings, by_xrays)

    def _infer(self, view: View, prior: ShaftPrior | None) -> Maps:
        self._memory.take(view, self._input[:FRAMES])
        shaft, target = self._input[FRAMES:]
        if prior is None:
            shaft[:] = 0
        else:
            draw_shaft(view.place_of(prior.entry_px), view.place_of(prior.tip_px), shaft)
        if self._target.px is not None and self._target.is_in(view):
            draw_target(view.place_of(self._target.px), target)
        else:
            target[:] = 0
        return self._network.infer(self._input)

    def catch_up(self) -> None:
        """Look at the target once more where the frame just tracked did not wait for that."""
        self._target.catch_up()

    def _spacing_m(self, frame: Frame) -> float:
        if frame.spacing_m is not None:
            return float(np.sqrt(frame.spacing_m[0] * frame.spacing_m[1]))
        return self._field_m / float(max(frame.pixels.shape))

    def _result(
        self, frame: Frame, seen: Sighting, target: tuple[TargetTrack | None, Reason]
    ) -> Track:
        return Track(
            sequence=frame.sequence,
            stamp_ns=frame.stamp_ns,
            acquired_steady_ns=frame.acquired_steady_ns,
            needle=seen.needle,
            target=target[0],
            needle_reason=seen.reason,
            target_reason=target[1],
            heat=seen.heat,
        )
