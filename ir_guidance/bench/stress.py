# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps one core busy until it is interrupted: python -m ir_guidance.bench.stress."""

from __future__ import annotations

import numpy as np

SIDE = 256


def main() -> None:
    """Multiply matrices that do not fit the first caches, on one core."""
    left = np.random.default_rng(0).random((SIDE, SIDE))
    try:
        while True:
            left = left @ left
            left /= left.max()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
