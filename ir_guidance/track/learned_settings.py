# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every threshold of the learned tracker, and what its weights are corrected by."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.track.aim import AimSettings
from ir_guidance.track.motion import MotionSettings


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factors that make the spread of tip and target on fresh scenes what the network says it is."""

    tip: float = 1.0
    target: float = 1.0


class LearnedSettings(Settings):
    """When the network is believed."""

    needle: float = Field(0.5, gt=0, lt=1, description="Least probability that a needle is there.")
    tip: float = Field(0.5, gt=0, lt=1, description="Least probability that its tip is.")
    guided: float = Field(
        0.7, gt=0, lt=1, description="Least confidence in a needle where a robot expects one."
    )
    alone: float = Field(0.45, gt=0, lt=1, description="Least confidence without a robot.")
    shaft_alone: float = Field(
        0.12, ge=0, le=1, description="Least shaft seen without a robot, of the view's width."
    )
    shaft_alone_by_xrays: float = Field(
        0.045, ge=0, le=1, description="The same in X-rays, where less looks like a needle."
    )
    bend_m: float = Field(
        0.15,
        gt=0.01,
        le=10,
        description="By X-rays, without a robot: what bends along a smaller radius is a lead, not a needle.",
    )
    large_target: bool = Field(
        False,
        description="The target fills half an image or more: the network is asked about it in the whole of it.",
    )
    click_m: float = Field(
        0.004,
        gt=0,
        le=0.02,
        description="Farthest from a click, by X-rays, that a target's look is learnt where the network sees it.",
    )
    target: float = Field(
        0.35,
        gt=0,
        lt=1,
        description="Least confidence in a target; where less is said, it counts as not asked.",
    )
    no_target: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Confidence below which the network says that no target is there.",
    )
    mass: float = Field(
        0.4, gt=0, lt=1, description="Least share of a map's probability round one place."
    )
    mass_expected: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="The same, by the image alone, round a place that was also expected.",
    )
    touch_m: float = Field(
        0.003,
        gt=0,
        le=0.02,
        description="By X-rays: so near to the target's centre the tip is no surer than this along the shaft.",
    )
    search_every: int = Field(
        4,
        ge=1,
        le=5,
        description="Frames from one search of the whole image to the next, when lost.",
    )
    outside_m: float = Field(
        0.012, ge=0, le=0.1, description="A tip expected so far outside the image is not searched."
    )
    behind: float = Field(
        0.2, ge=0, le=0.5, description="How far behind the tip, of its width, a view is centred."
    )
    margin: float = Field(
        0.12,
        ge=0,
        le=0.4,
        description="Of a view's width, at whose border no target is looked for.",
    )
    cut: float = Field(
        0.6,
        gt=0,
        le=5,
        description="Mean change over the picture's spread that is another picture.",
    )
    memory_s: float = Field(0.4, gt=0, le=5, description="Longest time between frames of one view.")
    motion: MotionSettings = MotionSettings()
    aim: AimSettings = AimSettings()
