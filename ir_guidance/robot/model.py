# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a robot's URDF says of its joints: the one description that simulators and hardware share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

URDF = Path(__file__).parent / "needle_robot.urdf"


class ModelError(ValueError):
    """A URDF that cannot be used; the message is one line: which joint, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class JointLimit:
    """What a joint can do: metres or radians, per second, newtons or newton metres."""

    lower: float
    upper: float
    velocity: float
    effort: float


def joint_limits(urdf: str, joints: tuple[str, ...]) -> dict[str, JointLimit]:
    """Return the limits of the named joints from the text of a URDF.

    Raises:
        ModelError: It is no URDF, a joint is missing or has no limits, or they are not finite and ordered.
    """
    try:
        root = ElementTree.fromstring(urdf)
    except ElementTree.ParseError as error:
        raise ModelError(f"robot description: not XML: {error}") from None
    found = {joint.get("name"): joint for joint in root.iter("joint") if joint.get("type")}
    return {name: _limit(name, found.get(name)) for name in joints}


def _limit(name: str, joint: ElementTree.Element | None) -> JointLimit:
    if joint is None:
        raise ModelError(f"robot description: no joint {name!r}")
    limit = joint.find("limit")
    if joint.get("type") not in ("prismatic", "revolute") or limit is None:
        raise ModelError(f"robot description: joint {name!r} has no limits")
    texts = [limit.get(key, "nan") for key in ("lower", "upper", "velocity", "effort")]
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        raise ModelError(f"robot description: limits of joint {name!r} are not numbers: {texts}")
    found = JointLimit(*numbers)
    if not (found.lower < found.upper and found.velocity > 0):
        raise ModelError(f"robot description: limits of joint {name!r} allow no motion: {texts}")
    return found
