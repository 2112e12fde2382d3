# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Profiles: everything that makes a procedure what it is, as data."""

from ir_guidance.profiles.profile import (
    Profile,
    load_profile,
    merged_profile,
    profile_names,
)

__all__ = ["Profile", "load_profile", "merged_profile", "profile_names"]
