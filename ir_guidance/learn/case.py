# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One frame that a tracker is judged by: what the tracker is given, and what is true."""

from __future__ import annotations

from dataclasses import dataclass

from ir_guidance.values import Frame, ShaftPrior, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A frame with its truth; pixels are (u, v) of the frame.

    Attributes:
        frame: What the tracker sees: of a screen capture the region of interest alone.
        file: Where it is from: the image's file, or the simulated sequence and the frame in it.
        starts: It has nothing to do with the frame before, so the tracker is reset.
        needle_visible: Whether there is a needle whose tip can be seen; None: not known, not scored.
        tip_px: The tip; given wherever ``needle_visible`` is true.
        shaft_px: A second point on the shaft, behind the tip.
        tip_sigma_px: How sure the truth itself is, 1 sigma along each axis.
        target_px: The target's centre; None: not known.
        target_visible: Whether it is in view; where it is not, nothing should be reported.
        click_px: Where the operator points at the target, before this frame is tracked.
        prior: What the robot's joints say, with a robot's error.
        contrast: Of the shaft, as ``Scene.contrast``; None: not known.
    """

    frame: Frame
    file: str
    starts: bool
    needle_visible: bool | None
    tip_px: Vector | None = None
    shaft_px: Vector | None = None
    tip_sigma_px: float = 0.0
    target_px: Vector | None = None
    target_visible: bool = True
    click_px: Vector | None = None
    prior: ShaftPrior | None = None
    contrast: float | None = None
