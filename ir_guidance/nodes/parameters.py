# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from pydantic models: what does not fit the model stops the node at start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from ir_guidance.profiles import Profile, merged_profile
from ir_guidance.settings import Settings, SettingsError, checked

OF_ROS = ("use_sim_time", "start_type_description_service")
OPTIONS: dict[str, Any] = {
    "allow_undeclared_parameters": True,
    "automatically_declare_parameters_from_overrides": True,
}
"""How a node is made, so that an unknown key is seen here and refused."""

S = TypeVar("S", bound=Settings)


class NodeSettings(Settings):
    """What every node has."""

    procedure: str = "biopsy"
    autostart: bool = True
    realtime: bool = False


def read_settings(node: Node, model: type[S]) -> tuple[S, Profile]:
    """Return a node's own settings and its profile; keys that are not the node's override the profile's.

    Raises:
        SettingsError: One line that names the node and every key that does not fit.
    """
    where = f"node {node.get_name()}"
    given = _given(node)
    own = checked(model, {k: v for k, v in given.items() if k in model.model_fields}, where)
    overrides = {k: v for k, v in given.items() if k not in model.model_fields}
    profile = merged_profile(getattr(own, "procedure", "biopsy"), overrides, where)
    _declare(node, own)
    node.add_on_set_parameters_callback(_refuse_changes)
    return own, profile


def _given(node: Node) -> dict[str, Any]:
    """Return the overrides as nested dictionaries, by the dots in their names."""
    nested: dict[str, Any] = {}
    for name, parameter in node.get_parameters_by_prefix("").items():
        if name in OF_ROS or name.startswith("qos_overrides"):
            continue
        *path, last = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"node {node.get_name()}: {name} is both a value and a group")
        value = parameter.value
        inner[last] = list(value) if hasattr(value, "typecode") else value
    return nested


def _declare(node: Node, settings: Settings) -> None:
    """Show the settings in force as parameters, groups by dots; ROS has none for a list of lists."""
    for name, value in _flat(settings.model_dump(mode="json"), ""):
        nested = isinstance(value, list) and any(isinstance(part, list) for part in value)
        if value is not None and not nested and not node.has_parameter(name):
            node.declare_parameter(name, value)


def _flat(values: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _refuse_changes(changes: list[Parameter]) -> SetParametersResult:
    names = ", ".join(change.name for change in changes if change.name not in OF_ROS)
    if not names:
        return SetParametersResult(successful=True)
    return SetParametersResult(
        successful=False,
        reason=f"{names}: settings are fixed at start; restart the node to change them",
    )
