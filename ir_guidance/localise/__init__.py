# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Localise: from pixels, geometry and the robot's joints to metres in the robot's base frame."""

from ir_guidance.localise.localiser import Localiser
from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.localise.shown import ImageGeometry, can_show, shown
from ir_guidance.localise.target import Place

__all__ = ["ImageGeometry", "LocaliseSettings", "Localiser", "Place", "can_show", "shown"]
