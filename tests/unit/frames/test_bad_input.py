# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with a source: one SourceError of one line, and nothing else on stderr."""

import json
import struct
import zlib

import numpy as np
import pytest

from ir_guidance.frames import SourceError, open_source


def noise(count=4):
    rng = np.random.default_rng(7)
    return [rng.integers(0, 256, (64, 64), dtype=np.uint8) for _ in range(count)]


def huge_png(samples):
    """Write a PNG whose header promises 20000 x 20000 pixels."""
    content = bytearray(samples.png().read_bytes())
    content[16:24] = struct.pack(">II", 20000, 20000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return samples.text("huge.png", bytes(content))


def labels(samples, content):
    samples.png("0.png")
    samples.text("labels.json", content if isinstance(content, str) else json.dumps(content))
    return samples.folder


def frames(*entries):
    return {"modality": "ultrasound", "frames": list(entries)}


CASES = {
    "missing": (lambda s: s.folder / "nowhere.png", "no such file"),
    "empty file": (lambda s: s.text("a.png", ""), "empty"),
    "empty folder": (lambda s: s.text("sub/notes.txt").parent, "no images"),
    "unsupported": (lambda s: s.text("scan.nii.gz"), "unsupported"),
    "no suffix": (lambda s: s.text("README"), "unsupported"),
    "words as png": (lambda s: s.text("a.png"), "not a readable image"),
    "words as mha": (lambda s: s.text("a.mha"), "not a MetaImage"),
    "words as dicom": (lambda s: s.text("a.dcm"), "not a DICOM"),
    "words as video": (lambda s: s.text("a.mp4"), "not a readable video"),
    "png cut off": (lambda s: s.cut(s.png("a.png", noise()[0])), "truncated"),
    "jpg cut off": (lambda s: s.cut(s.png("a.jpg", noise()[0])), "truncated"),
    "bmp cut off": (lambda s: s.cut(s.png("a.bmp", noise()[0])), "truncated"),
    "tif cut off": (lambda s: s.cut(s.png("a.tif", noise()[0])), "image"),
    "mha cut off": (lambda s: s.cut(s.mha(images=noise())), "truncated"),
    "zlib mha cut off": (lambda s: s.cut(s.mha(images=noise(), compressed=True)), "truncated"),
    "mha header cut off": (lambda s: s.cut(s.mha(), 0.005), "cut off"),
    "dicom header cut off": (lambda s: s.cut(s.dicom(images=np.stack(noise())), 0.01), "DICOM"),
    "dicom cut off": (lambda s: s.cut(s.dicom(images=np.stack(noise()))), "DICOM"),
    "video cut off": (lambda s: s.cut(s.mp4()), "video"),
    "zlib mha too short": (
        lambda s: s.mha(compressed=True, keys={"DimSize": "64 480 5"}),
        "truncated",
    ),
    "mha not zlib": (lambda s: s.mha(keys={"CompressedData": "True"}), "corrupt"),
    "mhd without pixels": (
        lambda s: s.text(
            "a.mhd",
            s.mha(keys={"ElementDataFile": "x.raw"}).read_bytes().replace(b"x.raw", b"y.raw"),
        ),
        "missing",
    ),
    "mhd pixels elsewhere": (lambda s: s.text("a.mhd", _elsewhere(s)), "beside"),
    "mha no size": (lambda s: s.mha(keys={"DimSize": "0 48 5"}), "DimSize"),
    "mha words as size": (lambda s: s.mha(keys={"DimSize": "wide high many"}), "DimSize"),
    "mha absurd size": (lambda s: s.mha(keys={"DimSize": "64 100000 1"}), "100000"),
    "mha floats": (lambda s: s.mha(keys={"ElementType": "MET_FLOAT"}), "MET_FLOAT"),
    "mha radio frequency": (
        lambda s: s.mha(keys={"UltrasoundImageType": "RF_REAL"}),
        "RF_REAL",
    ),
    "mha orientation": (
        lambda s: s.mha(keys={"UltrasoundImageOrientation": "QZ"}),
        "UltrasoundImageOrientation",
    ),
    "mha spacing words": (lambda s: s.mha(keys={"ElementSpacing": "fine"}), "ElementSpacing"),
    "mha spacing below zero": (lambda s: s.mha(keys={"ElementSpacing": "-1 1 1"}), "--spacing"),
    "mha spacing nan": (lambda s: s.mha(keys={"ElementSpacing": "nan 0.1 1"}), "--spacing"),
    "mha stamp": (lambda s: s.mha(fields=[{"Timestamp": "noon"}]), "Timestamp"),
    "mha transform": (lambda s: s.mha(fields=[{"PToQTransform": "1 2 3"}]), "4x4"),
    "mha tiny": (lambda s: s.mha(keys={"DimSize": "8 8 5"}), "8x8"),
    "png absurd size": (huge_png, "too large"),
    "png tiny": (lambda s: s.png("a.png", np.zeros((3, 3), np.uint8)), "3x3"),
    "dicom absurd size": (lambda s: s.dicom(Rows=60000), "60000"),
    "dicom volume": (lambda s: s.dicom(Modality="CT"), "CT"),
    "dicom without image": (lambda s: s.dicom(Rows=None), "without an image"),
    "dicom no frames": (
        lambda s: s.dicom(NumberOfFrames=0, images=noise()[0][None]),
        "NumberOfFrames",
    ),
    "dicom spacing zero": (lambda s: s.dicom(PixelSpacing=[0, 0]), "--spacing"),
    "dicom region outside": (
        lambda s: s.dicom(
            Modality="US", SequenceOfUltrasoundRegions=[s.region(RegionLocationMaxX1=99)]
        ),
        "--roi",
    ),
    "labels not json": (lambda s: labels(s, "{'modality': 3"), "JSON"),
    "labels bad modality": (lambda s: labels(s, {"modality": "mri", "frames": []}), "modality"),
    "labels bad spacing": (
        lambda s: labels(s, frames({"file": "0.png", "spacing_mm_per_px": -1})),
        "spacing_mm_per_px",
    ),
    "labels region outside": (
        lambda s: labels(s, frames({"file": "0.png", "roi_xywh": [0, 0, 640, 480]})),
        "--roi",
    ),
    "labels file missing": (lambda s: labels(s, frames({"file": "1.png"})), "missing"),
    "labels file outside": (lambda s: labels(s, frames({"file": "../../etc/x.png"})), "outside"),
    "labels no frames": (lambda s: labels(s, frames()), "no frames"),
    "stream of another kind": (lambda s: "gopher://example.org/run", "streams are read by"),
    "nothing at the address": (lambda s: "http://127.0.0.1:9/run.mp4", "address"),
    "no such device": (lambda s: "/dev/video97", "/dev/video97"),
}


def _elsewhere(samples):
    content = samples.mha(keys={"ElementDataFile": "x.raw"}).read_bytes()
    return content.replace(b"x.raw", b"/etc/hostname")


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_in_one_line(samples, case, capfd):
    make, words = CASES[case]
    source = make(samples)
    with pytest.raises(SourceError) as refusal:
        list(open_source(str(source)))
    message = str(refusal.value)
    assert words in message
    assert "\n" not in message
    assert ";" in message
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["mha", "zlib mha", "dicom", "png"])
def test_files_with_bits_knocked_over_give_frames_or_one_error(samples, kind):
    path = {
        "mha": lambda: samples.mha(fields=[{"Timestamp": str(i)} for i in range(5)]),
        "zlib mha": lambda: samples.mha(compressed=True),
        "dicom": lambda: samples.dicom(FrameTime="40", PixelSpacing=[0.2, 0.2]),
        "png": lambda: samples.png(),
    }[kind]()
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    for _ in range(60):
        content = bytearray(whole)
        for place in rng.integers(0, min(len(content), 1500), 3):
            content[place] ^= int(rng.integers(1, 256))
        path.write_bytes(content[: int(rng.integers(1, len(content) + 1))])
        try:
            for frame in open_source(str(path)):
                assert frame.pixels.ndim == 2
        except SourceError as refusal:
            assert "\n" not in str(refusal)
