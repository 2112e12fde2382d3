# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""NIfTI-1 files to read."""

from __future__ import annotations

import struct


def nifti(volume, affine_mm, sform=1, qform=0, quaternion=(0, 0, 0), sizes=(1, 1, 1, 1)):
    """Return a volume of whole numbers (i, j, k) as a file; ``affine_mm`` is 4x4, to RAS millimetres."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *volume.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<4f", header, 76, *sizes)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    struct.pack_into("<2h", header, 252, qform, sform)
    struct.pack_into("<6f", header, 256, *quaternion, *affine_mm[:3, 3])
    struct.pack_into("<12f", header, 280, *affine_mm[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header) + volume.astype("<i2").tobytes(order="F")
