# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Calibrations whose answer is known: poses, images and files made from it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ir_guidance.calibrate.wires import NWire
from ir_guidance.frames.ct import Ct
from ir_guidance.geometry import transform
from ir_guidance.values import CarmGeometry

MIDDLE_M = np.array([0.05, 0.0, -0.08])
BASE_FROM_ISOCENTRE = transform(
    np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), MIDDLE_M
)

IMAGE_PX, SPACING_M = (320, 260), 0.0002
WIRES_MM = (
    ((30, 20), ((55, 20), (35, 20)), (60, 20)),
    ((30, 10), ((35, 10), (55, 10)), (60, 10)),
    ((35, 0), ((55, 0), (40, 0)), (60, 0)),
)
"""Where (x, z) each wire enters at the front (y = 0) and leaves at the back (y = 40); side wires are straight."""


def posed(rotation_rad, place_m):
    """Return the 4x4 of a rotation vector and a place."""
    return transform(Rotation.from_rotvec(rotation_rad).as_matrix(), np.asarray(place_m, float))


def carm(primary_rad, secondary_rad=0.0, *, placed=True, side_px=512, side_m=0.2):
    """Return a C-arm about the middle, its detector square."""
    spacing_m = side_m / side_px
    return CarmGeometry(
        sdd_m=1.1,
        sid_m=0.72,
        primary_angle_rad=primary_rad,
        secondary_angle_rad=secondary_rad,
        imager_spacing_m=(spacing_m, spacing_m),
        base_from_isocentre=BASE_FROM_ISOCENTRE if placed else None,
    )


def pivoting(generator, tip_m, pivot_m, count=200, swing_deg=35.0, noise_m=0.0003):
    """Return poses (n, 4, 4) of a marker whose tool turns about its tip."""
    turns = np.radians(swing_deg) * generator.uniform(-1, 1, (count, 3))
    rotations = Rotation.from_rotvec(turns).as_matrix()
    places_m = pivot_m - rotations @ tip_m + generator.normal(0, noise_m, (count, 3))
    return np.stack([transform(r, p) for r, p in zip(rotations, places_m, strict=True)])


def n_wires(mm=1e-3):
    """Return the N-wires of a phantom like PLUS's fCal 2.0."""
    wires = []
    for number, (first, middle, last) in enumerate(WIRES_MM, start=1):
        ends = [
            [(x, 0.0, z), (back_x, 40.0, back_z)]
            for (x, z), (back_x, back_z) in ((first, first), middle, (last, last))
        ]
        names = tuple(f"{number}{letter}" for letter in "abc")
        wires.append(NWire(names, np.array(ends) * mm))
    return tuple(wires)


PROBE_FROM_PX = posed([0.2, -0.4, 1.4], [0.010, 0.045, -0.002]) @ np.diag(
    [0.00021, 0.00019, 0.0002, 1.0]
)
"""The truth: pixels of an image to the probe's marker, with pixels that are not quite square."""


def probe_from_phantom(generator):
    """Return a pose of the phantom that shows all of its wires in the image."""
    px_from_phantom_m = np.array([[-1, 0, 0], [0, 0, -1], [0, -1, 0]], float)
    turn = Rotation.from_rotvec(generator.uniform(-0.12, 0.12, 3)).as_matrix()
    turn = turn @ px_from_phantom_m
    centre_m = np.array([0.045, generator.uniform(0.012, 0.028), 0.010])
    scale = np.linalg.norm(PROBE_FROM_PX[:3, :3], axis=0)
    rigid = transform(PROBE_FROM_PX[:3, :3] / scale, PROBE_FROM_PX[:3, 3])
    middle_m = np.array([*IMAGE_PX, 0.0]) / 2 * scale
    middle_m[:2] += generator.uniform(-0.002, 0.002, 2)
    return rigid @ transform(turn, middle_m - turn @ centre_m)


def cut_px(phantom_pose, wires):
    """Return where (k, 3, 2) the image plane cuts the wires, in pixels."""
    px_from_phantom = np.linalg.inv(PROBE_FROM_PX) @ phantom_pose
    ends = np.stack([wire.ends_m for wire in wires])
    at = ends @ px_from_phantom[:3, :3].T + px_from_phantom[:3, 3]
    front, back = at[..., 0, :], at[..., 1, :]
    way = front[..., 2:] / (front[..., 2:] - back[..., 2:])
    return (front + way * (back - front))[..., :2]


def wire_image(generator, spots_px):
    """Return an ultrasound image (rows, columns) of wires, with speckle, a dim false spot and a broad reflection."""
    columns, rows = IMAGE_PX
    u, v = np.meshgrid(np.arange(columns), np.arange(rows))
    image = 6 * generator.rayleigh(1.0, (rows, columns))
    for at in spots_px.reshape(-1, 2):
        height = generator.uniform(120, 220)
        image += height * np.exp(-(((u - at[0]) / 3.0) ** 2) - ((v - at[1]) / 1.6) ** 2)
    false_u, false_v = generator.uniform(20, columns - 20), rows - 18
    image += 90 * np.exp(-(((u - false_u) / 3.0) ** 2) - ((v - false_v) / 1.6) ** 2)
    image += 150 * np.exp(-(((u - 160) / 40.0) ** 2) - ((v - rows + 6) / 1.5) ** 2)
    return np.clip(image, 0, 255).astype(np.uint8)


def phantom_file(path: Path, wires=None) -> Path:
    """Write a PLUS device set file with the wires, the phantom standing at its marker."""
    patterns = "".join(
        '<Pattern Type="NWire">'
        + "".join(
            f'<Wire Name="{name}" EndPointFront="{_mm(front)}" EndPointBack="{_mm(back)}"/>'
            for name, (front, back) in zip(wire.names, wire.ends_m, strict=True)
        )
        + "</Pattern>"
        for wire in (n_wires() if wires is None else wires)
    )
    eye = " ".join(str(value) for value in np.eye(4).ravel())
    path.write_text(
        "<PlusConfiguration><CoordinateDefinitions>"
        f'<Transform From="Phantom" To="Reference" Matrix="{eye}"/></CoordinateDefinitions>'
        f'<Segmentation ApproximateSpacingMmPerPixel="{SPACING_M * 1e3}"/>'
        f"<PhantomDefinition><Geometry>{patterns}</Geometry></PhantomDefinition></PlusConfiguration>"
    )
    return path


def _mm(point_m):
    return " ".join(f"{value * 1e3:g}" for value in point_m)


def tracked_fields(pose, stamp_s):
    """Return a MetaImage frame's fields: the tracker's axes are the phantom's marker's."""
    probe_from_tracker = pose.copy()
    tracker_from_probe = np.linalg.inv(probe_from_tracker)
    tracker_from_probe[:3, 3] *= 1e3
    text = " ".join(f"{value:.9g}" for value in tracker_from_probe.ravel())
    return {
        "ProbeToTrackerTransform": text,
        "ProbeToTrackerTransformStatus": "OK",
        "ReferenceToTrackerTransform": "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
        "ReferenceToTrackerTransformStatus": "OK",
        "Timestamp": f"{stamp_s:.6f}",
        "ImageStatus": "OK",
    }


def poses_table(path: Path, matrices, unit="m", stamps_s=None) -> Path:
    """Write poses as a table, their places in the unit that the column names say."""
    scale = {"m": 1.0, "mm": 1e3}[unit]
    names = [*(f"{axis}_{unit}" for axis in "xyz"), "qx", "qy", "qz", "qw"]
    columns = [
        matrices[:, :3, 3] * scale,
        Rotation.from_matrix(matrices[:, :3, :3]).as_quat(),
    ]
    if stamps_s is not None:
        names.append("time_s")
        columns.append(stamps_s[:, None])
    rows = np.concatenate(columns, axis=1)
    lines = [",".join(names), *(",".join(f"{value:.12g}" for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def ct_body():
    """Return a CT of 64 voxels of 3 mm each way: soft tissue, a lung, bones and stones, its middle at the origin."""
    at = (np.stack(np.meshgrid(*[np.arange(64)] * 3, indexing="ij")) - 31.5) * 0.003

    def ball(centre, radii):
        off = (at - np.reshape(centre, (3, 1, 1, 1))) / np.reshape(radii, (3, 1, 1, 1))
        return (off**2).sum(axis=0) < 1

    hounsfield = np.full((64, 64, 64), -1000.0, np.float32)
    hounsfield[ball((0, 0, 0), (0.085, 0.07, 0.09))] = 40
    hounsfield[ball((0.03, -0.01, 0.02), (0.025, 0.03, 0.04))] = -800
    hounsfield[ball((0, 0.045, 0), (0.012, 0.012, 0.09))] = 700
    generator = np.random.default_rng(0)
    for _ in range(20):
        place, size = generator.uniform(-0.055, 0.055, 3), generator.uniform(0.004, 0.012, 3)
        hounsfield[ball(place, size)] = generator.uniform(300, 1000)
    lps_from_index = np.diag([0.003, 0.003, 0.003, 1.0])
    lps_from_index[:3, 3] = -31.5 * 0.003
    return Ct(hounsfield, lps_from_index)


def ct_file(path: Path, ct: Ct) -> Path:
    """Write a CT as NIfTI: right, front, head, in millimetres."""
    ras_mm = np.diag([-1.0, -1.0, 1.0, 1.0]) @ ct.lps_from_index
    ras_mm[:3] *= 1e3
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *ct.hounsfield.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    struct.pack_into("<2h", header, 252, 0, 1)
    struct.pack_into("<12f", header, 280, *ras_mm[:3].ravel())
    header[344:348] = b"n+1\0"
    path.write_bytes(bytes(header) + ct.hounsfield.astype("<i2").tobytes(order="F"))
    return path


def bead_plate(shape=(512, 512), step_px=26.0, turn_rad=0.06, seed=0, *, bend=True):
    """Return a picture of a bead plate through an intensifier, and the map from true to seen pixels.

    Pincushion grows with the cube of the distance from the middle, the S-shape turns with its square.
    """
    generator = np.random.default_rng(seed)
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    radius = min(shape) / 2

    def seen(true_px):
        at = (true_px - centre) / radius
        square = (at**2).sum(axis=-1, keepdims=True)
        bent = at * (1 + 0.06 * square) + 0.03 * square * np.stack(
            [-at[..., 1], at[..., 0]], axis=-1
        )
        return (bent if bend else at) * radius + centre

    count = np.arange(-12, 13)
    grid = np.stack(np.meshgrid(count, count), axis=-1).reshape(-1, 2) * step_px
    turn = np.array([[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]])
    true_px = grid @ turn.T + centre + (3.0, -2.0)
    spots = seen(true_px)
    inside = np.linalg.norm(spots - centre, axis=1) < radius - 12
    u, v = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    image = np.full(shape, 180.0) - 40 * (((u - centre[0]) ** 2 + (v - centre[1]) ** 2) / radius**2)
    for at in spots[inside]:
        box = tuple(slice(max(int(x) - 9, 0), int(x) + 10) for x in at[::-1])
        away = (u[box] - at[0]) ** 2 + (v[box] - at[1]) ** 2
        image[box] -= 80 * np.exp(-((away / 9.0) ** 2))
    image[(u - centre[0]) ** 2 + (v - centre[1]) ** 2 > radius**2] = 0
    image += generator.normal(0, 2.5, shape)
    return np.clip(image, 0, 255).astype(np.uint8), seen, true_px[inside]
