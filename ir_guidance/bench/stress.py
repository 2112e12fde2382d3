# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps one core busy until it is interrupted: python -m ir_guidance.bench.stress."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

SIDE = 256


def main() -> None:
    """Multiply matrices that do not fit the first caches, on one core."""
    left = np.random.default_rng(0).random((SIDE, SIDE))
    with suppress(KeyboardInterrupt):  # that is how it is ended
        while True:
            left = left @ left
            left /= left.max()


if __name__ == "__main__":
    main()
