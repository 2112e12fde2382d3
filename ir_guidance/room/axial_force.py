# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What pushes back along the needle: membranes that give way, cutting, friction, and tissue that relaxes.

The force is told apart as by Okamura, Simone and O'Leary (IEEE Trans Biomed Eng 51:1707, 2004):
stiffness before a puncture, cutting at the tip after it, friction along the shaft. The values are of
the order of magnitude that van Gerwen, Dankelman and van den Dobbelsteen collect for needles of this
gauge (Med Eng Phys 34:665, 2012); they were chosen within it, not fitted to one tissue.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.room.draw import Range, uniform
from ir_guidance.settings import Settings


class ForceSettings(Settings):
    """Axial forces; a pair is a range that the seed draws from."""

    skin_n: Range = Field((1.5, 3.0), description="Force at which the skin is punctured.")
    fascia_n: Range = Field((0.8, 1.8), description="Force at which each deeper membrane is.")
    cutting_n: Range = Field((0.6, 1.2), description="Force of the tip while it cuts.")
    stiffness_npm: Range = Field(
        (600.0, 1200.0), description="Rise of the tip's force per advance, before it cuts."
    )
    friction_npm: Range = Field(
        (15.0, 35.0), description="Friction per length of shaft in tissue, at the most."
    )
    relaxed_share: float = Field(
        0.6, ge=0, le=1, description="Share of the cutting force that stays while the needle rests."
    )
    relaxation_s: float = Field(
        3.0, gt=0.1, le=60, description="Time constant with which the rest of it goes."
    )


class AxialForce:
    """The force along the needle, and the punctures on its way, moved on with the needle.

    Attributes:
        punctures: How many membranes the tip has gone through since it last left the patient.
    """

    def __init__(
        self,
        settings: ForceSettings,
        generator: np.random.Generator,
        membrane_depths_m: tuple[float, ...],
    ) -> None:
        """Draw the tissue; the first membrane is the skin at depth 0, the others lie at the depths given."""
        self._settings = settings
        self._depths_m = (0.0, *membrane_depths_m)
        strengths = (settings.skin_n, *(settings.fascia_n for _ in membrane_depths_m))
        self._strengths_n = tuple(uniform(generator, limits) for limits in strengths)
        self._cutting_n = uniform(generator, settings.cutting_n)
        self._stiffness_npm = uniform(generator, settings.stiffness_npm)
        self._friction_npm = uniform(generator, settings.friction_npm)
        self._leave()

    def _leave(self) -> None:
        self.punctures = 0
        self._tip_n = self._shaft_n = 0.0

    @property
    def force_n(self) -> float:
        """The force in newtons; positive pushes the needle out of the patient."""
        return self._tip_n + self._shaft_n

    @property
    def pressing(self) -> float:
        """How hard the tip presses on what is ahead of it, in units of the force that cuts."""
        return self._tip_n / self._cutting_n

    def step(self, advance_m: float, dt_s: float, depth_m: float, insertion_m: float) -> None:
        """Move on by an advance in a time; the tip is then at a depth, the needle in by a length."""
        if insertion_m <= 0.0:
            self._leave()
            return
        stretch_n = self._stiffness_npm * advance_m
        self._tip_n = max(self._tip_n + stretch_n, 0.0)
        if advance_m > 0.0:
            self._cut(depth_m)
        else:
            fade = 1.0 - float(np.exp(-dt_s / self._settings.relaxation_s))
            kept_n = self._settings.relaxed_share * self._cutting_n
            self._tip_n -= fade * max(self._tip_n - kept_n, 0.0)
        most_n = self._friction_npm * insertion_m
        self._shaft_n = min(max(self._shaft_n + stretch_n, -most_n), most_n)

    def _cut(self, depth_m: float) -> None:
        """Go through the membrane that the tip leans on, once it gives way, or cut on."""
        ahead = self.punctures
        if ahead < len(self._depths_m) and depth_m >= self._depths_m[ahead]:
            if self._tip_n < self._strengths_n[ahead]:
                return
            self.punctures += 1
        self._tip_n = min(self._tip_n, self._cutting_n)
