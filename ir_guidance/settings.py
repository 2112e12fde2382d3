# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Settings are frozen pydantic models; an unknown key, a NaN or a value out of bounds is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

S = TypeVar("S", bound=BaseModel)


class SettingsError(ValueError):
    """A setting that cannot be used; the message is one line: which, what it was, what it may be."""


class Settings(BaseModel):
    """Base of every settings model."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )


def checked(model: type[S], values: dict[str, Any], where: str) -> S:
    """Return ``model(**values)``.

    Raises:
        SettingsError: With every fault in one line, led by ``where``.
    """
    try:
        return model(**values)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'settings'} = {fault['input']!r}: {fault['msg']}"
            for fault in error.errors()
        )
        raise SettingsError(f"{where}: {faults}") from None


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with another's values in place of its own, group by group."""
    both = {
        key: merged(base[key], value)
        if isinstance(base.get(key), dict) and isinstance(value, dict)
        else value
        for key, value in over.items()
    }
    return base | both


def load_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        SettingsError: The file is missing, is not UTF-8, is not YAML or is not a mapping.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: not readable as YAML: {' '.join(str(error).split())}"
        ) from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected keys and values, found {type(values).__name__}")
    return values
