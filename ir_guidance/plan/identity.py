# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The hash that consent binds to: of all that a plan says, so that whoever receives it can work it out again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, fields, replace
from typing import Any

import numpy as np

from ir_guidance.values import Plan, Sphere


def hash_of(plan: Plan) -> str:
    """Return the SHA-256 of every field of a plan but its hash, to the last bit of every number.

    Raises:
        ValueError: A number is not finite.
    """
    content = {f.name: _plain(getattr(plan, f.name)) for f in fields(plan) if f.name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def hashed(plan: Plan) -> Plan:
    """Return a plan with the hash of what it says."""
    return replace(plan, hash=hash_of(plan))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Sphere):
        return _plain(astuple(value))
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
