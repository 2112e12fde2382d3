# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Plan: a path from the skin to the target, and the hash that consent binds to."""

from ir_guidance.plan.request import NoPlanError, PlanRequest
from ir_guidance.plan.search import plan
from ir_guidance.plan.settings import PlanSettings

__all__ = ["NoPlanError", "PlanRequest", "PlanSettings", "plan"]
