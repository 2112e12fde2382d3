# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Tracker and planner in one process: after it has arrived, a frame crosses no process border."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import cv2
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from ir_guidance.nodes.planner_node import PlannerNode
from ir_guidance.nodes.realtime import GUIDANCE
from ir_guidance.nodes.running import run
from ir_guidance.nodes.tracker_node import TrackerNode


def make() -> Sequence[LifecycleNode]:
    """Return the two nodes; the planner's corrections follow each fix at once."""
    cv2.setNumThreads(1)  # on two cores a second OpenCV thread only takes the room's
    tracker = TrackerNode()
    planner = PlannerNode(parameter_overrides=[Parameter("composed", value=True)])
    tracker.on_fix = planner.on_fix
    return [tracker, planner]


def main(args: list[str] | None = None) -> None:
    """Run both until they are interrupted."""
    sys.exit(run(make, args, priority=GUIDANCE, awake=True))


if __name__ == "__main__":
    main()
