# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The environment of every test: message fields are checked, and no graph sees another's."""

from __future__ import annotations

import os
import socket
import tempfile


def free_domain() -> tuple[int, socket.socket]:
    """Return a ROS domain that no other test process on this host holds, and what holds it."""
    for domain in range(1, 102):
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0ir_guidance_test_domain_{domain}")
        except OSError:
            holder.close()
            continue
        return domain, holder
    raise RuntimeError("every ROS domain from 1 to 101 is taken by another test run")


DOMAIN, HOLDER = free_domain()
# Set before any message is imported: the generated classes read it once.
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"  # OpenCV reads it once, in whichever test comes first
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["ROS_DOMAIN_ID"] = str(DOMAIN)
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="ir_guidance_log_"))
