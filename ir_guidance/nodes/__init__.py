# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 nodes: the only code that imports rclpy or messages."""

import os

# A BLAS that shares a small product among threads spins at the others' cost: 12 ms at the 99th
# percentile of a correction. It reads this once, when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
