# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Frames over the wire: what does not fit together is refused before there is a view of it."""

from __future__ import annotations

import dataclasses
from array import array

import numpy as np
import pytest
from sensor_msgs.msg import Image

from ir_guidance.nodes import conversions as c
from ir_guidance.values import CarmGeometry, Exposure, Frame, Modality, ProbeGeometry
from wire import assert_same, over_the_wire

STAMP_NS = 1_700_000_000_123_456_789
STEADY_NS = 98_765_432_109
RNG = np.random.default_rng(2)
PROBE = ProbeGeometry((0.0001, 0.0002), (255.5, 3.0), np.eye(4), epoch=3)
CARM = CarmGeometry(1.2, 0.8, 0.3, -0.2, (0.0003, 0.0004), epoch=3)
EXPOSURE = Exposure(pulse_rate_hz=7.5, dose_area_product_gym2=0.004)
FRAME = Frame(
    pixels=RNG.integers(0, 256, (6, 5), dtype=np.uint8),
    sequence=7,
    stamp_ns=STAMP_NS,
    acquired_steady_ns=STEADY_NS,
    modality=Modality.FLUOROSCOPY,
    spacing_m=(0.0001, 0.0002),
    geometry=CARM,
    view=1,
    exposure=EXPOSURE,
)
DELIVERY = c.Delivery(STEADY_NS + 5, 1, 2, 3)


def sent(frame):
    image, info = c.frame_to_msg(frame, DELIVERY)
    return over_the_wire(image), over_the_wire(info)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("modality", Modality)
def test_a_frame_comes_back_as_it_went(kind, modality):
    pixels = RNG.integers(0, np.iinfo(kind).max, (6, 5), dtype=kind)
    by_x_rays = modality is Modality.FLUOROSCOPY
    geometry = CARM if by_x_rays else PROBE
    frame = dataclasses.replace(
        FRAME,
        pixels=pixels,
        modality=modality,
        geometry=geometry,
        exposure=EXPOSURE if by_x_rays else None,
    )
    image, info = sent(frame)
    assert_same(frame, c.frame_from_msg(image, info, geometry))
    assert (info.dropped, info.duplicate, info.frozen) == (1, 2, 3)
    assert info.host_steady_ns == STEADY_NS + 5
    assert (info.pulse_rate_hz, info.dose_area_product_gym2) == (
        (7.5, 0.004) if by_x_rays else (0.0, 0.0)
    )


def test_a_tracked_probe_brings_its_place_with_each_image():
    laid = dataclasses.replace(PROBE, tracked=True)
    moved = laid.base_from_image.copy()
    moved[:3, 3] = [0.001, -0.002, 0.0005]
    geometry = dataclasses.replace(laid, base_from_image=moved)
    frame = dataclasses.replace(
        FRAME, modality=Modality.ULTRASOUND, geometry=geometry, exposure=None
    )
    image, info = sent(frame)
    assert_same(frame, c.frame_from_msg(image, info, laid))
    assert not len(sent(dataclasses.replace(frame, geometry=PROBE))[1].base_from_image)


@pytest.mark.parametrize(
    "bad", [[], [0.0] * 16, [1.0] * 9, (np.eye(4) * 1.1).ravel().tolist(), [np.nan] * 16]
)
def test_a_tracked_place_that_is_none_is_refused(bad):
    geometry = dataclasses.replace(PROBE, tracked=True)
    image, info = sent(
        dataclasses.replace(FRAME, modality=Modality.ULTRASOUND, geometry=geometry, exposure=None)
    )
    info.base_from_image = array("d", bad)
    with pytest.raises(c.ConversionError, match="base_from_image"):
        c.frame_from_msg(image, info, geometry)


def test_an_x_ray_frame_goes_whole_in_one_message():
    msg = over_the_wire(c.fluoroscopy_frame_to_msg(FRAME, DELIVERY))
    assert_same(FRAME, c.fluoroscopy_frame_from_msg(msg))
    assert msg.header == msg.image.header == msg.info.header == msg.geometry.header
    assert (msg.info.pulse_rate_hz, msg.info.dropped) == (7.5, 1)
    unplaced = dataclasses.replace(FRAME, geometry=None, exposure=None)
    msg = over_the_wire(c.fluoroscopy_frame_to_msg(unplaced, DELIVERY))
    assert_same(unplaced, c.fluoroscopy_frame_from_msg(msg))


def test_only_x_rays_go_as_a_fluoroscopy_frame():
    with pytest.raises(ValueError, match="frame 7 is ultrasound"):
        c.fluoroscopy_frame_to_msg(
            dataclasses.replace(FRAME, modality=Modality.ULTRASOUND), DELIVERY
        )


@pytest.mark.parametrize(
    ("part", "field", "value", "said"),
    [
        ("info", "modality", 0, "modality 0 is not X-rays"),
        ("info", "geometry_epoch", 4, "geometry epoch 4, the one at hand is 3"),
        ("info", "pulse_rate_hz", -1.0, "must not be negative"),
        ("info", "dose_area_product_gym2", -1e-9, "must not be negative"),
        ("info", "boot_id", "elsewhere", "elsewhere"),
        ("geometry", "sdd_m", 0.0, "sdd_m must be positive"),
        ("image", "step", 3, "step 3"),
    ],
)
def test_a_fluoroscopy_frame_that_does_not_fit_together_is_refused(part, field, value, said):
    msg = c.fluoroscopy_frame_to_msg(FRAME, DELIVERY)
    setattr(getattr(msg, part), field, value)
    with pytest.raises(c.ConversionError, match=said):
        c.fluoroscopy_frame_from_msg(over_the_wire(msg))


@pytest.mark.parametrize("part", ["image", "info"])
def test_parts_of_another_image_do_not_make_a_fluoroscopy_frame(part):
    msg = over_the_wire(c.fluoroscopy_frame_to_msg(FRAME, DELIVERY))
    getattr(msg, part).header.stamp.sec += 1
    with pytest.raises(c.ConversionError, match="not of one image"):
        c.fluoroscopy_frame_from_msg(msg)


def test_an_unknown_spacing_stays_unknown():
    frame = dataclasses.replace(FRAME, spacing_m=None, geometry=None, exposure=None)
    assert_same(frame, c.frame_from_msg(*sent(frame)))


def test_reading_grey_pixels_copies_nothing():
    image, info = sent(FRAME)
    pixels = c.frame_from_msg(image, info, CARM).pixels
    assert np.shares_memory(pixels, np.frombuffer(image.data, np.uint8))


def test_an_image_and_another_images_information_do_not_make_a_frame():
    image, info = sent(FRAME)
    info.header.stamp.nanosec += 1
    with pytest.raises(c.ConversionError, match="stamps differ"):
        c.frame_from_msg(image, info)


def test_a_frame_of_another_geometry_epoch_is_refused():
    with pytest.raises(c.ConversionError, match="epoch 3"):
        c.frame_from_msg(*sent(FRAME), dataclasses.replace(CARM, epoch=4))


def test_a_frame_of_another_boot_or_an_unknown_modality_is_refused():
    image, info = sent(FRAME)
    info.modality = 7
    with pytest.raises(c.ConversionError, match="modality 7"):
        c.frame_from_msg(image, info)
    info.boot_id = "elsewhere"
    with pytest.raises(c.ConversionError, match="elsewhere"):
        c.frame_from_msg(image, info)


def image_of(encoding, rows):
    data = b"".join(rows)
    width = len(rows[0]) // {"mono8": 1, "mono16": 2, "rgb8": 3, "bgr8": 3}[encoding]
    return Image(
        encoding=encoding, height=len(rows), width=width, step=len(rows[0]), data=array("B", data)
    )


def test_colour_becomes_grey_in_the_right_order():
    red = image_of("rgb8", [bytes([255, 0, 0] * 2)] * 2)
    blue = image_of("bgr8", [bytes([255, 0, 0] * 2)] * 2)
    assert c.pixels_from_msg(over_the_wire(red)).tolist() == [[76, 76]] * 2
    assert c.pixels_from_msg(over_the_wire(blue)).tolist() == [[29, 29]] * 2


def test_sixteen_bits_are_read_in_the_order_they_were_sent():
    image = image_of("mono16", [bytes([1, 2, 3, 4])])
    assert c.pixels_from_msg(over_the_wire(image)).tolist() == [[0x0201, 0x0403]]
    image.is_bigendian = 1
    pixels = c.pixels_from_msg(over_the_wire(image))
    assert pixels.tolist() == [[0x0102, 0x0304]] and pixels.dtype == np.uint16


@pytest.mark.parametrize("encoding", ["mono8", "mono16", "rgb8"])
def test_bytes_beyond_the_width_are_left_out(encoding):
    narrow = image_of(encoding, [bytes(range(12))] * 2)
    padded = image_of(encoding, [bytes(range(12)) + b"\xff"] * 2)
    padded.width, padded.step = narrow.width, 13
    np.testing.assert_array_equal(
        c.pixels_from_msg(over_the_wire(padded)), c.pixels_from_msg(over_the_wire(narrow))
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"encoding": "bayer_rggb8"}, "encoding 'bayer_rggb8'"),
        ({"width": 0}, "0 x 2"),
        ({"height": 0}, "4 x 0"),
        ({"width": 8193}, "8193 x 2"),
        ({"height": 2**32 - 1}, "4 x 4294967295"),
        ({"is_bigendian": 2}, "is_bigendian 2"),
        ({"step": 3}, "step 3"),
        ({"step": 5}, "8 bytes of data, step \\* height = 10"),
        ({"step": 2**31}, "8 bytes of data"),
        ({"data": array("B", b"1234567")}, "7 bytes"),
        ({"data": array("B")}, "0 bytes"),
    ],
)
def test_an_image_that_does_not_fit_together_is_refused(changes, said):
    image = image_of("mono8", [b"abcd", b"efgh"])
    for field, value in changes.items():
        setattr(image, field, value)
    with pytest.raises(c.ConversionError, match=said):
        c.pixels_from_msg(over_the_wire(image))
