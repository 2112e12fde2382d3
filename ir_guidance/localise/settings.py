# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the localise stage."""

from __future__ import annotations

from pydantic import Field

from ir_guidance.settings import Settings


class BreathingSettings(Settings):
    """How the rest position of the breath is learned."""

    observe_s: float = Field(
        9.0, gt=2, le=60, description="Shortest time to watch before the breath is known."
    )
    dwell_m: float = Field(0.0010, gt=0, le=0.01, description="Half width of the dwell about rest.")
    dwell_s: float = Field(
        0.6, gt=0, le=60, description="A target that has settled for longer rests where it is."
    )
    follow_s: float = Field(
        0.4, gt=0, le=60, description="Time constant with which rest follows the target."
    )
    rate_s: float = Field(0.15, gt=0, le=1, description="Time constant of the displacement's rate.")
    settled_mps: float = Field(
        0.0015, gt=0, le=0.05, description="Speed below which the target rests."
    )


class LocaliseSettings(Settings):
    """What the estimator believes about the needle, the image and the target."""

    registration_sigma_m: float = Field(
        0.0015, gt=0, le=0.01, description="Robot to image registration, before any needle is seen."
    )
    bend_sigma_per_m: float = Field(
        0.08, gt=0, le=1, description="Growth of the unknown bend per metre of advance (m/m)."
    )
    robot_sigma_m: float = Field(
        0.0005,
        gt=0,
        le=0.01,
        description="Error of the straight needle's tip by the joints; by X-rays it is all that is known along them.",
    )
    curvature_sigma_per_m: float = Field(
        0.0, ge=0, le=20, description="Of the needle's bow, 1/m; 0: every image shows what matters."
    )
    pivot_sigma: float = Field(
        0.0, ge=0, le=1, description="Share of a pivot in tissue that the tip may not follow."
    )
    bow_time_s: float = Field(
        5.0, gt=0.1, le=60, description="Time in which the bow comes and goes."
    )
    drift_sigma_mps: float = Field(
        0.0003,
        gt=0,
        le=0.01,
        description="Growth of the tip's uncertainty with time, m per root second.",
    )
    drift_per_m: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Of its depth, how far off time alone can bring the tip of a needle that the guide holds, 1 sigma.",
    )
    image_sigma_m: float = Field(
        0.0002, gt=0, le=0.005, description="Scale and speed of sound in the image."
    )
    tip_end_sigma_m: float = Field(
        0.0010,
        ge=0,
        le=0.01,
        description="Where along the shaft the echo ends, beyond what the tracker knows.",
    )
    echo_end_time_s: float = Field(
        0.0,
        ge=0,
        le=5,
        description="By ultrasound: time over which an echo ends wrongly by the same length, which is then told apart "
        "from where it lies across the shaft; 0: every image errs anew, and along the shaft as across it.",
    )
    echo_end_sure_m: float = Field(
        0.0003,
        gt=0,
        le=0.01,
        description="With it: an image less sure than this of where the echo ends errs by more than it says.",
    )
    insertion_share: float = Field(
        0.15,
        ge=0,
        le=1,
        description="With it: of what a tip grows unsure by, the share along the shaft; a needle does not stretch.",
    )
    along_shaft_sigma_m: float = Field(
        0.0012,
        gt=0,
        le=0.01,
        description="By X-rays: an image less sure than this of where along the shaft the tip is tells nothing of it.",
    )
    along_shaft_correlation_s: float = Field(
        3.0,
        gt=0,
        le=30,
        description="By X-rays: time over which that is one and the same error.",
    )
    late_s: float = Field(
        0.150,
        ge=0,
        le=0.5,
        description="How much older than another view's newest a frame may be and still count.",
    )
    flex_length_m: float = Field(
        0.0,
        ge=0,
        le=0.3,
        description="Depth over which tissue holds the needle against a pivot: the fourth root of 4 EI over its "
        "stiffness; 0: it is taken as rigid.",
    )
    slice_factor: float = Field(
        1.0,
        gt=0,
        le=3,
        description="A needle that is seen lies this many slice sigmas about the plane.",
    )
    slice_correlation_s: float = Field(
        5.0,
        gt=0,
        le=30,
        description="Time over which being out of the plane is one and the same error.",
    )
    hidden_breath: float = Field(
        0.5,
        ge=0,
        le=3,
        description="Breath along an X-ray that no image shows, as a share of the breath across it.",
    )
    hidden_push_m: float = Field(
        0.0007,
        ge=0,
        le=0.01,
        description="How far a needle may push the target along an X-ray, where no image shows it.",
    )
    target_speed_mps: float = Field(0.020, gt=0, le=0.2, description="Typical speed of the target.")
    target_rest_speed_mps: float = Field(
        0.020,
        gt=0,
        le=0.2,
        description="The same within the dwell about rest, once the breath is known: of two views one is always older.",
    )
    disagreement_share: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="Of two X-ray views: how much a sighting counts in how far its view is found to err unsaid.",
    )
    disagreement_m: float = Field(
        0.0015,
        ge=0,
        le=0.01,
        description="With it: the most that a view is found to err by, 1 sigma.",
    )
    target_plane_sigma_m: float = Field(
        0.0007,
        gt=0,
        le=0.01,
        description="How well the operator centred the image plane on the target.",
    )
    offset_limit_m: float = Field(
        0.016,
        gt=0,
        le=0.05,
        description="Farthest that bend, pivot and registration take a tip from the straight needle's.",
    )
    outlier_chi2: float = Field(
        18.4, gt=2, le=100, description="Gate on the tip's innovation, 2 degrees of freedom."
    )
    view_margin_m: float = Field(
        0.018,
        ge=0,
        le=0.03,
        description="Length of needle inside the image before it must be seen.",
    )
    breathing: BreathingSettings = BreathingSettings()
