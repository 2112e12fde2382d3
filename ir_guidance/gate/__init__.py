# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Gate: the only way to the robot. Small, no numpy, fails silent."""

from ir_guidance.gate.gate import Gate, RefusedError
from ir_guidance.gate.settings import GateSettings

__all__ = ["Gate", "GateSettings", "RefusedError"]
