# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The beam: how a spectrum is weakened by what lies in it, and what scatters.

Three energies stand for the spectrum of a C-arm's tube at about 75 kV behind its filter; that is
enough for beam hardening to show. Attenuation from NIST's XCOM tables (Hubbell and Seltzer,
NISTIR 5632), density times mass attenuation.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field32 = NDArray[np.float32]

WEIGHTS = np.array([0.30, 0.42, 0.28], np.float32)
"""Share of the detector's signal at 40, 55 and 70 keV before the patient."""

WATER = np.array([26.8, 21.6, 19.3], np.float32)
BONE = np.array([127.8, 69.7, 50.3], np.float32) - WATER
"""Cortical bone in the place of water."""

STEEL = np.array([2857.0, 1190.0, 645.0], np.float32)
CONTRAST = np.array([663.0, 286.0, 151.0], np.float32)
"""Iodine, 300 mg in a millilitre, in the place of water; all of these are per metre."""

MATERIALS = (WATER, BONE, STEEL, CONTRAST)


def transmitted(*thickness_m: Field32) -> Field32:
    """Return what passes (3, rows, columns), by energy, through metres of water, bone, steel, contrast.

    Images (rows, columns) in that order; those at the end may be left out.
    """
    passed = np.empty((len(WEIGHTS), *thickness_m[0].shape), np.float32)
    for energy, layer in enumerate(passed):
        np.multiply(thickness_m[0], -MATERIALS[0][energy], out=layer)
        for thickness, material in zip(thickness_m[1:], MATERIALS[1:], strict=False):
            cv2.scaleAdd(thickness, -float(material[energy]), layer, dst=layer)
        np.exp(layer, out=layer)
        layer *= WEIGHTS[energy]
    return passed


def share_left(passed: Field32, material: Field32, thickness_m: Field32) -> Field32:
    """Return the share (...) that metres (...) of a material leave of what passes (3, ...) by energy."""
    shape = (len(WEIGHTS),) + (1,) * thickness_m.ndim
    left: Field32 = np.exp(-material.reshape(shape) * thickness_m)
    left *= passed
    share: Field32 = left.sum(axis=0) / np.maximum(passed.sum(axis=0), np.float32(1e-20))
    return share


def scattered(primary: Field32, ratio: float, spread: float) -> Field32:
    """Return the scatter (rows, columns): ``ratio`` of the primary, spread over a share of the image's height.

    A single wide kernel, the simplest of those in use (Ohnesorge et al., Eur Radiol 9:563, 1999).
    """
    rows, columns = primary.shape
    small = cv2.resize(primary, (columns // 8, rows // 8), interpolation=cv2.INTER_AREA)
    sigma = spread * rows / 8
    small = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    scatter = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(scatter * np.float32(ratio))
