# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Images from files, folders, capture devices and streams, one frame at a time."""

from ir_guidance.frames.live import paced
from ir_guidance.frames.opening import open_source
from ir_guidance.frames.source import Grab, Roi, Source, SourceError, SourceOptions

__all__ = ["Grab", "Roi", "Source", "SourceError", "SourceOptions", "open_source", "paced"]
