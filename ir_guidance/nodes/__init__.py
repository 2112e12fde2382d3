# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 nodes: the only code that imports rclpy or messages."""

import os
from pathlib import Path

# A BLAS that shares a small product among threads spins at the others' cost: 8 ms at the 99th
# percentile of a correction. It reads this once, when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# By default an image of 1024 x 1024 does not fit into shared memory, goes by UDP and is mostly lost.
os.environ.setdefault(
    "FASTRTPS_DEFAULT_PROFILES_FILE", str(Path(__file__).with_name("fastdds.xml"))
)
