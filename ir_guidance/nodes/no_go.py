# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What must not be touched, as it is asked for: marks in an image, regions in space."""

from __future__ import annotations

import numpy as np

from ir_guidance.localise import ImageGeometry
from ir_guidance.nodes import conversions
from ir_guidance.pointed import marked
from ir_guidance.values import ProbeGeometry, Sphere
from ir_guidance_msgs.srv import ComputePlan


def no_go(request: ComputePlan.Request, geometry: ImageGeometry) -> tuple[Sphere, ...]:
    """Return the no-go regions of a request, in ``base_link``.

    Raises:
        ValueError: A region is no sphere, or was marked in an X-ray image, which shows no depth.
    """
    regions = tuple(conversions.sphere_from_msg(region) for region in request.regions)
    if isinstance(geometry, ProbeGeometry):
        marks = [(mark.x, mark.y, mark.z) for mark in request.obstacles]
        regions = (*regions, *marked(marks, geometry))
    elif request.obstacles:
        raise ValueError("a mark in an X-ray image has no depth: give no-go regions in space")
    for region in regions:
        if not (np.isfinite(region.centre_m).all() and 0 < region.radius_m < 1):
            raise ValueError(f"no-go {region} is no sphere that could be kept clear of")
    return regions
