# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays, and the units of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
