# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Research software for needle placement under live images. Not a medical device."""

__version__ = "0.1.0"
