# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the learned tracker makes of one view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.place import Place
from ir_guidance.values import NeedleTrack, Reason


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What one view showed: image pixels, or None and why not.

    ``needle`` heeds what was expected; ``alone`` is the tip by the image alone.
    """

    needle: NeedleTrack | None
    reason: Reason
    target: Place | None
    heat: NDArray[np.float32] | None = None
    alone: Place | None = None
