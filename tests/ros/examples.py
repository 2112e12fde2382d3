# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One value of each kind, with every field other than its default."""

from __future__ import annotations

import numpy as np

from ir_guidance.nodes import conversions as c
from ir_guidance.plan.identity import hashed
from ir_guidance.values import (
    CarmGeometry,
    Command,
    Consent,
    Correction,
    Decision,
    Fix,
    Hand,
    Level,
    Mean,
    Mode,
    NeedleTrack,
    Plan,
    Plane,
    ProbeGeometry,
    RobotState,
    Sphere,
    TargetTrack,
    Track,
    Truth,
)

STAMP_NS = 1_700_000_000_123_456_789
STEADY_NS = 98_765_432_109
RNG = np.random.default_rng(2)


def spread(side: int) -> np.ndarray:
    """Return a covariance."""
    root = RNG.normal(size=(side, side))
    return root @ root.T


NEEDLE = NeedleTrack(RNG.normal(size=2), spread(2), np.array([0.6, 0.8]), 0.02, 0.9)
TARGET = TargetTrack(RNG.normal(size=2), spread(2), 0.7)
TRACK = Track(7, STAMP_NS, STEADY_NS, NEEDLE, TARGET)
FIX = Fix(
    sequence=7,
    stamp_ns=STAMP_NS,
    acquired_steady_ns=STEADY_NS,
    tip_m=RNG.normal(size=3),
    tip_covariance_m2=spread(3),
    direction=np.array([0.6, 0.0, -0.8]),
    direction_covariance=spread(3),
    target_m=RNG.normal(size=3),
    target_covariance_m2=spread(3),
    insertion_m=-0.01,
    target_rest_m=RNG.normal(size=3),
    breath_m=0.003,
    breath_rate_mps=-0.004,
    breath_period_s=4.0,
    geometry_epoch=3,
    coasted=1,
    target_coasted=2,
    unseen=np.array([0.0, 0.6, -0.8]),
    plane=Plane.SWEPT,
)
PLAN = hashed(
    Plan(
        entry_m=RNG.normal(size=3),
        target_m=RNG.normal(size=3),
        direction=np.array([0.0, 0.6, -0.8]),
        length_m=0.06,
        clearance_m=0.004,
        geometry_epoch=3,
        obstacles=(Sphere((0.01, 0.02, -0.03), 0.004), Sphere((0.0, 0.0, -0.05), 0.002)),
        hash="",
        planner="arc",
        beyond_m=0.008,
        bend_per_m=np.array([4.0, 0.0, 0.0]),
        checkpoints_m=(0.005, 0.0123456789, 0.05),
        no_go="digest of what must not be touched",
    )
)
CORRECTION = Correction(
    sequence=7,
    stamp_ns=STAMP_NS,
    acquired_steady_ns=STEADY_NS,
    expires_steady_ns=STEADY_NS + 100_000_000,
    mode=Mode.ADVANCE,
    plan_hash="abc123",
    guide_rate=(0.001, -0.002, 0.03, -0.04),
    advance_mps=0.003,
    advance_limit_m=0.0005,
    across_sigma_m=0.0004,
    along_sigma_m=0.0004,
    remaining_m=-0.01,
    predicted_miss_m=0.0007,
    reason="because",
    roll_radps=-1.5,
    stage_ms={"track": 11.5, "localise": 0.5},
)
CONSENT = Consent("session", 12, STEADY_NS, "abc123", 3, True)
HAND = Hand("session", 5, STEADY_NS, 2, True, Mean.JOG, (0.001, -0.002, 0.03, -0.04, 0.005, 0.6))
COMMAND = Command(
    session="session",
    sequence=9,
    correction_sequence=7,
    stamp_ns=STAMP_NS,
    issued_steady_ns=STEADY_NS,
    expires_steady_ns=STEADY_NS + 100_000_000,
    enable=True,
    position=(0.01, 0.02, 0.9, 0.1, 0.03, 2.0),
    velocity=(0.0, 0.0, 0.1, -0.1, 0.003, -3.0),
)
STATE = RobotState(
    steady_ns=STEADY_NS,
    position=RNG.normal(size=6),
    velocity=RNG.normal(size=6),
    setpoint=RNG.normal(size=6),
    enabled=False,
    estop=True,
    brake=True,
    force_n=1.5,
    fault="brake",
    watchdog_tripped=True,
    accepted_stamp_ns=STAMP_NS,
    accepted_steady_ns=STEADY_NS,
)
REPORT = c.GateReport(
    decision=Decision(
        level=Level.R3,
        latched=True,
        reasons=("consent expired", "correction expired"),
        command=None,
        blind_travel_m=0.0002,
        blind_travel_max_m=0.0006,
    ),
    steady_ns=STEADY_NS,
    stamp_ns=STAMP_NS,
    armed=True,
    consent_held=True,
    approved_plan_hash="abc123",
    session="this run",
    accepted_sequence=7,
    accepted_count=5,
    refused_count=6,
    over_budget_count=2,
)
TRUTH = Truth(
    steady_ns=STEADY_NS,
    tip_m=RNG.normal(size=3),
    direction=np.array([0.6, 0.0, -0.8]),
    target_m=RNG.normal(size=3),
    breathing_m=RNG.normal(size=3),
    insertion_m=0.02,
    needle_out_of_plane_m=-0.001,
    extra={"bend_m": 0.001, "fault": "none"},
)
PROBE = ProbeGeometry(
    spacing_m=(0.0001, 0.0002),
    face_px=(255.5, 3.0),
    base_from_image=np.array(
        [[1.0, 0.0, 0.0, 0.1], [0.0, 0.0, 1.0, 0.2], [0.0, -1.0, 0.0, 0.3], [0.0, 0.0, 0.0, 1.0]]
    ),
    slice_sigma_m=0.0012,
    epoch=3,
    tracked=True,
)
CARM = CarmGeometry(
    sdd_m=1.2,
    sid_m=0.8,
    primary_angle_rad=0.3,
    secondary_angle_rad=-0.2,
    imager_spacing_m=(0.0003, 0.0004),
    table_m=(0.01, 0.02, -0.03),
    epoch=3,
    centre_px=(250.5, 260.0),
    base_from_isocentre=PROBE.base_from_image,
)
PAIRS = {
    "track": (TRACK, lambda v: c.track_to_msg(v, "us_image_optical"), c.track_from_msg),
    "fix": (FIX, c.fix_to_msg, c.fix_from_msg),
    "plan": (PLAN, lambda v: c.plan_to_msg(v, STAMP_NS), c.plan_from_msg),
    "correction": (
        CORRECTION,
        lambda v: c.correction_to_msg(v, STEADY_NS),
        c.correction_from_msg,
    ),
    "consent": (CONSENT, c.consent_to_msg, c.consent_from_msg),
    "hand": (HAND, c.hand_to_msg, c.hand_from_msg),
    "command": (COMMAND, c.command_to_msg, c.command_from_msg),
    "state": (STATE, lambda v: c.robot_state_to_msg(v, STAMP_NS), c.robot_state_from_msg),
    "report": (REPORT, c.gate_report_to_msg, c.gate_report_from_msg),
    "truth": (TRUTH, lambda v: c.truth_to_msg(v, STAMP_NS), c.truth_from_msg),
    "probe": (PROBE, lambda v: c.probe_geometry_to_msg(v, STAMP_NS), c.probe_geometry_from_msg),
    "carm": (CARM, lambda v: c.carm_geometry_to_msg(v, STAMP_NS), c.carm_geometry_from_msg),
}
