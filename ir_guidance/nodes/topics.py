# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every name on the graph, relative, so that a namespace moves them together."""

from __future__ import annotations

IMAGE = "imaging/image_raw"
FRAME_INFO = "imaging/frame_info"
PROBE_GEOMETRY = "imaging/probe_geometry"
CARM_GEOMETRY = "imaging/carm_geometry"
CAMERA_INFO = "imaging/camera_info"
FLUOROSCOPY_FRAME = "imaging/fluoroscopy_frame"
PULSES_WANTED = "imaging/pulses_wanted"
SWEEP_PROBE = "imaging/sweep_probe"

TRACK = "guidance/track"
ADVICE = "guidance/advice"
FIX = "guidance/fix"
PLAN = "guidance/plan"
CORRECTION = "guidance/correction"
PHASE = "guidance/phase"
MARKERS = "guidance/markers"
OVERLAY = "guidance/overlay"
HEAT = "guidance/heat"
NEEDLE_POSE = "needle/state/pose"
TARGET_POSE = "subject/state/target"
SKIN_ENTRY = "subject/state/skin_entry"

CONSENT = "operator/consent"
HAND = "operator/hand"

COMMAND = "robot/command"
ROBOT_STATE = "robot/state"
MEASURED_JS = "robot/measured_js"
SETPOINT_JS = "robot/setpoint_js"
MEASURED_CP = "robot/measured_cp"
OPERATING_STATE = "robot/operating_state"
STATE_COMMAND = "robot/state_command"
GATE_STATE = "robot/gate_state"
SERVO_JP = "robot/servo_jp"
MOVE_JP = "robot/move_jp"
SHADOW_JS = "robot/shadow_js"
ROBOT_DESCRIPTION = "robot_description"
LATENCY = "robot/latency"

GROUND_TRUTH = "room/ground_truth"

TF = "/tf"
DIAGNOSTICS = "/diagnostics"

SELECT_TARGET = "guidance/select_target"
COMPUTE_PLAN = "guidance/compute_plan"
INSERT = "guidance/insert"
MOVE = "move"
APPROVE_PLAN = "robot/approve_plan"
STOP = "robot/stop"
RESET = "robot/reset"
CHECK_PHANTOM = "robot/check_phantom"
