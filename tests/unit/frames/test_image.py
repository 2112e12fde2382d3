# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Single images, folders of them, and what labels.json says of how they were made."""

import json

import numpy as np
import pytest
from PIL import Image

from ir_guidance.frames import open_source
from ir_guidance.values import Modality


def grabs(path):
    with open_source(str(path)) as source:
        return list(source.grabs())


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "jpg", "JPEG"])
def test_grey_images_of_every_kind_are_read(samples, suffix):
    found = grabs(samples.png(f"image.{suffix}"))
    assert [samples.index(grab.frame.pixels) for grab in found] == [0]
    assert found[0].frame.pixels.shape == (48, 64)
    assert found[0].starts


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_kept(samples, suffix):
    image = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 21
    frame = grabs(samples.png(f"deep.{suffix}", image))[0].frame
    assert frame.pixels.dtype == np.uint16
    np.testing.assert_array_equal(frame.pixels, image)


def test_colour_becomes_luma(samples):
    blue_green_red = np.zeros((48, 64, 3), np.uint8)
    blue_green_red[..., 2] = 200
    assert np.median(grabs(samples.png("red.png", blue_green_red))[0].image) == pytest.approx(
        60, abs=1
    )


def test_pages_are_a_run(samples):
    pages = [Image.fromarray(samples.image(i)) for i in range(3)]
    path = samples.folder / "pages.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    source = open_source(str(path))
    assert source.count == 3
    assert not source.stills
    assert [samples.index(frame.pixels) for frame in source] == [0, 1, 2]


def test_a_folder_is_read_in_natural_order_each_image_by_itself(samples):
    for index in (2, 10, 1):
        samples.png(f"shot{index}.png", samples.image(index))
    samples.text("notes.txt")
    samples.text(".hidden.png")
    found = grabs(samples.folder)
    assert [grab.file for grab in found] == ["shot1.png", "shot2.png", "shot10.png"]
    assert [samples.index(grab.frame.pixels) for grab in found] == [1, 2, 10]
    assert all(grab.starts for grab in found)


def labelled(samples, **changes):
    for index in range(2):
        samples.png(f"frames/{index}.png", samples.image(index))
    samples.png("frames/not_listed.png")
    content = {
        "modality": "fluoroscopy",
        "frames": [
            {
                "file": "frames/1.png",
                "spacing_mm_per_px": 0.155,
                "roi_xywh": [4, 2, 40, 32],
                "tip_px": [10, 10],
            },
            {"file": "frames/0.png", "spacing_mm_per_px": None},
        ],
    } | changes
    samples.text("labels.json", json.dumps(content))


def test_a_labelled_folder_gives_its_frames_with_modality_spacing_and_region(samples):
    labelled(samples)
    found = grabs(samples.folder)
    assert [grab.file for grab in found] == ["frames/1.png", "frames/0.png"]
    assert [samples.index(grab.frame.pixels) for grab in found] == [1, 0]
    assert found[0].frame.modality is Modality.FLUOROSCOPY
    assert found[0].frame.spacing_m == pytest.approx((0.000155, 0.000155))
    assert found[0].roi == (4, 2, 40, 32)
    assert found[1].frame.spacing_m is None
    assert found[1].roi == (0, 0, 64, 48)


@pytest.mark.parametrize("name", ["frames/1.png", "frames"])
def test_labels_one_folder_up_say_how_a_listed_image_was_made(samples, name):
    labelled(samples)
    source = open_source(str(samples.folder / name))
    assert source.modality is Modality.FLUOROSCOPY
    assert "assumed" not in source.description


def test_labels_say_nothing_of_an_image_they_do_not_list(samples):
    labelled(samples)
    assert "assumed" in open_source(str(samples.folder / "frames/not_listed.png")).description


def test_where_the_needle_is_labelled_makes_no_difference(samples):
    labelled(samples, frames=[{"file": "frames/1.png", "tip_px": "nonsense", "needle_visible": 7}])
    assert len(grabs(samples.folder)) == 1


def test_labels_of_another_kind_are_left_alone(samples):
    samples.png("image.png")
    samples.text("labels.json", '{"images": [], "annotations": []}')
    assert [grab.file for grab in grabs(samples.folder)] == ["image.png"]


def test_a_folder_of_runs_gives_them_in_turn_with_an_epoch_each(samples):
    view = {
        "DistanceSourceToDetector": 1000,
        "DistanceSourceToPatient": 800,
        "PositionerSecondaryAngle": 0,
        "ImagerPixelSpacing": [0.5, 0.5],
    }
    for name, angle_deg in (("IM10.dcm", 30), ("IM9.dcm", -30)):
        samples.dicom(name, PositionerPrimaryAngle=angle_deg, **view)
    found = grabs(samples.folder)
    assert [grab.file for grab in found] == ["IM9.dcm"] * 5 + ["IM10.dcm"] * 5
    assert [index for index, grab in enumerate(found) if grab.starts] == [0, 5]
    assert [grab.frame.geometry.epoch for grab in found] == [0] * 5 + [1] * 5
    assert np.diff([grab.frame.stamp_ns for grab in found]).min() > 0
