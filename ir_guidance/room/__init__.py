# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The simulated world: patient, breathing, needle in tissue, imaging; no stage ever imports it."""

from ir_guidance.room.patient import Room, RoomSettings
from ir_guidance.room.ultrasound import Snapshot

__all__ = ["Room", "RoomSettings", "Snapshot"]
