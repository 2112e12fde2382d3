# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A place in a view or an image, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.values import Matrix, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where something is: (u, v) and covariance in pixels, and how much of the probability is there."""

    place: Vector
    covariance: Matrix
    mass: float


def blurred(place: Place, direction: Vector, sigma_px: float) -> Place:
    """Return a place that is less sure by so much along a unit direction (u, v)."""
    spread = place.covariance + sigma_px**2 * np.outer(direction, direction)
    return Place(place.place, spread, place.mass)


def on_axis(place: Place, axis: Vector, direction: Vector, sigma_px: float) -> Place:
    """Return a place moved aside onto an axis, through (u, v) along a unit direction, that is known to a sigma."""
    aside = np.array([-direction[1], direction[0]])
    along_px2 = float(direction @ place.covariance @ direction)
    covariance = along_px2 * np.outer(direction, direction) + sigma_px**2 * np.outer(aside, aside)
    return Place(place.place + aside @ (axis - place.place) * aside, covariance, place.mass)


def both(first: Place, second: Place) -> Place:
    """Return where something is by two who err independently, weighed by their inverse covariances."""
    precisions = [np.linalg.inv(each.covariance) for each in (first, second)]
    covariance = np.linalg.inv(precisions[0] + precisions[1])
    mean = covariance @ (precisions[0] @ first.place + precisions[1] @ second.place)
    return Place(mean, covariance, min(first.mass, second.mass))
