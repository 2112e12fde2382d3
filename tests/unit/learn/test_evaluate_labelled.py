# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Labelled folders: what ``labels.json`` says is what is judged, in pixels of the region of interest."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from ir_guidance.frames import SourceError
from ir_guidance.learn.labelled import labelled_folder

IMAGE = np.arange(100 * 160, dtype=np.uint16).reshape(100, 160)
FRAME = {
    "file": "frames/1.png",
    "needle_visible": True,
    "tip_px": [90.0, 60.5],
    "shaft_px": [50.0, 30.0],
    "tip_sigma_px": 3,
    "spacing_mm_per_px": 0.5,
    "roi_xywh": [40, 20, 100, 70],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "frames").mkdir()
    for name in ("1", "2", "3"):
        cv2.imwrite(str(tmp_path / "frames" / f"{name}.png"), IMAGE)

    def write(*frames, **changes):
        content = {"modality": "fluoroscopy", "frames": list(frames)} | changes
        (tmp_path / "labels.json").write_text(json.dumps(content))
        return tmp_path

    return write


def cases(folder, *frames):
    return list(labelled_folder(folder(*frames)).cases())


def test_places_are_moved_into_the_region_of_interest(folder):
    (case,) = cases(folder, FRAME)
    assert case.frame.modality == "fluoroscopy" and case.file == "frames/1.png"
    assert np.array_equal(case.frame.pixels, IMAGE[20:90, 40:140])
    assert case.frame.spacing_m == (0.0005, 0.0005)
    assert case.tip_px.tolist() == [50.0, 40.5] and case.shaft_px.tolist() == [10.0, 10.0]
    assert case.tip_sigma_px == 3 and case.starts


def test_least_that_a_label_may_say(folder):
    seen, free = cases(
        folder,
        {"file": "frames/1.png", "needle_visible": True, "tip_px": [1, 2]},
        {"file": "frames/2.png", "needle_visible": False, "spacing_mm_per_px": None},
    )
    assert seen.needle_visible is True and seen.shaft_px is None and seen.frame.spacing_m is None
    assert seen.frame.pixels.shape == IMAGE.shape and seen.tip_sigma_px == 0.0
    assert free.needle_visible is False and free.tip_px is None


@pytest.mark.parametrize(
    "label", [FRAME | {"labelled": False}, FRAME | {"tip_px": None}], ids=("so said", "no tip")
)
def test_what_is_not_labelled_is_not_scored(folder, label):
    (case,) = cases(folder, label)
    assert case.needle_visible is None and case.tip_px is None


def test_targets_are_pointed_at_where_a_sequence_first_shows_them(folder):
    def of(sequence, number, target):
        file = f"frames/{number}.png"
        return FRAME | {"file": file, "sequence": sequence, "target_px": target}

    found = cases(
        folder,
        of("a", 1, None),
        of("a", 2, [70, 50]),
        of("a", 3, [72, 50]),
        of("b", 3, [90, 50]),
        FRAME | {"target_px": [90, 50]},
    )
    assert [case.starts for case in found] == [True, False, False, True, True]
    clicks = [None if case.click_px is None else case.click_px.tolist() for case in found]
    assert clicks == [None, [30.0, 30.0], None, [50.0, 30.0], None]
    aims = [None if case.target_px is None else case.target_px.tolist() for case in found]
    assert aims == [None, None, [32.0, 30.0], None, None]
    stamps = [case.frame.acquired_steady_ns for case in found]
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize(
    ("frames", "wrong"),
    [
        ([], "frames: List should have at least 1 item"),
        ([{"file": "frames/1.png"}], "frames.0.needle_visible: Field required"),
        ([FRAME | {"tip_px": [1]}], "frames.0.tip_px"),
        ([FRAME | {"tip_px": "middle"}], "frames.0.tip_px"),
        ([FRAME | {"tip_sigma_px": -1}], "frames.0.tip_sigma_px"),
        ([FRAME | {"file": "frames/9.png"}], "names 9.png, which is missing"),
        ([FRAME | {"file": "../9.png"}], "lies outside of the folder"),
        ([FRAME | {"spacing_mm_per_px": -1}], "spacing_mm_per_px"),
    ],
)
def test_labels_that_cannot_be_are_refused_in_one_line(folder, frames, wrong):
    with pytest.raises(SourceError) as refused:
        labelled_folder(folder(*frames))
    assert wrong in str(refused.value) and "\n" not in str(refused.value)


def test_region_outside_of_its_image_is_refused(folder):
    found = labelled_folder(folder(FRAME | {"roi_xywh": [100, 0, 100, 70]}))
    with pytest.raises(SourceError, match="does not lie in the image"):
        list(found.cases())


def test_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"labels\.json: missing"):
        labelled_folder(tmp_path)
    with pytest.raises(SourceError, match="no such folder"):
        labelled_folder(tmp_path / "none")


def test_image_of_several_pages_is_refused(folder, tmp_path):
    pages = [IMAGE.astype(np.uint8)] * 2
    root = folder(FRAME | {"file": "frames/pages.tif"})
    cv2.imwritemulti(str(tmp_path / "frames" / "pages.tif"), pages)
    with pytest.raises(SourceError, match="holds several images"):
        list(labelled_folder(root).cases())
