# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Calibrations: pure functions from what was measured to a geometry and how well it is known."""

from __future__ import annotations


class CalibrationError(ValueError):
    """A calibration that cannot be made or trusted; one line: what, where, what to do."""
