# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A patient's CT from a NIfTI file or a folder of DICOM slices."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ir_guidance.values import Matrix, Vector

Volume32 = NDArray[np.float32]

NIFTI_HEADER = 348
NIFTI_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
AIR_HU = -1000.0
SKIN_HU = -300.0


class CtError(ValueError):
    """A CT that cannot be used; the message is one line: which, why, what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Ct:
    """Hounsfield units (i, j, k), and where the voxels' centres lie.

    ``lps_from_index`` is 4x4, from (i, j, k) to metres to the patient's left, back and head.
    """

    hounsfield: Volume32
    lps_from_index: Matrix

    def skin_m(self, left: float, head: float) -> Vector:
        """Return the skin's front (3,) where one goes in, at shares of the volume towards left and head.

        Raises:
            CtError: There is no body there.
        """
        to_index = np.linalg.inv(self.lps_from_index)
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.hounsfield.shape])).reshape(3, 8)
        low, high = (f(self._point(corners), axis=1) for f in (np.min, np.max))
        depth_m = np.arange(low[1], high[1], 5e-4)
        x, z = low[0] + left * (high[0] - low[0]), low[2] + head * (high[2] - low[2])
        line = np.stack([np.full_like(depth_m, x), depth_m, np.full_like(depth_m, z)])
        index = np.round(to_index[:3, :3] @ line + to_index[:3, 3:]).astype(int)
        index = np.clip(index, 0, np.array(self.hounsfield.shape)[:, None] - 1)
        inside = self.hounsfield[tuple(index)] > SKIN_HU
        # A table or a coil in front is thin; a body goes on for a centimetre and more.
        solid = np.convolve(inside, np.ones(20), "valid") >= 19
        if not solid.any():
            raise CtError(
                f"the CT has no body at {left:g} of its width and {head:g} of its height: change ct_place"
            )
        return np.array([x, depth_m[int(np.argmax(solid))], z])

    def _point(self, index: NDArray[np.int64]) -> Matrix:
        points: Matrix = self.lps_from_index[:3, :3] @ index + self.lps_from_index[:3, 3:]
        return points


def read_ct(path: Path) -> Ct:
    """Return the CT in a NIfTI file (.nii, .nii.gz) or in a folder of DICOM slices.

    Raises:
        CtError: There is none that can be used.
    """
    if path.is_dir():
        from ir_guidance.frames.dicom_ct import read_series

        return read_series(path)
    if path.name.endswith((".nii", ".nii.gz")):
        return _read_nifti(path)
    raise CtError(f"{path}: not a CT: give a .nii or .nii.gz file, or a folder of DICOM slices")


def _read_nifti(path: Path) -> Ct:
    """Read NIfTI-1 (Cox et al., 2004): a header of 348 bytes, then the voxels, first index fastest."""
    reader: Callable[[Path], bytes] = _unzipped if path.name.endswith(".gz") else Path.read_bytes
    try:
        data = reader(path)
    except FileNotFoundError:
        raise CtError(f"{path}: no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CtError(f"{path}: cannot be read: {error}") from None
    order = "<" if data[:4] == struct.pack("<i", NIFTI_HEADER) else ">"
    if len(data) <= NIFTI_HEADER or data[344:347] != b"n+1":
        raise CtError(f"{path}: not a NIfTI-1 file in one piece")
    dims = struct.unpack_from(order + "8h", data, 40)
    kind = NIFTI_TYPES.get(struct.unpack_from(order + "h", data, 70)[0])
    if kind is None or dims[0] < 3 or any(size > 1 for size in dims[4 : dims[0] + 1]):
        raise CtError(f"{path}: not one volume of plain numbers")
    first, slope, offset = struct.unpack_from(order + "3f", data, 108)
    shape = dims[1:4]
    if len(data) < first + np.dtype(kind).itemsize * int(np.prod(shape)):
        raise CtError(f"{path}: ends before its last voxel: copy it again")
    voxels = np.frombuffer(data, order + kind, int(np.prod(shape)), int(first))
    volume = voxels.reshape(shape, order="F").astype(np.float32)
    if slope not in (0.0, 1.0) or offset:
        volume = volume * np.float32(slope or 1.0) + np.float32(offset)
    ras_mm = _nifti_place(data, order)
    lps_m = RAS_TO_LPS @ ras_mm
    lps_m[:3] /= 1e3
    return Ct(np.maximum(volume, np.float32(AIR_HU)), lps_m)


def _unzipped(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def _nifti_place(data: bytes, order: str) -> Matrix:
    """Return RAS millimetres from index: the header's sform, else its qform."""
    qform, sform = struct.unpack_from(order + "2h", data, 252)
    place = np.eye(4)
    if sform > 0:
        place[:3] = np.array(struct.unpack_from(order + "12f", data, 280)).reshape(3, 4)
        return place
    sizes = struct.unpack_from(order + "4f", data, 76)
    if qform <= 0:
        place[:3, :3] = np.diag(sizes[1:])
        return place
    b, c, d, *shift = struct.unpack_from(order + "6f", data, 256)
    a = max(1.0 - (b * b + c * c + d * d), 0.0) ** 0.5
    turn = Rotation.from_quat([b, c, d, a]).as_matrix()
    place[:3, :3] = turn @ np.diag([sizes[1], sizes[2], sizes[3] * (sizes[0] or 1.0)])
    place[:3, 3] = shift
    return place
