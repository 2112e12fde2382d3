# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which target is meant, and where in it: the click, the network and the look of it, weighed."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.track.place import Place
from ir_guidance.values import NS_PER_S, Matrix, Reason, TargetTrack, Vector


class AimSettings(Settings):
    """How a target is followed from the click on."""

    click_sigma_m: float = Field(
        0.0010, gt=0, le=0.02, description="How far off the target's centre an operator points."
    )
    settle_s: float = Field(
        4.0,
        gt=0,
        le=60,
        description="Time over which the network's error about one target is one and the same.",
    )
    drift_mps: float = Field(
        0.0001, ge=0, le=0.01, description="Growth of the look's own error, per root second."
    )
    network_every: int = Field(
        4,
        ge=1,
        le=30,
        description="Frames from one look of the network at the target to the next, where its look is followed too.",
    )
    agree_sigmas: float = Field(
        5.0, ge=3, le=20, description="Between network and look, beyond which neither is believed."
    )
    denials: int = Field(
        3,
        ge=1,
        le=30,
        description="Times in a row that a network which knew the target may not see it where its look is.",
    )
    speed_mps: float = Field(
        0.02,
        gt=0,
        le=1,
        description="Fastest that a target moves; 20 mm of breath at 0.25 Hz reach 0.016.",
    )
    jump_m: float = Field(
        0.002,
        ge=0,
        le=0.05,
        description="Step of the target, or gap between the two, that is always believed.",
    )
    alone_s: float = Field(
        0.7,
        ge=0,
        le=5,
        description="Longest that the network is followed after the look was lost, where there was one.",
    )
    longest_s: float = Field(
        0.5, ge=0, le=5, description="Longest time that the allowed step grows for."
    )


class Aim:
    """One target: the same thing from frame to frame, and the same point of it.

    Three say where its centre is. The operator points at it once. Its look, followed by correlation,
    tells its motion better than anything else, but not what or where it is. The network sees it on many
    frames; what it is wrong by stays the same for seconds (a dim border, the section that the breath
    shows), so that only in the course of time it becomes surer than the click. What is estimated is
    the click's error: a constant, by a Kalman filter whose measurements are the network's. Without a
    look the network alone tells the motion, and what it is off by is known from the click for a while.
    Where network and look contradict each other the look counts, which is the same from the first frame
    on, and before long neither: the network would be led away by a needle that has reached the target.
    """

    def __init__(self, settings: AimSettings, click_px: Vector, look_alone: float = 0.0) -> None:
        """Aim at what the operator pointed at, (u, v) in pixels.

        A look that correlates by less than ``look_alone`` counts only together with the network.
        """
        self._settings, self._look_alone = settings, look_alone
        self.px: Vector = np.asarray(click_px, float)
        self._look_off: Vector | None = None
        self._correction, self._spread_px2 = np.zeros(2), np.zeros((2, 2))
        self._network_off: Vector | None = None
        self._denied = 0
        self._met_ns = self._asked_ns = 0
        self._here: tuple[Place, int] | None = None
        self._seen: tuple[Vector, int] | None = None
        self._sure: tuple[Vector, int] | None = None

    def is_doubtful(self, look: TargetTrack) -> bool:
        """Return whether the network is to be asked: it denied the target last, or the look is weak."""
        return self._denied > 0 or self._is_weak(look)

    def _is_weak(self, look: TargetTrack) -> bool:
        return self._network_off is not None and look.confidence < self._look_alone

    def deny(self) -> None:
        """Take that the network was asked and sees no target where it should be."""
        self._denied += 1

    def see(
        self,
        network: Place | None,
        look: TargetTrack | None,
        steady_ns: int,
        spacing_m: float,
    ) -> tuple[TargetTrack | None, Reason]:
        """Return where the target's centre is, or why that is not known.

        Args:
            network: What the network sees, None where it was not asked or sees no target.
            look: Where its look was found, None where it was not.
            steady_ns: When.
            spacing_m: Of a pixel.
        """
        here = self._here = None
        if look is not None:
            here = self._by_look(look, steady_ns, spacing_m)
            weak = self._is_weak(look) and (
                network is None or self._differ(network, here, spacing_m)
            )
            if weak or self._is_far(here.place, self._sure, steady_ns, spacing_m):
                here = None
        if here is not None:
            self._sure = here.place, steady_ns
            self._here = here, steady_ns
            if network is not None:
                here = self._heeded(network, here, steady_ns, spacing_m)
        elif network is not None and self._may_be_alone(steady_ns):
            self._denied = 0
            here = self._by_network(network, steady_ns, spacing_m)
            if self._is_far(here.place, self._seen, steady_ns, spacing_m):
                return None, Reason.JUMP
        if here is None:
            if self._sure is not None:  # where to look for it, and not where the network was led to
                self.px = self._sure[0]
            return None, Reason.TARGET_LOST if look is None else Reason.JUMP
        if self._network_off is not None and self._denied > self._settings.denials:
            return None, Reason.TARGET_LOST  # what looks like it is something else
        self.px, self._seen = here.place, (here.place, steady_ns)
        return TargetTrack(here.place, here.covariance, here.mass), Reason.OK

    def hear(self, network: Place, spacing_m: float) -> None:
        """Take what the network saw in the frame of the last ``see``, after its place was told by its look.

        What is learnt is the click's error, which is the same in the next frame.
        """
        if self._here is not None:
            (here, steady_ns), self._here = self._here, None
            self._heeded(network, here, steady_ns, spacing_m)

    def _may_be_alone(self, steady_ns: int) -> bool:
        """Return whether the network may be followed without a look: always where there never was one."""
        if self._sure is None:
            return True
        return steady_ns - self._sure[1] <= self._settings.alone_s * NS_PER_S

    def _heeded(self, network: Place, here: Place, steady_ns: int, spacing_m: float) -> Place:
        """Return the look's place corrected by the network's, or as it is where they contradict each other."""
        if self._differ(network, here, spacing_m):
            self.deny()
            return here
        self._denied = 0
        return self._corrected(network, here, steady_ns)

    def _click_px2(self, spacing_m: float) -> Matrix:
        return (self._settings.click_sigma_m / spacing_m) ** 2 * np.eye(2)

    def _by_look(self, look: TargetTrack, steady_ns: int, spacing_m: float) -> Place:
        """Return where the click's place has moved to, corrected by what is known of the click's error."""
        if self._look_off is None:
            self._look_off = look.px - self.px
            self._spread_px2 = self._click_px2(spacing_m)
        elif self._sure is not None:
            elapsed_s = max(steady_ns - self._sure[1], 0) / NS_PER_S
            grown = (self._settings.drift_mps / spacing_m) ** 2 * elapsed_s
            self._spread_px2 = self._spread_px2 + grown * np.eye(2)
        place = look.px - self._look_off + self._correction
        return Place(place, self._spread_px2 + look.covariance_px2, look.confidence)

    def _corrected(self, network: Place, here: Place, steady_ns: int) -> Place:
        """Take a sighting of the network; it counts for as much as it is new."""
        elapsed_s = (steady_ns - self._asked_ns) / NS_PER_S if self._asked_ns else np.inf
        repeats = max(1.0, 2 * self._settings.settle_s / max(elapsed_s, 1e-3))
        passing = here.covariance - self._spread_px2
        gain = self._spread_px2 @ np.linalg.inv(here.covariance + repeats * network.covariance)
        step = gain @ (network.place - here.place)
        self._correction = self._correction + step
        self._spread_px2 = (np.eye(2) - gain) @ self._spread_px2
        self._asked_ns = self._met_ns = steady_ns
        self._network_off = network.place - here.place - step
        mass = max(here.mass, network.mass)
        return Place(here.place + step, self._spread_px2 + passing, mass)

    def _by_network(self, network: Place, steady_ns: int, spacing_m: float) -> Place:
        """Return where the network sees it, less what it was off by when that was last known."""
        click = self._click_px2(spacing_m)
        share = network.covariance @ np.linalg.inv(network.covariance + click)
        if self._network_off is None:
            self._network_off, self._met_ns = share @ (network.place - self.px), steady_ns
        kept = float(np.exp(-(steady_ns - self._met_ns) / NS_PER_S / self._settings.settle_s))
        covariance = network.covariance - kept**2 * share @ network.covariance
        return Place(network.place - kept * self._network_off, covariance, network.mass)

    def _differ(self, network: Place, here: Place, spacing_m: float) -> bool:
        """Return whether network and look are farther apart than both say they may be."""
        gap = network.place - here.place
        near = float(np.linalg.norm(gap)) * spacing_m <= self._settings.jump_m
        spread = network.covariance + here.covariance
        return not near and float(gap @ np.linalg.solve(spread, gap)) > (
            self._settings.agree_sigmas**2
        )

    def _is_far(
        self, px: Vector, last: tuple[Vector, int] | None, steady_ns: int, spacing_m: float
    ) -> bool:
        """Return whether the target cannot have got there from where it was last, a place and a time."""
        settings = self._settings
        if last is None:
            return False
        elapsed_s = min((steady_ns - last[1]) / NS_PER_S, settings.longest_s)
        allowed_m = settings.jump_m + settings.speed_mps * elapsed_s
        return float(np.linalg.norm(px - last[0])) * spacing_m > allowed_m
