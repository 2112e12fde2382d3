# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Tests that need ROS: they step aside where it is not installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MISSING = [name for name in ("rclpy", "ir_guidance_msgs") if find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if MISSING else []

os.environ.setdefault(
    "FASTRTPS_DEFAULT_PROFILES_FILE", str(Path(__file__).with_name("discovery.xml"))
)


def pytest_report_header() -> str:
    """Say whether these tests run."""
    return f"ros tests: skipped, no {' or '.join(MISSING)}" if MISSING else "ros tests: on"


@pytest.fixture
def context() -> Iterator[Any]:
    """Give a private ROS context, so that tests cannot disturb each other."""
    import rclpy

    context = rclpy.Context()
    rclpy.init(context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def graph() -> Iterator[Any]:
    """Give a node of the test's own on the graph."""
    from graph import Graph

    own = Graph()
    yield own
    own.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start processes by their command lines; whatever happens, they end with the test."""
    from graph import processes

    with processes(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def gate_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run a gate's process for many tests."""
    from graph import active, node_command, processes

    with processes(tmp_path_factory.mktemp("gate")) as start:
        process = start(node_command("robot"))
        active(process, "/robot")
        yield process


@pytest.fixture
def gate_as_new(gate_process: Any, graph: Any) -> Any:
    """Give that process with its node configured anew."""
    for transition in ("deactivate", "cleanup", "configure", "activate"):
        assert graph.change("/robot", transition), gate_process.output
    return gate_process
