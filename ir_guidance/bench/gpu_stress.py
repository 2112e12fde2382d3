# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the GPU busy until it is interrupted: python -m ir_guidance.bench.gpu_stress."""

from __future__ import annotations

from contextlib import suppress


def main() -> None:
    """Multiply half-precision matrices."""
    import torch

    left = torch.rand(4096, 4096, device="cuda", dtype=torch.float16)
    with suppress(KeyboardInterrupt):  # that is how it is ended
        while True:
            left = left @ left
            left = left / left.max()
            torch.cuda.synchronize()


if __name__ == "__main__":
    main()
