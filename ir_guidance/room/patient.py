# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The room: a patient who breathes, a needle that bends, and a scanner whose calibration is not perfect.

Everything is drawn from one seed. The room is the truth that guidance is judged by and never sees;
``base_link`` is laid so that the true probe looks straight down from its origin.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, inverse, small_motion, transform
from ir_guidance.room.anatomy import Anatomy
from ir_guidance.room.breathing import Breathing, BreathingSettings
from ir_guidance.room.clutter import ClutterSettings, drawn_clutter
from ir_guidance.room.draw_anatomy import AnatomySettings, draw_anatomy
from ir_guidance.room.haze import Haze, HazeSettings
from ir_guidance.room.mechanics import Mechanics, Push
from ir_guidance.room.mirrors import MirrorSettings
from ir_guidance.room.needle import Needle, NeedleSettings
from ir_guidance.room.needle_echo import NeedleEcho, NeedleEchoSettings
from ir_guidance.room.probe import Probe, ProbeSettings
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.screen import Screen, ScreenSettings
from ir_guidance.room.shadow import BoneShadow
from ir_guidance.room.tissue import TissueSettings
from ir_guidance.room.ultrasound import NeedleLook, Snapshot, Ultrasound
from ir_guidance.room.volume import Volume
from ir_guidance.settings import Settings
from ir_guidance.values import GuidePose, ProbeGeometry, Sphere, Truth, Vector


class RoomSettings(Settings):
    """The simulated world; a pair is a range that the seed draws from."""

    breathing: BreathingSettings = BreathingSettings()
    anatomy: AnatomySettings = AnatomySettings()
    tissue: TissueSettings = TissueSettings()
    mirrors: MirrorSettings = MirrorSettings()
    scanner: ScannerSettings = ScannerSettings()
    probe: ProbeSettings = ProbeSettings()
    needle: NeedleSettings = NeedleSettings()
    needle_echo: NeedleEchoSettings = NeedleEchoSettings()
    haze: HazeSettings = HazeSettings()
    clutter: ClutterSettings = ClutterSettings()
    screen: ScreenSettings = ScreenSettings()
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
        needle = Needle(
            settings.needle,
            np.random.default_rng(needle_seed),
            (fat.depth_m, muscle.depth_m),
            self._breathing.share,
        )
        self._mechanics = Mechanics(
            self._breathing,
            needle,
            0.5 * settings.needle.diameter_m,
            lesion.centre_m,
            self._anatomy.obstacles,
            Push(settings.push_m, settings.push_reach_m),
        )
        self._lines = ScanLines(settings.scanner)
        self._shadows = tuple(
            BoneShadow(bone, self._breathing, self._lines) for bone in self._anatomy.bones
        )
        base_from_image = transform(BASE_FROM_PROBE_DOWN, np.zeros(3))
        self._image_from_base = inverse(base_from_image)
        self._ultrasound = self._imaging(base_from_image, echo_seed, image_seed)
        self.geometry = self._calibrated(base_from_image, np.random.default_rng(probe_seed))
        self._screen = self._drawn_screen(np.random.default_rng((seed, 7)))
        self._probe = Probe(settings.probe, seed)
        self._time_s = 0.0

    def _imaging(
        self,
        base_from_image: NDArray[np.float64],
        echo_seed: np.random.SeedSequence,
        image_seed: np.random.SeedSequence,
    ) -> Ultrasound:
        settings, scanner, lines = self._settings, self._settings.scanner, self._lines
        finish, image = np.random.default_rng(echo_seed), np.random.default_rng(image_seed)
        look = self._look(settings.needle_echo, settings.haze, settings.needle.diameter_m, finish)
        return Ultrasound(
            scanner,
            lines,
            self._volume(image),
            self._shadows,
            drawn_clutter(settings.clutter, lines, finish),
            look,
            base_from_image,
            image,
        )

    def _volume(self, generator: np.random.Generator) -> Volume:
        settings = self._settings
        return Volume(
            settings.scanner,
            self._lines,
            settings.tissue,
            settings.mirrors,
            self._anatomy,
            self._breathing,
            generator,
            settings.probe.sweep_m,
        )

    def _look(
        self,
        echo: NeedleEchoSettings,
        haze: HazeSettings,
        diameter_m: float,
        generator: np.random.Generator,
    ) -> NeedleLook:
        scanner, lines = self._settings.scanner, self._lines
        return NeedleLook(
            NeedleEcho(echo, scanner, lines, generator, diameter_m),
            Haze(haze, lines, generator) if haze.any else None,
        )

    def take_needle(
        self, echo: NeedleEchoSettings, haze: HazeSettings, diameter_m: float, seed: int
    ) -> None:
        """Let the needle look like another one from now on; how it bends stays."""
        self._ultrasound.look = self._look(echo, haze, diameter_m, np.random.default_rng(seed))

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
            tracked=settings.probe.sweep_m > 0.0,
        )

    def _drawn_screen(self, generator: np.random.Generator) -> Screen | None:
        scanner, geometry = self._settings.scanner, self.geometry
        if not self._settings.screen.any:
            return None
        shape = scanner.height_px, scanner.width_px
        return Screen(self._settings.screen, shape, geometry.face_px, scanner.spacing_m, generator)

    @property
    def anatomy(self) -> Anatomy:
        """What lies in the patient at end-exhale."""
        return self._anatomy

    def breath_m(self, time_s: float) -> Vector:
        """Return the displacement (3,) of the organ in ``base_link`` at a time."""
        return self._breathing.displacement_m(time_s)

    def in_shadow(
        self, line: NDArray[np.float64], row: NDArray[np.float64], breath_m: Vector
    ) -> NDArray[np.bool_]:
        """Return which samples (n,) lie behind a bone."""
        dark = np.zeros(np.shape(line), bool)
        for shadow in self._shadows:
            dark |= shadow.covers(line, row, breath_m)
        return dark

    def moved_m(self, rest_m: Vector, breath_m: Vector) -> Vector:
        """Return where a point (3,) of the patient is that lies at ``rest_m`` at end-exhale."""
        moved: Vector = rest_m + self._breathing.share(-float(rest_m[2])) * breath_m
        return moved

    @property
    def target_rest_m(self) -> Vector:
        """The lesion's true centre (3,) at end-exhale in ``base_link``."""
        return self._mechanics.target_rest_m

    @property
    def target_radii_m(self) -> Vector:
        """Half axes (3,) of the lesion along the axes of ``base_link``."""
        return self._anatomy.lesion.radii_m

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
        self._time_s = time_s
        self._mechanics.step(time_s, guide)

    def snapshot(self) -> Snapshot:
        """Return the world now, for ``render``; later steps do not change it."""
        world = self._mechanics
        return Snapshot(
            time_s=self._time_s,
            breath_m=world.breath_m,
            shaft_m=world.needle.shape_m,
            inserted=world.insertion_m > 0.0,
            target_m=world.target_m,
            push_m=world.push_m,
            probe_out_m=self._probe.out_m(self._time_s),
        )

    def sweep_probe(self) -> bool:
        """Begin to sweep the probe across the needle; False where it is held still."""
        self._probe.sweep(self._time_s)
        return self._probe.can_sweep

    def geometry_of(self, snapshot: Snapshot) -> ProbeGeometry:
        """Return where the pixels of a snapshot's image lie, by the probe's calibration and its tracker."""
        out_m = self._probe.tracked_m(snapshot.time_s, snapshot.probe_out_m)
        moved = transform(np.eye(3), np.array([0.0, 0.0, out_m]))
        return replace(self.geometry, base_from_image=self.geometry.base_from_image @ moved)

    def render(self, snapshot: Snapshot) -> NDArray[np.uint8]:
        """Return the image (rows, columns) of a snapshot, a new array each time."""
        image = self._ultrasound.render(snapshot)
        if self._screen is not None:
            self._screen.draw(image)
        return image

    def truth(self, steady_ns: int) -> Truth:
        """Return the ground truth at the last step in ``base_link``, stamped with a steady time."""
        world = self._mechanics
        tip_m = world.needle.shape_m[-1]
        out_m = float((self._image_from_base[:3, :3] @ tip_m + self._image_from_base[:3, 3])[2])
        out_m -= self._probe.out_m(self._time_s)
        return Truth(
            steady_ns=steady_ns,
            tip_m=tip_m,
            direction=world.needle.direction,
            target_m=world.target_m,
            breathing_m=world.breathing_m,
            insertion_m=world.insertion_m,
            needle_out_of_plane_m=out_m,
        )

    def px_of(self, point_m: Vector) -> Vector:
        """Return the pixel (u, v) where a point in ``base_link`` really appears: what a person would see."""
        x, y, _ = self._image_from_base[:3, :3] @ point_m + self._image_from_base[:3, 3]
        (across_m, down_m), (u0, v0) = self.geometry.spacing_m, self.geometry.face_px
        return np.array([x / across_m + u0, y / down_m + v0])
