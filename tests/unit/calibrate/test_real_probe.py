# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""PLUS's N-wire recording: the published calibration, reproduced from the images and the poses."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ir_guidance.calibrate.plus_xml import read_stated_error_m, read_transform
from ir_guidance.commands.calibrate.probe import calibrate_probe_from

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "tracked_us_plus"
RECORDING = FOLDER / "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha"
PHANTOM = FOLDER / "PlusDeviceSet_fCal_Sim_SpatialCalibration_2.0.xml"
PUBLISHED = FOLDER / "FreehandCalibration3NWires_fCal2.0.calibration_only.results.xml"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/data beside the project")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Calibrate once for all tests."""
    out = tmp_path_factory.mktemp("probe") / "out"
    console = Console(quiet=True)
    calibrate_probe_from(RECORDING, PHANTOM, None, PUBLISHED, out, console)
    assert (out / "calibration.png").stat().st_size > 10_000
    return json.loads((out / "calibration.json").read_text())


def test_every_image_shows_every_wire(report):
    assert report["images"] == report["labelled"] == 190
    assert report["outliers"] < 12 and report["mirrored"]


def test_the_published_matrix_is_reproduced_within_its_stated_error(report):
    assert read_stated_error_m(PUBLISHED) == pytest.approx(0.479e-3, abs=1e-6)
    assert report["published"]["within_stated_error"]
    assert report["published"]["mean_m"] < 0.0001
    assert report["published"]["largest_m"] < 0.0002
    theirs = read_transform(PUBLISHED, "Image", "Probe")
    mine = np.array(report["probe_from_px"])
    np.testing.assert_allclose(mine[:3, :3], theirs[:3, :3], atol=3e-7)


def test_the_error_is_the_published_one(report):
    assert report["fit"]["mean_of_best_95_m"] == pytest.approx(0.479e-3, rel=0.02)
    assert report["held_out"]["mean_m"] < 0.7e-3


def test_the_images_are_a_little_early_against_the_poses(report):
    """What the published calibration did not take out: it is in the recording, and the wires show it."""
    assert 0.02 < report["lag"]["lag_s"] < 0.06
    assert report["lag"]["correlation"] > 0.99
