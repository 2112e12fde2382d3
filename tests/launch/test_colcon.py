# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""colcon builds both packages, at the root and from a workspace, and what it installs runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATH = f"{BIN}:{os.environ['PATH']}"
MISSING = [tool for tool in ("colcon", "cmake", "g++") if shutil.which(tool, path=PATH) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"no {' or '.join(MISSING)}"),
    pytest.mark.timeout(300),
]


def colcon(folder, place, verb, *arguments):
    """Run colcon in a folder with everything it writes under ``place``; return what it prints."""
    bases = ["--build-base", place / "build", "--install-base", place / "install"]
    command = ["colcon", "--log-base", place / "log", verb, *(bases if verb == "build" else [])]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=os.environ | {"PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed(place, *command):
    """Start a command in the install space's environment, as a user's shell would."""
    setup = place / "install" / "setup.bash"
    return subprocess.Popen(
        ["bash", "-c", f'source "{setup}" && exec "$@"', "bash", *command],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build at the root; the checkout stays as it was."""
    place = tmp_path_factory.mktemp("root")
    colcon(ROOT, place, "build", "--cmake-args", "-DBUILD_TESTING=OFF")
    return place


@pytest.fixture
def workspace(tmp_path, built):
    """Make a workspace with the checkout under src, and the messages built: once is enough."""
    for name, target in {
        "src/ir_guidance": ROOT,
        "install/ir_guidance_msgs": built / "install" / "ir_guidance_msgs",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).symlink_to(target)
    return tmp_path


def test_a_build_at_the_root_makes_both_packages(built):
    where = "import ir_guidance, ir_guidance_msgs as m; print(ir_guidance.__file__, m.__file__)"
    output, _ = installed(built, sys.executable, "-c", where).communicate(timeout=60)
    assert all(path.startswith(str(built / "install")) for path in output.split()), output


def test_a_workspace_finds_both_packages(workspace):
    both = ["--base-paths", "src/ir_guidance", "src/ir_guidance/msg"]
    assert colcon(workspace, workspace, "list", "--names-only", *both).split() == [
        "ir_guidance",
        "ir_guidance_msgs",
    ]
    colcon(workspace, workspace, "build", *both, "--packages-select", "ir_guidance")
    share = workspace / "install" / "ir_guidance" / "share" / "ir_guidance"
    assert (share / "package.xml").is_file()


def test_an_installed_node_becomes_active_and_ends_cleanly(built):
    node = installed(built, built / "install/ir_guidance/lib/ir_guidance/robot_node")
    try:
        state = wait_for_state("/robot/get_state", "active", node)
        node.send_signal(signal.SIGINT)
        output, _ = node.communicate(timeout=20)
    finally:
        node.kill()
    assert state == "active", output
    assert node.returncode == 0, output


def wait_for_state(service, wanted, process, timeout_s=60.0):
    """Ask a lifecycle node for its state until it is the wanted one; return the last answer."""
    import rclpy
    from lifecycle_msgs.srv import GetState
    from rclpy.executors import SingleThreadedExecutor

    context = rclpy.Context()
    rclpy.init(context=context)
    executor = SingleThreadedExecutor(context=context)
    node = rclpy.create_node("colcon_test", context=context)
    client = node.create_client(GetState, service)
    label = "no answer"
    deadline = time.monotonic() + timeout_s
    while label != wanted and process.poll() is None and time.monotonic() < deadline:
        if not client.wait_for_service(timeout_sec=0.2):
            continue
        answer = client.call_async(GetState.Request())
        rclpy.spin_until_future_complete(node, answer, executor, timeout_sec=1.0)
        label = answer.result().current_state.label if answer.done() else label
    node.destroy_node()
    rclpy.try_shutdown(context=context)
    return label
