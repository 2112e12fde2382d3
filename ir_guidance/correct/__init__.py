# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Correct: one bounded motion of the guide for every fix."""

from ir_guidance.correct.correct import Reaction, correct
from ir_guidance.correct.settings import CorrectSettings
from ir_guidance.correct.steering import Steering

__all__ = ["CorrectSettings", "Reaction", "Steering", "correct"]
