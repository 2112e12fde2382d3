# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""X-rays cost dose: which pulses are wanted, and which of them would show nothing that matters."""

from __future__ import annotations

from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.values import Correction, Fix, Mode

ALL = 1
"""Every pulse is wanted."""


class PulseSettings(Settings):
    """When images are worth their dose."""

    resting: int = Field(
        ALL,
        ge=1,
        le=4,
        description="While nothing moves, one of so many pulses is wanted; 1: all are, always.",
    )
    ahead_s: float = Field(
        0.5,
        ge=0,
        le=5,
        description="So long before the breath is expected at rest all pulses are wanted again.",
    )
    unsure: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of an uncertainty's limit from which all pulses are wanted.",
    )


def pulses_wanted(
    fix: Fix | None,
    correction: Correction | None,
    settings: PulseSettings,
    rest_m: float,
    limits_m: tuple[float, float],
) -> int:
    """Return of how many pulses one is wanted: all while the needle moves, is about to, or is not well known.

    Args:
        fix: What the last image told, None where it told nothing.
        correction: What it called for, None while no insertion is under way.
        settings: When images are worth their dose.
        rest_m: Breathing displacement at which the needle goes on.
        limits_m: Of the uncertainty across the view and along it, beyond which the needle is held.
    """
    if fix is None or fix.coasted > 0 or fix.target_coasted > 0:
        return ALL
    if correction is None:
        return settings.resting
    sigmas_m = correction.across_sigma_m, correction.along_sigma_m
    if any(s > settings.unsure * most for s, most in zip(sigmas_m, limits_m, strict=True)):
        return ALL
    if correction.mode in (Mode.ADVANCE, Mode.ALIGN):
        return ALL
    soon_m = fix.breath_m + fix.breath_rate_mps * settings.ahead_s
    goes_on = correction.mode is Mode.WAIT_FOR_BREATH and soon_m <= rest_m
    return ALL if goes_on else settings.resting
