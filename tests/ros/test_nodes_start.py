# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How nodes start, change their state and end; what they cannot work with they refuse in one line."""

from __future__ import annotations

import json
import signal
import sys
from functools import partial

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from graph import active, node_command, processes
from ir_guidance.nodes import qos, topics
from ir_guidance_msgs.msg import FrameInfo, GateState

HELD = {  # by the name of the process, the nodes in it
    "room": ("room",),
    "source": ("source",),
    "tracker": ("tracker",),
    "planner": ("planner",),
    "guidance": ("tracker", "planner"),
    "robot": ("robot",),
    "recorder": ("recorder",),
    "operator": ("operator",),
}
ONCE = [name for name in HELD if name not in HELD["guidance"]]  # every node once
NEEDED = {
    "source": "-p source:={folder}/video.avi -p loop:=true",
    "recorder": "-p file:={folder}/{fleet}.mcap",
}
SPEAKS = {  # what is heard of it although it hears nobody
    "room": (FrameInfo, topics.FRAME_INFO),
    "source": (FrameInfo, topics.FRAME_INFO),
    "robot": (GateState, topics.GATE_STATE),
}
REFUSED = [  # process, what it is told, what its one line must name
    ("robot", "-p peroid_ms:=5.0", "node robot: peroid_ms"),
    ("robot", "-p gate.advance_mps:=3.0", "node robot: gate.advance_mps = 3.0"),
    ("robot", "-p gate.advance_mps:=.nan", "node robot: gate.advance_mps = nan"),
    ("robot", "-p gate.frame_age_ms:=0.0", "node robot: gate.frame_age_ms = 0.0"),
    ("robot", "-p gate.consent_age_ms:=-250.0", "node robot: gate.consent_age_ms = -250.0"),
    ("robot", "-p gate.state_stop_ms:=.inf", "node robot: gate.state_stop_ms = inf"),
    ("robot", "-p period_ms:=soon", "node robot: period_ms = 'soon'"),
    ("robot", "-p gate:=3", "node robot: gate = 3"),
    ("robot", "-p autostart:=7", "node robot: autostart = 7"),
    ("robot", "-p sim_level:=4", "node robot: sim_level = 4"),
    ("robot", "-p sim_level:=2 -p controller.description_file:={folder}/none.urdf", "none.urdf"),
    ("robot", "-p procedure:=appendix", "node robot: no procedure 'appendix'"),
    ("robot", "--params-file {folder}/misspelt.yaml", "node robot: gate.advance_mmps"),
    ("robot", "--params-file {folder}/none.yaml", "none.yaml"),
    ("room", "-p drive.watchdog_ms:=0.0", "node room: drive.watchdog_ms = 0.0"),
    ("room", "-p frame_rate_hz:=-1.0", "node room: frame_rate_hz = -1.0"),
    ("room", "-p seed:=1.5", "node room: seed = 1.5"),
    ("tracker", "-p backend:=oracle", "node tracker: backend = 'oracle'"),
    ("planner", "-p gate.budget_ms:=50.0", "node planner: settings"),
    ("guidance", "-p track.colour:=red", "node tracker: track.colour"),
    ("guidance", "-p planner:no_go.labels:={folder}/none.nii", "none.nii: no such file"),
    ("operator", "-p operator.patience_s:=0.0", "node operator: operator.patience_s = 0.0"),
    ("source", "", "node source: source"),
    ("source", "-p source:={folder}/none.avi", "none.avi: no such file"),
    ("source", "-p source:={folder}/video.avi -p roi:=[0,0,4096,8]", "node source:"),
    ("recorder", "-p file:={folder}/old.mcap", "old.mcap exists already"),
    ("recorder", "-p file:={folder}/none/new.mcap", "none/new.mcap: cannot be written"),
]
# A process costs a second of imports and half a one of leaving: here every case is a fork.
EVERY_CASE = """
import importlib, json, os, signal, sys
cases, folder = json.loads(sys.argv[1]), sys.argv[2]
nodes = {n: importlib.import_module(f"ir_guidance.nodes.{n}_node") for n, _ in cases}
statuses = []
for number, (name, words) in enumerate(cases):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a node that is content would run for ever
        log = os.open(f"{folder}/{number}.log", os.O_CREAT | os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = [name, "--ros-args", *words.split()]
        try:
            nodes[name].main()
        except SystemExit as ended:
            sys.stderr.flush()
            os._exit(ended.code)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with open(f"{folder}/statuses.json", "w") as file:
    json.dump(statuses, file)
"""
OF_A_CRASH = ("Traceback", "terminate called", "Segmentation", "core dumped", "Error:")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Hold what nodes are pointed at: a video, an old recording, a parameter file with a slip."""
    folder = tmp_path_factory.mktemp("start")
    video = cv2.VideoWriter(
        str(folder / "video.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (96, 64)
    )
    for grey in range(0, 250, 10):
        video.write(np.full((64, 96, 3), grey, np.uint8))
    video.release()
    (folder / "old.mcap").write_bytes(b"old")
    slip = "robot: {ros__parameters: {gate: {advance_mmps: 3.0}}}"
    (folder / "misspelt.yaml").write_text(slip)
    return folder


@pytest.fixture(scope="module")
def refusals(folder):
    """Run every refused case; return its exit status and what it said."""
    cases = [(node, words.format(folder=folder)) for node, words, _ in REFUSED]
    with processes(folder) as start:
        process = start([sys.executable, "-c", EVERY_CASE, json.dumps(cases), str(folder)])
        assert process.process.wait(100) == 0, process.output
        assert not process.family()
    statuses = json.loads((folder / "statuses.json").read_text())
    said = [(folder / f"{number}.log").read_text() for number in range(len(cases))]
    return dict(zip(REFUSED, zip(statuses, said, strict=True), strict=True))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]} {case[1]}".strip())
def test_a_node_refuses_what_does_not_fit_in_one_line(refusals, folder, case):
    status, said = refusals[case]
    assert status == 2, said
    assert len(said.splitlines()) == 1, said
    assert case[2] in said
    assert (folder / "old.mcap").read_bytes() == b"old"


class Fleet:
    """Every process in a namespace of its own, so that none hears another."""

    def __init__(self, start, folder, name, number, more="", processes=tuple(HELD)):
        self.name, self.number = name, number
        self.processes = {}
        for process in processes:
            words = f"-r __ns:=/{name}/{process} {more} {NEEDED.get(process, '')}"
            words = words.format(folder=folder, fleet=name)
            self.processes[process] = start(node_command(process, *words.split()))

    def paths(self, process):
        return [f"/{self.name}/{process}/{node}" for node in HELD[process]]

    def heard(self, process, graph):
        """Return the list that fills with what a process says, None for one that only answers."""
        if process not in SPEAKS:
            return None
        kind, topic = SPEAKS[process]
        return graph.heard(kind, f"/{self.name}/{process}/{topic}", qos.STREAM)

    def assert_ends_cleanly(self, process, graph):
        ended = self.processes[process]
        status, took_s = ended.end(self.number)
        assert status == 0, ended.output
        assert took_s < 2.0
        assert not [word for word in OF_A_CRASH if word in ended.output], ended.output
        graph.until(lambda: not ended.family(), "no child is left", timeout_s=2.0)


@pytest.fixture(scope="module", params=["SIGINT", "SIGTERM"])
def running(request, folder):
    """Nodes that started by themselves; simulated time stands still for those of one fleet."""
    number = signal.Signals[request.param]
    more = "-p use_sim_time:=true" if number == signal.SIGTERM else ""
    with processes(folder) as start:
        yield Fleet(start, folder, f"by_{number.name.lower()}", number, more)


@pytest.mark.parametrize("process", HELD)
def test_a_process_runs_as_it_was_told_and_ends_cleanly_within_two_seconds(running, graph, process):
    active(running.processes[process], *running.paths(process))
    for path in running.paths(process):
        assert not graph.change(path, "configure"), "an active node cannot be configured"
        assert not graph.change(path, 77), "there is no such transition"
        assert graph.state(path) == "active"
        assert_settings_stay(graph, path)
    heard = running.heard(process, graph)
    graph.until(lambda: heard is None or len(heard) > 5, f"{process} speaks")
    running.assert_ends_cleanly(process, graph)


def assert_settings_stay(graph, path):
    number = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=9.0)
    word = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="drainage")
    for name, value in {"procedure": word, "gate.frame_age_ms": number, "new": number}.items():
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        # A first answer can be lost while both discover each other, and asking again changes nothing.
        ask = partial(graph.asked, SetParameters, f"{path}/set_parameters", request)
        (result,) = graph.until(ask, f"an answer of {path}").results
        assert not result.successful
        assert name in result.reason and len(result.reason.splitlines()) == 1


@pytest.fixture(scope="module")
def waiting(folder):
    """Nodes that are not yet configured."""
    with processes(folder) as start:
        yield Fleet(start, folder, "by_hand", signal.SIGINT, "-p autostart:=false", ONCE)


@pytest.mark.parametrize("process", ONCE)
def test_a_node_goes_through_its_life_by_hand(waiting, graph, process):
    heard = waiting.heard(process, graph)
    for path in waiting.paths(process):
        assert graph.state(path) == "unconfigured"
        change(graph, path, "configure", "inactive")
        change(graph, path, "activate", "active")
        graph.until(lambda: heard is None or len(heard) > 3, f"{process} speaks while active")
        change(graph, path, "deactivate", "inactive")
        if heard is not None:
            assert_silent(graph, heard)
        change(graph, path, "activate", "active")
        change(graph, path, "deactivate", "inactive")
        change(graph, path, "cleanup", "unconfigured")
        change(graph, path, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, "finalized")
    waiting.assert_ends_cleanly(process, graph)


def change(graph, path, transition, state):
    assert graph.change(path, transition), f"{path}: {transition}"
    assert graph.state(path) == state


def assert_silent(graph, heard):
    graph.spin(0.1)  # what was under way arrives
    before = len(heard)
    graph.spin(0.2)
    assert len(heard) == before
