# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Correct: one bounded motion of the guide for every fix."""

from ir_guidance.correct.correct import CorrectSettings, Reaction, correct

__all__ = ["CorrectSettings", "Reaction", "correct"]
