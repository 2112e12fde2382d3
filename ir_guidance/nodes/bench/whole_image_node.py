# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Tracker and planner as in guidance_node, without a region of interest: every part of every image is looked at."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rclpy.lifecycle import LifecycleNode

from ir_guidance.bench.whole_image import whole_image_tracker
from ir_guidance.nodes import guidance_node, tracker_node
from ir_guidance.nodes.realtime import GUIDANCE
from ir_guidance.nodes.running import run


def make() -> Sequence[LifecycleNode]:
    """Return the two nodes; only what makes the tracker is another."""
    tracker_node.make_tracker = whole_image_tracker
    return guidance_node.make()


def main(args: list[str] | None = None) -> None:
    """Run both until they are interrupted."""
    sys.exit(run(make, args, priority=GUIDANCE, awake=True))


if __name__ == "__main__":
    main()
