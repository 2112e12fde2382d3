# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The room: a patient who breathes, a needle that bends, and a scanner whose calibration is not perfect.

Everything is drawn from one seed. The room is the truth that guidance is judged by and never sees;
``base_link`` is laid so that the true probe looks straight down from its origin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, inverse, small_motion, transform
from ir_guidance.room.anatomy import AnatomySettings, draw_anatomy
from ir_guidance.room.breathing import Breathing, BreathingSettings
from ir_guidance.room.needle import Needle, NeedleSettings
from ir_guidance.room.needle_echo import NeedleEcho, NeedleEchoSettings
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.tissue import TissueSettings
from ir_guidance.room.ultrasound import Snapshot, Ultrasound
from ir_guidance.room.volume import Volume
from ir_guidance.settings import Settings
from ir_guidance.values import GuidePose, ProbeGeometry, Sphere, Truth, Vector


class RoomSettings(Settings):
    """The simulated world; a pair is a range that the seed draws from."""

    breathing: BreathingSettings = BreathingSettings()
    anatomy: AnatomySettings = AnatomySettings()
    tissue: TissueSettings = TissueSettings()
    scanner: ScannerSettings = ScannerSettings()
    needle: NeedleSettings = NeedleSettings()
    needle_echo: NeedleEchoSettings = NeedleEchoSettings()
    calibration_sigma_m: float = Field(
        0.0004,
        ge=0,
        le=0.005,
        description="Error of the probe's calibration along each axis, 1 sigma; N-wire: 0.41 mm.",
    )
    calibration_sigma_rad: float = Field(
        0.007, ge=0, le=0.1, description="Error about each axis, 1 sigma; 0.4 degrees."
    )
    push_m: float = Field(
        0.001, ge=0, le=0.005, description="How far an advancing needle pushes a lesion it is at."
    )
    push_reach_m: float = Field(
        0.006, gt=0.001, le=0.03, description="Distance at which the push is 0.6 of that."
    )


class Room:
    """A simulated procedure room; ``step`` from one thread, ``render`` from one other if wanted."""

    def __init__(self, settings: RoomSettings, seed: int) -> None:
        """Draw a patient, a needle and a scanner from the seed; the same seed gives the same room."""
        self._settings = settings
        anatomy_seed, breath_seed, needle_seed, echo_seed, image_seed, probe_seed = (
            np.random.SeedSequence(seed).spawn(6)
        )
        self._anatomy = draw_anatomy(np.random.default_rng(anatomy_seed), settings.anatomy)
        lesion = self._anatomy.lesion
        towards_middle = -1.0 if lesion.centre_m[0] > 0.007 else 1.0
        self._breathing = Breathing(
            settings.breathing, np.random.default_rng(breath_seed), towards_middle
        )
        _, fat, muscle = self._anatomy.borders
        self._needle = Needle(
            settings.needle,
            np.random.default_rng(needle_seed),
            (fat.depth_m, muscle.depth_m),
            self._breathing.share,
        )
        base_from_image = transform(BASE_FROM_PROBE_DOWN, np.zeros(3))
        self._image_from_base = inverse(base_from_image)
        self._ultrasound = self._imaging(base_from_image, echo_seed, image_seed)
        self.geometry = self._calibrated(base_from_image, np.random.default_rng(probe_seed))
        self._spheres = self._anatomy.obstacles
        self._centres = np.array([sphere.centre_m for sphere in self._spheres])
        self._radii = np.array([sphere.radius_m for sphere in self._spheres])
        self._touched = False
        self._time_s = 0.0
        self._breath_m: Vector = np.zeros(3)
        self._push_m: Vector = np.zeros(3)
        self._insertion_m = 0.0

    def _imaging(
        self,
        base_from_image: NDArray[np.float64],
        echo_seed: np.random.SeedSequence,
        image_seed: np.random.SeedSequence,
    ) -> Ultrasound:
        settings, scanner = self._settings, self._settings.scanner
        finish = np.random.default_rng(echo_seed)
        echo = NeedleEcho(settings.needle_echo, scanner, finish, settings.needle.diameter_m)
        image = np.random.default_rng(image_seed)
        volume = Volume(scanner, settings.tissue, self._anatomy, self._breathing, image)
        ultrasound = Ultrasound(scanner, volume, echo, base_from_image, image)
        if self._anatomy.rib is not None:
            ultrasound.put_rib(self._anatomy.rib, self._breathing)
        return ultrasound

    def _calibrated(
        self, base_from_image: NDArray[np.float64], generator: np.random.Generator
    ) -> ProbeGeometry:
        """Return what the scanner's calibration says: the true pose with a calibration error."""
        settings = self._settings
        error = small_motion(
            generator.normal(0.0, settings.calibration_sigma_rad, 3),
            generator.normal(0.0, settings.calibration_sigma_m, 3),
        )
        scanner = settings.scanner
        return ProbeGeometry(
            spacing_m=(scanner.spacing_m, scanner.spacing_m),
            face_px=(scanner.middle_px, scanner.face_row_px),
            base_from_image=error @ base_from_image,
            slice_sigma_m=scanner.elevation_sigma_m,
            epoch=1,
        )

    @property
    def target_rest_m(self) -> Vector:
        """The lesion's true centre (3,) at end-exhale in ``base_link``."""
        return self._anatomy.lesion.centre_m

    @property
    def obstacles(self) -> tuple[Sphere, ...]:
        """The true vessels at end-exhale; they move with the organ as the target does."""
        return self._spheres

    @property
    def touched_obstacle(self) -> bool:
        """Whether the tip has cut into an obstacle since the room began."""
        return self._touched

    def step(self, time_s: float, guide: GuidePose) -> None:
        """Advance breathing and the needle to a time and a guide pose; call at 100 Hz or more."""
        self._time_s = time_s
        self._breath_m = self._breathing.displacement_m(time_s)
        advances = guide.insertion_m > self._insertion_m
        self._insertion_m = guide.insertion_m
        self._needle.step(guide, self._breath_m)
        self._push_m = self._push()
        self._touched = self._touched or (advances and self._cuts_obstacle())

    def snapshot(self) -> Snapshot:
        """Return the world now, for ``render``; later steps do not change it."""
        return Snapshot(
            time_s=self._time_s,
            breath_m=self._breath_m,
            shaft_m=self._needle.shape_m,
            inserted=self._insertion_m > 0.0,
            target_m=self._target_m(),
            push_m=self._push_m,
        )

    def render(self, snapshot: Snapshot) -> NDArray[np.uint8]:
        """Return the image (512, 512) of a snapshot, a new array each time."""
        return self._ultrasound.render(snapshot)

    def truth(self, steady_ns: int) -> Truth:
        """Return the ground truth at the last step in ``base_link``, stamped with a steady time."""
        tip_m = self._needle.shape_m[-1]
        out_m = float((self._image_from_base[:3, :3] @ tip_m + self._image_from_base[:3, 3])[2])
        return Truth(
            steady_ns=steady_ns,
            tip_m=tip_m,
            direction=self._needle.direction,
            target_m=self._target_m(),
            breathing_m=self._target_m() - self._push_m - self.target_rest_m,
            insertion_m=self._insertion_m,
            needle_out_of_plane_m=out_m,
        )

    def px_of(self, point_m: Vector) -> Vector:
        """Return the pixel (u, v) where a point in ``base_link`` really appears: what a person would see."""
        x, y, _ = self._image_from_base[:3, :3] @ point_m + self._image_from_base[:3, 3]
        (across_m, down_m), (u0, v0) = self.geometry.spacing_m, self.geometry.face_px
        return np.array([x / across_m + u0, y / down_m + v0])

    def _target_m(self) -> Vector:
        rest_m = self.target_rest_m
        moved: Vector = (
            rest_m + self._breathing.share(-float(rest_m[2])) * self._breath_m + self._push_m
        )
        return moved

    def _push(self) -> Vector:
        """Return how far (3,) the needle pushes the lesion: ahead of the tip, and aside when it passes by.

        A Gaussian of the distance from the tip to the lesion, full while the needle advances and
        gone when it has been drawn back by as much as unloads the bevel.
        """
        settings = self._settings
        if self._needle.loaded == 0.0:
            return np.zeros(3)
        away_m = self.target_rest_m + self._breath_m - self._needle.shape_m[-1]
        fade = float(np.exp(-0.5 * (away_m @ away_m) / settings.push_reach_m**2))
        ahead = self._needle.direction + 0.5 * away_m / settings.push_reach_m
        ahead /= max(float(np.linalg.norm(ahead)), 1.0)
        push: Vector = settings.push_m * self._needle.loaded * fade * ahead
        return push

    def _cuts_obstacle(self) -> bool:
        """Return whether the tip, where it cuts, is in an obstacle; behind it tissue moves with the shaft."""
        if self._insertion_m <= 0.0:
            return False
        tip_m = self._needle.shape_m[-1:]
        rest_m = self._breathing.rest_depth(-tip_m[:, 2], self._breath_m)
        still = tip_m - self._breathing.share(rest_m)[:, None] * self._breath_m
        gaps = np.linalg.norm(still - self._centres, axis=1) - self._radii
        return bool((gaps < 0.5 * self._settings.needle.diameter_m).any())
