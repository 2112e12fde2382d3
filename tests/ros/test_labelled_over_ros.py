# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A labelled volume that is registered to the robot: paths keep clear of it, and the plan's hash covers it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from graph import active, node_command, processes
from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, transform
from ir_guidance.nodes import conversions, labelled, qos, topics
from ir_guidance.nodes.labelled import LabelledVolume, read_no_go
from ir_guidance.plan import PlanSettings
from ir_guidance.settings import SettingsError
from ir_guidance.values import Fix, ProbeGeometry
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import ProbeGeometry as ProbeGeometryMsg
from ir_guidance_msgs.srv import ComputePlan
from nifti_file import nifti

TARGET_M = np.array([0.010, 0.0, -0.040])
SPACING_MM = 2.0
LOWEST_M = np.array([-0.100, -0.060, -0.090])
"""Where the volume's first voxel lies, in ``base_link``."""
SHAPE = (80, 60, 46)
BASE_FROM_LPS = np.array([[0.0, 1, 0, 0.02], [-1, 0, 0, 0.01], [0, 0, 1, -0.3], [0, 0, 0, 1]])
NAMES = "id,structure\n1,rib_left_7\n2,lung_upper\n"


def written(folder, rib_m: float | None, *, lung: bool = False):
    """Write labels and names: a wall of ribs across all paths at that x, or none; a lung far from them."""
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    at_m = LOWEST_M + index * SPACING_MM / 1e3
    labels = np.zeros(SHAPE, np.int16)
    if rib_m is not None:
        labels[np.abs(at_m[..., 0] - rib_m) < 0.002] = 1
    if lung:
        labels[np.linalg.norm(at_m - TARGET_M - [0.05, 0.0, 0.0], axis=-1) < 0.010] = 2
    base_from_index = np.diag([*[SPACING_MM / 1e3] * 3, 1.0])
    base_from_index[:3, 3] = LOWEST_M
    lps_from_index = np.linalg.inv(BASE_FROM_LPS) @ base_from_index
    ras_mm = np.diag([-1.0, -1, 1, 1]) @ lps_from_index
    ras_mm[:3] *= 1e3
    (folder / "labels.nii").write_bytes(nifti(labels, ras_mm))
    (folder / "names.csv").write_text(NAMES)
    return folder


def parameters(folder, **more) -> str:
    """Write a parameters file and return its name."""
    told = {"labels": f"{folder}/labels.nii", "names": f"{folder}/names.csv"}
    told |= {"base_from_lps": BASE_FROM_LPS.ravel().tolist()} | more
    lines = "".join(f"      {name}: {value}\n" for name, value in told.items())
    (folder / "told.yaml").write_text(f"planner:\n  ros__parameters:\n    no_go:\n{lines}")
    return f"{folder}/told.yaml"


def plan_with(graph, folder, file: str) -> ComputePlan.Response:
    """Start guidance with that file, show it a target at rest, and ask for a plan."""
    probe = ProbeGeometry(
        (1e-4, 1e-4), (256.0, 8.0), transform(BASE_FROM_PROBE_DOWN, np.zeros(3)), epoch=1
    )
    with processes(folder) as start:
        process = start(node_command("planner", "--params-file", file))
        active(process, "/planner")
        probes = graph.node.create_publisher(ProbeGeometryMsg, topics.PROBE_GEOMETRY, qos.LATCHED)
        fixes = graph.node.create_publisher(FixMsg, topics.FIX, qos.COMMANDS)
        graph.until(lambda: probes.get_subscription_count() and fixes.get_subscription_count())
        probes.publish(conversions.probe_geometry_to_msg(probe, time.time_ns()))
        codes = ComputePlan.Response

        def answered() -> ComputePlan.Response | None:
            fixes.publish(conversions.fix_to_msg(fix()))
            answer = graph.call(ComputePlan, topics.COMPUTE_PLAN, ComputePlan.Request())
            return answer if answer.error_code not in (codes.NO_TARGET, codes.BUSY) else None

        return graph.until(answered, "a plan, or why there is none", timeout_s=30.0)


def fix() -> Fix:
    spread = np.eye(3) * 1e-8
    now_ns = time.monotonic_ns()
    return Fix(
        sequence=1,
        stamp_ns=time.time_ns(),
        acquired_steady_ns=now_ns,
        tip_m=np.array([-0.03, 0.0, 0.01]),
        tip_covariance_m2=spread,
        direction=np.array([0.7, 0.0, -0.714]),
        direction_covariance=spread,
        target_m=TARGET_M,
        target_covariance_m2=spread,
        insertion_m=-0.01,
        target_rest_m=TARGET_M,
        geometry_epoch=1,
    )


def test_a_plan_keeps_clear_of_a_labelled_volume_and_binds_consent_to_it(graph, tmp_path):
    file = parameters(written(tmp_path, None, lung=True))
    answer = plan_with(graph, tmp_path, file)
    assert answer.error_code == ComputePlan.Response.OK, answer.message
    told = LabelledVolume(labels=f"{tmp_path}/labels.nii", base_from_lps=tuple(BASE_FROM_LPS.flat))
    named = told.model_copy(update={"names": f"{tmp_path}/names.csv"})
    no_go = read_no_go(named, PlanSettings())
    assert no_go is not None and no_go.names == ("lung_upper",)
    assert answer.plan.no_go == no_go.digest
    assert answer.plan.hash == conversions.plan_from_msg(answer.plan).hash


def test_where_a_structure_is_in_every_way_there_is_no_plan_and_it_is_named(graph, tmp_path):
    file = parameters(written(tmp_path, -0.010), keep_clear=["rib"])
    answer = plan_with(graph, tmp_path, file)
    assert answer.error_code == ComputePlan.Response.NO_PATH
    assert "rib_left_7" in answer.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_from_lps": ()}, "base_from_lps has 0 numbers"),
        ({"base_from_lps": tuple(2 * BASE_FROM_LPS.flatten())}, "not rigid"),
        (
            {"base_from_lps": (*BASE_FROM_LPS.flat[:3], 20.0, *BASE_FROM_LPS.flat[4:])},
            "millimetres",
        ),
        ({"keep_clear": ("spleen",)}, "nothing that is called spleen"),
        ({"names": "none.csv"}, "none.csv: cannot be read"),
        ({"labels": "none.nii"}, "none.nii: no such file"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, changes, said):
    written(tmp_path, -0.010)
    told = {
        "labels": f"{tmp_path}/labels.nii",
        "names": f"{tmp_path}/names.csv",
        "base_from_lps": tuple(BASE_FROM_LPS.flatten()),
    }
    with pytest.raises(SettingsError) as caught:
        read_no_go(LabelledVolume(**(told | changes)), PlanSettings())
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_table_of_names_that_is_none_is_refused(tmp_path):
    written(tmp_path, -0.010)
    (tmp_path / "names.csv").write_text("number;name\n1;rib\n")
    told = LabelledVolume(
        labels=f"{tmp_path}/labels.nii",
        names=f"{tmp_path}/names.csv",
        base_from_lps=tuple(BASE_FROM_LPS.flatten()),
    )
    with pytest.raises(SettingsError, match="columns id and structure"):
        read_no_go(told, PlanSettings())
    assert labelled.read_no_go(LabelledVolume(), PlanSettings()) is None
