# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Plan: a path from the skin to the target, and the hash that consent binds to."""

from ir_guidance.plan.straight import NoPlanError, PlanRequest, PlanSettings, plan

__all__ = ["NoPlanError", "PlanRequest", "PlanSettings", "plan"]
