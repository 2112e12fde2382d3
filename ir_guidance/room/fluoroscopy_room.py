# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The fluoroscopy room: a patient who breathes, and a needle in a robot's guide, under a C-arm of one plane or two.

Everything is drawn from one seed. ``base_link`` is laid as in the ultrasound room, the skin at z = 0 and
the patient below; x runs to the head, y to the patient's right. Each plane looks at the needle aslant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.breathing import Breathing, BreathingSettings
from ir_guidance.room.draw import uniform
from ir_guidance.room.mechanics import Mechanics, Push
from ir_guidance.room.needle import Needle, NeedleSettings
from ir_guidance.room.xray.body import Body, drawn_body
from ir_guidance.room.xray.carm import SIDE_PX, CarmSettings, pictured, stand
from ir_guidance.room.xray.detector import Noise
from ir_guidance.room.xray.display import border, open_border
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.interior import Interior, InteriorSettings, drawn_interior
from ir_guidance.room.xray.plane import FluoroscopySnapshot, Plane
from ir_guidance.room.xray.stroke import Point, Tip
from ir_guidance.settings import Settings
from ir_guidance.values import CarmGeometry, Exposure, GuidePose, Sphere, Truth, Vector

MIDDLE_M = (0.0, 0.0, -0.030)
"""What the C-arm is centred on: a little above the target."""


Share = Annotated[float, Field(ge=0, le=1)]


class FluoroscopyRoomSettings(Settings):
    """The simulated world; a pair is a range that the seed draws from."""

    breathing: BreathingSettings = BreathingSettings()
    interior: InteriorSettings = InteriorSettings()
    needle: NeedleSettings = NeedleSettings()
    carm: CarmSettings = CarmSettings()
    ct: Path | None = Field(
        None, description="NIfTI file or folder of DICOM slices; without one, the built-in torso."
    )
    ct_place: tuple[Share, Share] = Field(
        (0.40, 0.30),
        description="Where the needle goes into it: shares of its width to the left, its height to the head.",
    )
    ct_device: Literal["cpu", "cuda"] = Field(
        "cpu", description="What casts the rays through it; cuda needs PyTorch and a GPU."
    )
    devices: int = Field(1, ge=0, le=8, description="Leads, catheters and the like in each plane.")
    registration_sigma_m: float = Field(
        0.001,
        ge=0,
        le=0.01,
        description="Error of a registered CT at the target, along each axis, 1 sigma.",
    )
    push_m: float = Field(
        0.001, ge=0, le=0.005, description="How far an advancing needle pushes a target it is at."
    )
    push_reach_m: float = Field(
        0.006, gt=0.001, le=0.03, description="Distance at which the push is 0.6 of that."
    )


class FluoroscopyRoom:
    """A simulated procedure room; ``step`` from one thread, ``render`` from one other, image after image.

    Attributes:
        geometries: What the calibration says of each plane.
        registered_target_m: The target (3,) at end-exhale as a registered CT says, in ``base_link``.
        shape: Rows and columns of an image.
    """

    shape = (SIDE_PX, SIDE_PX)

    def __init__(self, settings: FluoroscopyRoomSettings, seed: int, views: int = 1) -> None:
        """Draw a patient, a needle and a C-arm; the same seed gives the same room.

        Raises:
            CtError: The CT cannot be used.
            ValueError: There are not one or two views.
        """
        if views not in (1, 2):
            raise ValueError(f"views = {views}: a C-arm has one plane or two")
        self._settings, self._seed = settings, seed
        inside, breath, needle, body, rest, *planes = (
            np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(7)
        )
        interior = drawn_interior(settings.interior, inside)
        breathing = Breathing(settings.breathing, breath, lateral_sign=-1.0)
        self._mechanics = Mechanics(
            breathing,
            Needle(settings.needle, needle, interior.layers_m, breathing.share),
            settings.needle.diameter_m / 2,
            interior.target_m,
            interior.obstacles,
            Push(settings.push_m, settings.push_reach_m),
        )
        self._radii_m = interior.radii_m
        self.registered_target_m: Vector = interior.target_m + rest.normal(
            0, settings.registration_sigma_m, 3
        )
        self._dose_gym2 = uniform(rest, settings.carm.dose_gym2)
        self._pulses = 0
        self._tip = Tip(Point.BEVEL, rest.uniform(2, 5), rest.uniform(0, 2 * np.pi))
        patient = drawn_body(body, settings.ct, settings.ct_place, settings.ct_device)
        made = [
            self._plane(view, patient, interior, generator)
            for view, generator in zip(range(views), planes, strict=False)
        ]
        self._planes = tuple(plane for plane, _ in made)
        self.geometries: tuple[CarmGeometry, ...] = tuple(geometry for _, geometry in made)
        self._time_s = 0.0
        self._axis: Vector = np.array([0.0, 0.0, -1.0])

    def _plane(
        self, view: int, patient: Body, interior: Interior, generator: np.random.Generator
    ) -> tuple[Plane, CarmGeometry]:
        settings, carm = self._settings, self._settings.carm
        true, said = stand(carm, view, np.array(MIDDLE_M), generator)
        made, grain_px = pictured(carm, self._dose_gym2, generator)
        opened = carm.collimator == "open"
        field = open_border(self.shape) if opened else border(generator, self.shape)
        imaging = Imaging(made, field, Noise(grain_px, self.shape, generator), None)
        needle = settings.needle.diameter_m / 2, self._tip
        return Plane(true, patient, interior, settings.devices, needle, imaging, generator), said

    @property
    def geometry(self) -> CarmGeometry:
        """What the calibration says of the first plane."""
        return self.geometries[0]

    @property
    def pulse_rate_hz(self) -> float:
        """Images a second of each plane; two pulse in turn, lest one see the other's scatter."""
        return self._settings.carm.pulse_rate_hz / self.views

    @property
    def views(self) -> int:
        """How many planes the C-arm has."""
        return len(self.geometries)

    @property
    def registration_sigma_m(self) -> float:
        """How far off the registered CT is along each axis, 1 sigma."""
        return self._settings.registration_sigma_m

    @property
    def target_rest_m(self) -> Vector:
        """The target's true centre (3,) at end-exhale in ``base_link``."""
        return self._mechanics.target_rest_m

    @property
    def target_radii_m(self) -> Vector:
        """Half axes (3,) of what is to be reached, along the axes of ``base_link``."""
        return self._radii_m

    @property
    def obstacles(self) -> tuple[Sphere, ...]:
        """The true vessels at end-exhale; they move with the organ as the target does."""
        return self._mechanics.obstacles

    @property
    def force_n(self) -> float:
        """The force in newtons with which the tissue pushes back along the needle."""
        return self._mechanics.force_n

    @property
    def touched_obstacle(self) -> bool:
        """Whether the tip has cut into an obstacle since the room began."""
        return self._mechanics.touched

    def step(self, time_s: float, guide: GuidePose) -> None:
        """Advance breathing and the needle to a time and a guide pose; call at 100 Hz or more."""
        self._time_s, self._axis = time_s, guide.direction
        self._mechanics.step(time_s, guide)

    def snapshot(self) -> FluoroscopySnapshot:
        """Return the world now, for ``render``; later steps do not change it, and it has cost a pulse."""
        self._pulses += 1
        return FluoroscopySnapshot(
            time_s=self._time_s,
            breath_m=self._mechanics.breath_m,
            shaft_m=self._mechanics.needle.shape_m,
            axis=self._axis,
            target_m=self._mechanics.target_m,
        )

    def render(self, snapshot: FluoroscopySnapshot, view: int = 0) -> NDArray[np.uint8]:
        """Return the image (512, 512) of a snapshot, a new array each time; some of the last one lingers in it."""
        generator = np.random.default_rng((self._seed, view, round(snapshot.time_s * 1e6)))
        return self._planes[view].picture(snapshot, generator)

    def exposure(self, view: int = 0) -> Exposure:
        """Return what the images of a plane have cost; planes pulse in turn."""
        pulses = (self._pulses + self.views - 1 - view) // self.views
        return Exposure(self.pulse_rate_hz, pulses * self._dose_gym2)

    def truth(self, steady_ns: int) -> Truth:
        """Return the ground truth at the last step in ``base_link``, stamped with a steady time.

        No needle is out of the plane of an X-ray image.
        """
        mechanics = self._mechanics
        return Truth(
            steady_ns=steady_ns,
            tip_m=mechanics.needle.shape_m[-1],
            direction=mechanics.needle.direction,
            target_m=mechanics.target_m,
            breathing_m=mechanics.breathing_m,
            insertion_m=mechanics.insertion_m,
            needle_out_of_plane_m=0.0,
        )

    def px_of(self, point_m: Vector, view: int = 0) -> Vector:
        """Return the pixel (u, v) where a point in ``base_link`` really appears: what a person would see."""
        return self._planes[view].px_of(point_m)
