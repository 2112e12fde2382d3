# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate's settings: nothing switches a watchdog off, and every profile stops in time."""

import pytest

from ir_guidance.gate import GateSettings
from ir_guidance.settings import SettingsError, checked

WATCHDOGS = [name for name in GateSettings.model_fields if name.endswith("_ms")]
MAY_BE_0 = ("overshoot_m", "phantom_points")  # no margin; a procedure that asks for no phantom
LIMITS = [name for name in GateSettings.model_fields if name not in (*MAY_BE_0, *WATCHDOGS)]


@pytest.mark.parametrize("name", [*WATCHDOGS, *LIMITS])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e9, None, "never"])
def test_no_value_disables_a_watchdog_or_a_limit(name, value):
    with pytest.raises(SettingsError, match=f"^here: {name} = "):
        checked(GateSettings, {name: value}, "here")


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 1e9, None, "never"])
def test_a_phantom_check_is_of_so_many_points_or_none(value):
    with pytest.raises(SettingsError, match="phantom_points"):
        checked(GateSettings, {"phantom_points": value}, "here")


@pytest.mark.parametrize(
    ("advance_mps", "decelerate_mps2", "usable"),
    [
        (0.003, 0.05, True),
        (0.00414, 0.05, True),
        (0.00415, 0.05, False),  # v T + v^2 / 2a = 1.002 mm
        (0.0048, 1.0, True),
        (0.0050, 1.0, False),
        (0.003, 0.0111, False),
        (0.0004, 0.002, False),  # takes 200 ms to stop
        (0.0004, 0.0021, True),
    ],
)
def test_profile_must_stop_within_a_millimetre_and_200_ms(advance_mps, decelerate_mps2, usable):
    values = {"advance_mps": advance_mps, "decelerate_mps2": decelerate_mps2}
    if usable:
        checked(GateSettings, values, "here")
        return
    with pytest.raises(SettingsError, match="advance more slowly"):
        checked(GateSettings, values, "here")
