# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Who may import what: the stages stay apart, ROS stays in the nodes, the truth stays in the room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ir_guidance"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = ("frames", "track", "localise", "plan", "correct", "gate", "robot")
ROS = {"rclpy", "builtin_interfaces", "ament_index_python", "launch", "launch_ros"}
HEAVY = {
    "torch",
    "tensorrt",
    "openvino",
    "onnxruntime",
    "matplotlib",
    "SimpleITK",
    "mujoco",
    "pydicom",
    "gdcm",
}
OF_THE_ROOM = (
    "room",
    "nodes/room_node.py",
    "nodes/room_camera.py",
    "lockstep.py",
    "commands",
    "learn",
    "bench",
)
BLIND_NODES = ("guidance_node", "tracker_node", "planner_node", "robot_node", "source_node")


def parts(path: Path) -> str:
    """Return a module's place in the package, as its test is called."""
    return path.relative_to(PACKAGE).as_posix()


def within(path: Path, *places: str) -> bool:
    """Return whether a module is one of the places or lies in one."""
    return any(parts(path) == place or parts(path).startswith(f"{place}/") for place in places)


def own(path: Path) -> list[str]:
    """Return the package a module lies in, as names."""
    return ["ir_guidance", *path.relative_to(PACKAGE).parts[:-1]]


def names(node: ast.stmt, path: Path) -> Iterator[str]:
    """Yield the dotted names that a statement imports, relative ones made absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = own(path)[: len(own(path)) - node.level + 1] if node.level else []
        base = ".".join([*start, *([node.module] if node.module else [])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def statements(tree: ast.AST, *, in_functions: bool) -> Iterator[ast.stmt]:
    """Yield the statements below a node, with or without those that run only when called."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt):
            yield child
        if in_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from statements(child, in_functions=in_functions)


@cache
def imported(path: Path, *, in_functions: bool = True) -> frozenset[str]:
    """Return every dotted name that a module imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = statements(tree, in_functions=in_functions)
    return frozenset(name for node in found for name in names(node, path))


def of_ours(path: Path, *wanted: str) -> set[str]:
    """Return the imports that lie in the named parts of the package."""
    roots = [f"ir_guidance.{name}" for name in wanted]
    return {
        n for n in imported(path) if any(n == root or n.startswith(f"{root}.") for root in roots)
    }


def roots(found: frozenset[str]) -> set[str]:
    """Return the top-level names of imports."""
    return {name.partition(".")[0] for name in found}


every_module = pytest.mark.parametrize("path", MODULES, ids=parts)
stage_modules = pytest.mark.parametrize(
    ("path", "stage"),
    [(path, stage) for path in MODULES for stage in STAGES if within(path, stage, f"{stage}.py")],
    ids=lambda value: parts(value) if isinstance(value, Path) else value,
)


@stage_modules
def test_a_stage_imports_no_other_stage_nor_what_is_built_on_stages(path, stage):
    others = [other for other in STAGES if other != stage]
    assert not of_ours(path, *others, "room", "nodes", "pipeline", "commands", "cli")


@pytest.mark.parametrize("path", [p for p in MODULES if within(p, "calibrate")], ids=parts)
def test_calibrations_are_pure_and_know_no_stage(path):
    assert not of_ours(path, *STAGES, "room", "nodes", "pipeline", "commands", "cli")


@every_module
def test_only_nodes_know_ros(path):
    if within(path, "nodes"):
        return
    found = roots(imported(path))
    assert not found & ROS
    assert not {name for name in found if name.endswith(("_msgs", "_srvs"))}


@every_module
def test_only_training_and_what_runs_on_a_gpu_know_torch(path):
    if not within(path, "learn", "track/backends", "room/xray/drr_torch.py", "bench/gpu_stress.py"):
        assert "torch" not in roots(imported(path))


@every_module
def test_only_nodes_and_commands_know_nodes(path):
    if not within(path, "nodes", "commands", "cli.py"):
        assert not of_ours(path, "nodes")


@every_module
def test_only_the_room_and_what_runs_simulations_knows_the_room(path):
    if not within(path, *OF_THE_ROOM):
        assert not of_ours(path, "room")


@pytest.mark.parametrize("path", [p for p in MODULES if within(p, "gate")], ids=parts)
def test_the_gate_is_plain_python(path):
    assert not roots(imported(path)) & (HEAVY | {"numpy", "scipy", "cv2"})


def reached(path: Path, *, in_functions: bool = True) -> set[Path]:
    """Return every module of the package that a module loads, at any remove, itself included."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            for name in imported(module, in_functions=in_functions):
                waiting += loaded(name)
    return found


def loaded(name: str) -> Iterator[Path]:
    """Yield the package's modules that importing a dotted name runs: itself and those above it."""
    *above, last = name.split(".")
    folders = [ROOT.joinpath(*above[:n]) for n in range(1, len(above) + 1)]
    for place in (*folders, ROOT.joinpath(*above, last)):
        yield from (p for p in (place / "__init__.py", place.with_suffix(".py")) if p in MODULES)


@pytest.mark.parametrize("path", [p for p in MODULES if within(p, "nodes", "cli.py")], ids=parts)
def test_heavy_libraries_load_only_when_they_are_asked_for(path):
    for module in reached(path, in_functions=False):
        heavy = roots(imported(module, in_functions=False)) & HEAVY
        assert not heavy, f"{parts(path)} loads {heavy} through {parts(module)}"


@pytest.mark.parametrize("node", BLIND_NODES)
def test_the_truth_is_out_of_reach_of_guidance_and_robot(node):
    path = PACKAGE / "nodes" / f"{node}.py"
    for module in reached(path) if path in MODULES else ():
        assert not within(module, "room"), f"{node} reaches {parts(module)}"
        if within(module, "nodes/topics.py"):
            continue
        text = module.read_text(encoding="utf-8")
        assert "topics.GROUND_TRUTH" not in text and "room/ground_truth" not in text, module


def test_the_truth_is_published_under_its_one_name():
    assert "topics.GROUND_TRUTH" in (PACKAGE / "nodes/room_node.py").read_text(encoding="utf-8")


def test_every_node_that_can_be_started_is_installed():
    listed = {
        node.value
        for node in ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and str(node.value).endswith("_node")
    }
    startable = {
        path.stem
        for path in (PACKAGE / "nodes").glob("*_node.py")
        if "\ndef main(" in path.read_text(encoding="utf-8")
    }
    assert startable <= listed, "add it to NODES in setup.py"
