# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which target is meant, and where in it: the click, the network and the look of it, weighed."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.track.heat import Place
from ir_guidance.values import NS_PER_S, Matrix, Reason, TargetTrack, Vector


class AimSettings(Settings):
    """How a target is followed from the click on."""

    click_sigma_m: float = Field(
        0.0010, gt=0, le=0.02, description="How far off the target's centre an operator points."
    )
    lasting: float = Field(
        0.8,
        ge=0,
        lt=1,
        description="Share of the network's variance that is one and the same error in all frames.",
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
    speed_mps: float = Field(0.04, gt=0, le=1, description="Fastest that a target moves.")
    jump_m: float = Field(
        0.002,
        ge=0,
        le=0.05,
        description="Step of the target, or gap between the two, that is always believed.",
    )
    longest_s: float = Field(
        0.3, ge=0, le=5, description="Longest time that the allowed step grows for."
    )


class Aim:
    """One target: the same thing from frame to frame, and the same point of it.

    Three say where its centre is. The operator points at it once. The network sees it on many frames;
    most of what it is wrong by lasts (a dim border, a shadow beside it), so that averaging does not
    help, but the click does. Its look, followed by correlation, tells its motion better than both, but
    not what it is. At the first sighting click and network are weighed, and what network and look
    are off by from there on is taken off them. Where the two do not agree neither is believed.
    """

    def __init__(self, settings: AimSettings, click_px: Vector) -> None:
        """Aim at what the operator pointed at, (u, v) in pixels."""
        self._settings = settings
        self.px: Vector = np.asarray(click_px, float)
        self._lasting_px2: Matrix | None = None
        self._network_off: Vector | None = None
        self._look_off: Vector | None = None
        self._seen_ns: int | None = None

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
        if network is None and look is None:
            return None, Reason.TARGET_LOST
        here = self.px
        if look is not None and self._look_off is not None:
            here = look.px - self._look_off
        if network is not None and self._network_off is None:
            here = self._meet(network, here, spacing_m)
        if look is not None and self._look_off is None:
            self._look_off = look.px - here
        found: list[tuple[Vector, Matrix]] = []
        if network is not None and self._network_off is not None:
            passing = (1.0 - self._settings.lasting) * network.covariance
            found.append((network.place - self._network_off, passing))
        if look is not None and self._look_off is not None:
            found.append((look.px - self._look_off, look.covariance_px2))
        if len(found) == 2 and network is not None and self._differ(network, found, spacing_m):
            return None, Reason.JUMP
        px, covariance = _weighed(found)
        if self._is_far(px, steady_ns, spacing_m):
            return None, Reason.JUMP
        self.px, self._seen_ns = px, steady_ns
        mass = network.mass if network is not None else look.confidence if look else 0.0
        return TargetTrack(px, covariance + self._lasting(spacing_m), mass), Reason.OK

    def _lasting(self, spacing_m: float) -> Matrix:
        """Return the covariance (px^2) of the error that no frame takes away; at first the click's."""
        if self._lasting_px2 is None:
            self._lasting_px2 = (self._settings.click_sigma_m / spacing_m) ** 2 * np.eye(2)
        return self._lasting_px2

    def _meet(self, network: Place, here: Vector, spacing_m: float) -> Vector:
        """Weigh where it was thought to be and the network's first sighting (a Kalman step); return the result."""
        before = self._lasting(spacing_m)
        lasting = self._settings.lasting * network.covariance
        gain = lasting @ np.linalg.inv(lasting + before)
        self._network_off = gain @ (network.place - here)
        self._lasting_px2 = gain @ before
        return np.asarray(network.place - self._network_off)

    def _differ(self, network: Place, found: list[tuple[Vector, Matrix]], spacing_m: float) -> bool:
        """Return whether network and look are farther apart than both say they may be."""
        gap = found[0][0] - found[1][0]
        spread = network.covariance + found[1][1]
        near = float(np.linalg.norm(gap)) * spacing_m <= self._settings.jump_m
        far = float(gap @ np.linalg.solve(spread, gap)) > self._settings.agree_sigmas**2
        return far and not near

    def _is_far(self, px: Vector, steady_ns: int, spacing_m: float) -> bool:
        settings = self._settings
        if self._seen_ns is None:
            return False
        elapsed_s = min((steady_ns - self._seen_ns) / NS_PER_S, settings.longest_s)
        allowed_m = settings.jump_m + settings.speed_mps * elapsed_s
        return float(np.linalg.norm(px - self.px)) * spacing_m > allowed_m


def _weighed(found: list[tuple[Vector, Matrix]]) -> tuple[Vector, Matrix]:
    """Return the mean of places by their inverse covariances, and its covariance."""
    precisions = [np.linalg.inv(covariance) for _, covariance in found]
    covariance = np.linalg.inv(sum(precisions[1:], precisions[0]))
    weighted = [p @ px for p, (px, _) in zip(precisions, found, strict=True)]
    return covariance @ sum(weighted[1:], weighted[0]), covariance
