# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which room is simulated for which kind of image, and what a source would say of its images."""

from __future__ import annotations

from ir_guidance.room.fluoroscopy_room import FluoroscopyRoom, FluoroscopyRoomSettings
from ir_guidance.room.patient import Room, RoomSettings
from ir_guidance.values import Frame, Modality, Pixels

AnyRoom = Room | FluoroscopyRoom
ULTRASOUND_RATE_HZ = 30.0


def make_room(
    modality: Modality,
    seed: int,
    ultrasound: RoomSettings | None = None,
    fluoroscopy: FluoroscopyRoomSettings | None = None,
) -> AnyRoom:
    """Return the room for a kind of image, drawn from a seed."""
    if modality is Modality.ULTRASOUND:
        return Room(ultrasound or RoomSettings(), seed)
    return FluoroscopyRoom(fluoroscopy or FluoroscopyRoomSettings(), seed)


def frame_rate_hz(room: AnyRoom) -> float:
    """Return how many images a second the room's machine makes."""
    return ULTRASOUND_RATE_HZ if isinstance(room, Room) else room.pulse_rate_hz


def frame_of(
    room: AnyRoom, pixels: Pixels, sequence: int, stamp_ns: int, acquired_steady_ns: int
) -> Frame:
    """Return an image of a room with all that its machine says of it.

    By X-rays the spacing is that at the isocentre, where the needle is taken to be.
    """
    if isinstance(room, Room):
        geometry = room.geometry
        return Frame(
            pixels,
            sequence,
            stamp_ns,
            acquired_steady_ns,
            Modality.ULTRASOUND,
            geometry.spacing_m,
            geometry,
        )
    carm = room.geometry
    across_m, down_m = carm.imager_spacing_m
    share = carm.sid_m / carm.sdd_m
    return Frame(
        pixels=pixels,
        sequence=sequence,
        stamp_ns=stamp_ns,
        acquired_steady_ns=acquired_steady_ns,
        modality=Modality.FLUOROSCOPY,
        spacing_m=(across_m * share, down_m * share),
        geometry=carm,
        exposure=room.exposure(),
    )
