# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A C-arm's file says what was written, and one in other units or axes is refused."""

import json

import numpy as np
import pytest

from calibration_cases import carm
from ir_guidance.calibrate.carm_file import as_file, read_carm
from ir_guidance.settings import SettingsError

SHAPE = (400, 512)


def written(path, **changes):
    path.write_text(json.dumps(as_file(carm(0.8, -0.1), SHAPE) | changes))
    return path


@pytest.mark.parametrize("placed", [True, False])
def test_what_is_written_is_read(tmp_path, placed):
    true = carm(0.8, -0.1, placed=placed)
    (tmp_path / "carm.json").write_text(json.dumps({"carm": as_file(true, SHAPE)}))
    file = read_carm(tmp_path / "carm.json")
    found = file.geometry()
    assert file.shape == SHAPE
    assert (found.sdd_m, found.sid_m) == (true.sdd_m, true.sid_m)
    assert (found.primary_angle_rad, found.secondary_angle_rad) == (0.8, -0.1)
    assert (found.base_from_isocentre is None) is not placed
    if placed:
        np.testing.assert_array_equal(found.base_from_isocentre, true.base_from_isocentre)


def base(diagonal=(1, 1, 1), place=(0, 0, 0)):
    matrix = np.diag([*diagonal, 1.0])
    matrix[:3, 3] = place
    return matrix.tolist()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sdd_m": 1050.0}, "sdd_m = 1050"),
        ({"primary_angle_rad": 30.0}, "primary_angle_rad = 30"),
        ({"imager_spacing_m": [0.4, 0.4]}, "imager_spacing_m"),
        ({"sid_m": 1.2}, "not below source to detector"),
        ({"sdd_mm": 1050.0}, "sdd_mm"),
        ({"base_from_isocentre": base(place=(120.0, 0.0, 30.0))}, "millimetres taken for metres"),
        ({"base_from_isocentre": base(diagonal=(1, 1, -1))}, "mirrors"),
    ],
)
def test_other_units_and_axes_are_refused(tmp_path, changes, said):
    with pytest.raises(SettingsError, match=said):
        read_carm(written(tmp_path / "carm.json", **changes))


def test_what_is_no_such_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        read_carm(tmp_path / "none.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(SettingsError, match="no C-arm geometry"):
        read_carm(tmp_path / "list.json")
