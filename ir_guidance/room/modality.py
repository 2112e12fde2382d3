# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which room is simulated for which kind of image, and what a source would say of its images."""

from __future__ import annotations

from typing import Any

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
    views: int = 1,
) -> AnyRoom:
    """Return the room for a kind of image, drawn from a seed; ``views`` are the planes of a C-arm."""
    if modality is Modality.ULTRASOUND:
        return Room(ultrasound or RoomSettings(), seed)
    return FluoroscopyRoom(fluoroscopy or FluoroscopyRoomSettings(), seed, views)


def frame_rate_hz(room: AnyRoom) -> float:
    """Return how many images a second the room's machine makes, of all its planes."""
    return ULTRASOUND_RATE_HZ if isinstance(room, Room) else room.pulse_rate_hz * room.views


def dose_gym2(room: AnyRoom) -> float | None:
    """Return the dose-area product that a room's images have cost; None of ultrasound."""
    if isinstance(room, Room):
        return None
    return sum(room.exposure(view).dose_area_product_gym2 for view in range(room.views))


def view_of(room: AnyRoom, sequence: int) -> int:
    """Return the plane that makes the image of a number, counted from 1: two make them in turn."""
    return 0 if isinstance(room, Room) else (sequence - 1) % room.views


def picture(room: AnyRoom, snapshot: Any, view: int) -> Pixels:
    """Return the image that a plane of a room makes of a snapshot of that room."""
    return room.render(snapshot) if isinstance(room, Room) else room.render(snapshot, view)


def frame_of(
    room: AnyRoom,
    snapshot: Any,
    pixels: Pixels,
    sequence: int,
    stamp_ns: int,
    acquired_steady_ns: int,
) -> Frame:
    """Return the image of a snapshot of a room with all that its machine says of it, of the plane whose turn it was.

    By X-rays the spacing is that at the isocentre, where the needle is taken to be.
    """
    if isinstance(room, Room):
        geometry = room.geometry_of(snapshot)
        return Frame(
            pixels,
            sequence,
            stamp_ns,
            acquired_steady_ns,
            Modality.ULTRASOUND,
            geometry.spacing_m,
            geometry,
        )
    view = view_of(room, sequence)
    carm = room.geometries[view]
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
        view=view,
        exposure=room.exposure(view),
    )
