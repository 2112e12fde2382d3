# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is there to look at: markers in space, and the image with its track."""

from __future__ import annotations

from array import array

import cv2
import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from ir_guidance.correct.advise import Advice
from ir_guidance.geometry import arc_points
from ir_guidance.nodes.conversions import BASE, IMAGE_FRAMES, header
from ir_guidance.nodes.mirrors.poses import point
from ir_guidance.values import Fix, Frame, Plan, Track, Vector

MARKERS_LAST = Duration(sec=1)  # a viewer drops what is no longer reported
NEEDLE_RADIUS_M = 0.0006
POINT_RADIUS_M = 0.0015
PLAN_POINTS = 17  # of an arc
WHITE = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
YELLOW = ColorRGBA(r=1.0, g=0.9, b=0.1, a=1.0)
GREEN = ColorRGBA(r=0.2, g=0.9, b=0.3, a=1.0)
BLUE = ColorRGBA(r=0.3, g=0.6, b=1.0, a=0.8)
RED = ColorRGBA(r=1.0, g=0.2, b=0.2, a=0.35)


def markers(fix: Fix | None, plan: Plan | None, stamp_ns: int) -> MarkerArray:
    """Return the needle, the tip, the target, the plan and the obstacles, as far as they are known."""
    shown: list[Marker] = []
    if fix is not None:
        hub_m = fix.tip_m - max(fix.insertion_m, 0.02) * fix.direction
        shown += [
            _line("needle", np.array([hub_m, fix.tip_m]), WHITE),
            _ball("tip", fix.tip_m, YELLOW),
        ]
        if fix.target_m is not None:
            shown.append(_ball("target", fix.target_m, GREEN))
    if plan is not None:
        depths_m = np.linspace(0.0, plan.length_m, PLAN_POINTS if plan.bend_per_m.any() else 2)
        way_m = arc_points(plan.entry_m, plan.direction, plan.bend_per_m, depths_m)
        shown.append(_line("plan", way_m, BLUE))
        shown += [
            _ball("obstacle", np.array(sphere.centre_m), RED, sphere.radius_m)
            for sphere in plan.obstacles
        ]
    for number, marker in enumerate(shown):
        marker.id = number
        marker.header = header(stamp_ns, BASE)
    return MarkerArray(markers=shown)


def _line(name: str, way_m: Vector, colour: ColorRGBA) -> Marker:
    return Marker(
        ns=name,
        type=Marker.LINE_STRIP,
        points=[point(place_m) for place_m in way_m],
        scale=Vector3(x=2 * NEEDLE_RADIUS_M),
        color=colour,
        lifetime=MARKERS_LAST,
    )


def _ball(
    name: str, centre_m: Vector, colour: ColorRGBA, radius_m: float = POINT_RADIUS_M
) -> Marker:
    marker = Marker(ns=name, type=Marker.SPHERE, color=colour, lifetime=MARKERS_LAST)
    marker.pose.position = point(centre_m)
    marker.scale = Vector3(x=2 * radius_m, y=2 * radius_m, z=2 * radius_m)
    return marker


def overlay(frame: Frame, track: Track, advice: Advice | None = None) -> Image:
    """Return the image with tip, shaft and target drawn on it, and what a person is told, rgb8, to be looked at."""
    from ir_guidance.commands import drawing  # loads a font library that guidance does without

    rows, columns = frame.pixels.shape
    picture = drawing.shown(frame.pixels, 1.0, drawing.display_window(frame.pixels))
    if (target := track.target) is not None:
        drawing.draw_ellipse(picture, target.px, target.covariance_px2, 1.0, drawing.TARGET)
    if (needle := track.needle) is not None:
        whole = (0, 0, columns, rows)
        drawing.draw_shaft(picture, needle.tip_px, needle.direction, whole, 1.0)
        drawing.draw_ellipse(picture, needle.tip_px, needle.tip_covariance_px2, 1.0, drawing.TIP)
        drawing.draw_ticks(picture, needle.tip_px)
    if advice is not None:
        drawing.draw_line_of_text(picture, advice.text)
    return Image(
        header=header(frame.stamp_ns, IMAGE_FRAMES[frame.modality]),
        height=rows,
        width=columns,
        encoding="rgb8",
        step=3 * columns,
        data=array("B", picture.tobytes()),
    )


def heat(response: NDArray[np.float32], frame: Frame) -> Image:
    """Return where the tracker would have put the tip, mono8, of the image's size; white is most likely."""
    rows, columns = frame.pixels.shape
    top = max(float(response.max()), 1e-6)
    grey = cv2.convertScaleAbs(cv2.resize(response, (columns, rows)), alpha=255.0 / top)
    return Image(
        header=header(frame.stamp_ns, IMAGE_FRAMES[frame.modality]),
        height=rows,
        width=columns,
        encoding="mono8",
        step=columns,
        data=array("B", grey.tobytes()),
    )
