# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Conversions, over the wire: every message is serialised and read back before it is converted."""

from __future__ import annotations

import dataclasses
import math
from array import array

import numpy as np
import pytest

from examples import CARM, CORRECTION, FIX, PAIRS, PLAN, PROBE, STAMP_NS, STEADY_NS, TRACK
from ir_guidance.nodes import conversions as c
from ir_guidance.pipeline import Phase
from ir_guidance.values import Level, Mode, Plane, Reason
from ir_guidance_msgs import msg as msgs
from wire import assert_same, over_the_wire

STEADY = ["track", "fix", "correction", "consent", "hand", "command", "state", "report", "truth"]
# A map, what only the localiser beside the tracker asks for, and what a message of its own carries.
NOT_ON_THE_WIRE = {"heat", "image_tip_px", "image_covariance_px2", "command", "accepted"}


@pytest.mark.parametrize("name", PAIRS)
def test_a_value_comes_back_as_it_went(name):
    value, to_msg, from_msg = PAIRS[name]
    assert_same(value, from_msg(over_the_wire(to_msg(value))))


@pytest.mark.parametrize("name", PAIRS)
def test_the_example_would_show_a_field_left_out(name):
    value = PAIRS[name][0]
    for part in (value, *(getattr(value, f.name) for f in dataclasses.fields(value))):
        if not dataclasses.is_dataclass(part):
            continue
        for field in dataclasses.fields(part):
            if field.name in NOT_ON_THE_WIRE or field.default is dataclasses.MISSING:
                continue
            if not isinstance(field.default, Reason):
                assert getattr(part, field.name) is not field.default, field.name


@pytest.mark.parametrize("name", STEADY)
def test_steady_times_of_another_boot_are_refused(name):
    value, to_msg, from_msg = PAIRS[name]
    msg = to_msg(value)
    msg.boot_id = "another host"
    with pytest.raises(c.ConversionError, match="another host"):
        from_msg(over_the_wire(msg))
    assert_same(value, from_msg(over_the_wire(msg), None))


def float_fields(msg):
    for field, kind in msg.get_fields_and_field_types().items():
        if kind.startswith(("double", "sequence<double")):
            yield field


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        (name, field)
        for name, (value, to_msg, _) in PAIRS.items()
        for field in float_fields(to_msg(value))
    ],
)
def test_a_number_that_is_not_finite_never_passes(name, field, bad):
    value, to_msg, from_msg = PAIRS[name]
    msg = to_msg(value)
    now = getattr(msg, field)
    if isinstance(now, float):
        # The setters refuse an infinity themselves; a forged message does not go through them.
        setattr(msg, f"_{field}", bad)
    else:
        now[-1] = bad
    with pytest.raises(c.ConversionError, match=field):
        from_msg(over_the_wire(msg))


def test_nested_numbers_are_checked_too():
    plan = c.plan_to_msg(PLAN, STAMP_NS)
    plan.obstacles[1].radius_m = math.nan
    with pytest.raises(c.ConversionError, match="radius_m"):
        c.plan_from_msg(over_the_wire(plan))


def test_not_found_stays_not_found():
    track = dataclasses.replace(
        TRACK,
        needle=None,
        target=None,
        needle_reason=Reason.BLACK,
        target_reason=Reason.TARGET_LOST,
    )
    back = c.track_from_msg(over_the_wire(c.track_to_msg(track, "us_image_optical")))
    assert back.needle is None and back.target is None
    assert (back.needle_reason, back.target_reason) == (Reason.BLACK, Reason.TARGET_LOST)
    fix = dataclasses.replace(FIX, target_m=None, target_covariance_m2=None, target_rest_m=None)
    assert_same(fix, c.fix_from_msg(over_the_wire(c.fix_to_msg(fix))))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code(reason):
    track = dataclasses.replace(TRACK, needle_reason=reason)
    msg = over_the_wire(c.track_to_msg(track, "us_image_optical"))
    assert msg.needle_reason == getattr(msgs.Track, reason.name)
    assert c.track_from_msg(msg).needle_reason is reason


@pytest.mark.parametrize(
    ("values", "msg"),
    [(Mode, msgs.Correction), (Level, msgs.GateState), (Plane, msgs.Fix), (Phase, msgs.PhaseState)],
)
def test_constants_are_those_of_the_values(values, msg):
    assert {member.name: int(member) for member in values} == {
        member.name: getattr(msg, member.name) for member in values
    }


@pytest.mark.parametrize(
    ("name", "field", "bad"),
    [
        ("track", "needle_reason", 200),
        ("correction", "mode", 9),
        ("fix", "plane", 3),
        ("report", "level", 5),
        ("plan", "status", msgs.Plan.WITHDRAWN),
        ("plan", "hash", ""),
        ("plan", "length_m", 0.0600001),
        ("plan", "no_go", "of another patient"),
        ("plan", "checkpoints_m", array("d")),
        ("truth", "extra_json", "[1]"),
        ("truth", "extra_json", '{"a": NaN}'),
        ("state", "velocity", array("d", [0.0])),
        ("command", "position", array("d")),
    ],
)
def test_what_is_not_known_or_does_not_fit_is_refused_in_one_line(name, field, bad):
    value, to_msg, from_msg = PAIRS[name]
    msg = to_msg(value)
    setattr(msg, field, bad)
    with pytest.raises(c.ConversionError) as caught:
        from_msg(over_the_wire(msg))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["fix", "plan"])
def test_metres_of_another_frame_are_refused(name):
    value, to_msg, from_msg = PAIRS[name]
    msg = to_msg(value)
    msg.header.frame_id = "world"
    with pytest.raises(c.ConversionError, match="world"):
        from_msg(over_the_wire(msg))


def test_a_correction_says_how_old_its_image_is():
    msg = c.correction_to_msg(CORRECTION, STEADY_NS + 42_000_000)
    assert over_the_wire(msg).image_age_ms == pytest.approx(42.0)
    assert c.stamp_from_msg(msg.header.stamp) == STAMP_NS


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("spacing_m", (0.0, 0.1)),
        ("slice_sigma_m", -1.0),
        ("base_from_image", 1000 * np.eye(4).ravel()),
    ],
)
def test_a_probe_geometry_that_cannot_be_is_refused(field, bad):
    msg = c.probe_geometry_to_msg(PROBE, STAMP_NS)
    setattr(msg, field, bad)
    with pytest.raises(c.ConversionError, match=field):
        c.probe_geometry_from_msg(over_the_wire(msg))


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("sdd_m", -1.2),
        ("sid_m", 1.2),
        ("imager_spacing_m", (0.0, 0.1)),
        ("centre_px", array("d", [1.0])),
        ("base_from_isocentre", array("d", np.eye(4).ravel()[:15])),
        ("base_from_isocentre", array("d", 1000 * np.eye(4).ravel())),
        ("base_from_isocentre", array("d", np.diag([1.0, 1.0, -1.0, 1.0]).ravel())),
    ],
)
def test_a_c_arm_geometry_that_cannot_be_is_refused(field, bad):
    msg = c.carm_geometry_to_msg(CARM, STAMP_NS)
    setattr(msg, field, bad)
    with pytest.raises(c.ConversionError, match=field):
        c.carm_geometry_from_msg(over_the_wire(msg))


def test_a_c_arm_that_stands_nowhere_known_stays_so():
    carm = dataclasses.replace(CARM, centre_px=None, base_from_isocentre=None)
    assert_same(carm, c.carm_geometry_from_msg(over_the_wire(c.carm_geometry_to_msg(carm, 0))))


def test_a_track_says_what_looked():
    msg = over_the_wire(c.track_to_msg(TRACK, "us_image_optical", "openvino f32"))
    assert msg.backend == "openvino f32"


def test_every_steady_time_names_its_clock():
    for name in dir(msgs):
        fields = getattr(getattr(msgs, name), "get_fields_and_field_types", dict)()
        if any("steady_ns" in field for field in fields):
            assert "boot_id" in fields, name
