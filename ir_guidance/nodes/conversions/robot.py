# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Command, the gate's report, the robot's state, and a simulated room's truth."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import Any

from ir_guidance.nodes.conversions.checks import (
    BASE,
    BOOT_ID,
    ConversionError,
    header,
    require_boot,
    require_finite,
    require_length,
    stamp_from_msg,
    stamp_to_msg,
    vector,
)
from ir_guidance.values import (
    Command,
    Decision,
    Level,
    RobotState,
    Truth,
)
from ir_guidance_msgs.msg import Command as CommandMsg
from ir_guidance_msgs.msg import GateState as GateStateMsg
from ir_guidance_msgs.msg import GroundTruth as GroundTruthMsg
from ir_guidance_msgs.msg import RobotState as RobotStateMsg

NONE_YET = -1


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate tells the others: its decision and how it came there.

    ``stamp_ns`` is that of the image of the last accepted correction, 0 while there is none;
    the counters run since the gate was activated.
    """

    decision: Decision
    steady_ns: int
    stamp_ns: int = 0
    session: str = ""
    armed: bool = False
    consent_held: bool = False
    approved_plan_hash: str = ""
    accepted_sequence: int | None = None
    accepted_count: int = 0
    refused_count: int = 0
    over_budget_count: int = 0


def command_to_msg(command: Command) -> CommandMsg:
    """Return a command as a message."""
    return CommandMsg(
        header=header(command.stamp_ns, BASE),
        session=command.session,
        sequence=command.sequence,
        correction_sequence=command.correction_sequence,
        issued_steady_ns=command.issued_steady_ns,
        expires_steady_ns=command.expires_steady_ns,
        boot_id=BOOT_ID,
        enable=command.enable,
        position=array("d", command.position),
        velocity=array("d", command.velocity),
    )


def command_from_msg(msg: CommandMsg, boot_id: str | None = BOOT_ID) -> Command:
    """Return a message's command.

    Raises:
        ConversionError: A number is not finite, the lengths differ, the steady clock is another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    require_length(msg, "position", "velocity")
    return Command(
        session=msg.session,
        sequence=msg.sequence,
        correction_sequence=msg.correction_sequence,
        stamp_ns=stamp_from_msg(msg.header.stamp),
        issued_steady_ns=msg.issued_steady_ns,
        expires_steady_ns=msg.expires_steady_ns,
        enable=msg.enable,
        position=tuple(msg.position),
        velocity=tuple(msg.velocity),
    )


def gate_report_to_msg(report: GateReport) -> GateStateMsg:
    """Return the gate's report as a message; the command itself stays behind."""
    decision = report.decision
    accepted = report.accepted_sequence
    return GateStateMsg(
        header=header(report.stamp_ns, BASE),
        steady_ns=report.steady_ns,
        boot_id=BOOT_ID,
        session=report.session,
        level=int(decision.level),
        latched=decision.latched,
        reasons=list(decision.reasons),
        armed=report.armed,
        consent_held=report.consent_held,
        approved_plan_hash=report.approved_plan_hash,
        accepted_sequence=NONE_YET if accepted is None else accepted,
        blind_travel_m=float(decision.blind_travel_m),
        blind_travel_max_m=float(decision.blind_travel_max_m),
        accepted_count=report.accepted_count,
        refused_count=report.refused_count,
        over_budget_count=report.over_budget_count,
    )


def gate_report_from_msg(msg: GateStateMsg, boot_id: str | None = BOOT_ID) -> GateReport:
    """Return a message's report; its decision holds no command.

    Raises:
        ConversionError: A number is not finite, the level unknown, the steady clock another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    if msg.level not in list(Level):
        raise ConversionError(
            f"GateState: level {msg.level} is not one of {[int(x) for x in Level]}"
        )
    decision = Decision(
        level=Level(msg.level),
        latched=msg.latched,
        reasons=tuple(msg.reasons),
        command=None,
        blind_travel_m=msg.blind_travel_m,
        blind_travel_max_m=msg.blind_travel_max_m,
    )
    return GateReport(
        decision=decision,
        steady_ns=msg.steady_ns,
        stamp_ns=stamp_from_msg(msg.header.stamp),
        session=msg.session,
        armed=msg.armed,
        consent_held=msg.consent_held,
        approved_plan_hash=msg.approved_plan_hash,
        accepted_sequence=None if msg.accepted_sequence < 0 else msg.accepted_sequence,
        accepted_count=msg.accepted_count,
        refused_count=msg.refused_count,
        over_budget_count=msg.over_budget_count,
    )


def robot_state_to_msg(state: RobotState, stamp_ns: int) -> RobotStateMsg:
    """Return what the robot measured at the wall time ``stamp_ns`` as a message."""
    return RobotStateMsg(
        header=header(stamp_ns, BASE),
        steady_ns=state.steady_ns,
        boot_id=BOOT_ID,
        position=array("d", state.position),
        velocity=array("d", state.velocity),
        setpoint=array("d", state.setpoint),
        enabled=state.enabled,
        estop=state.estop,
        brake=state.brake,
        force_n=float(state.force_n),
        fault=state.fault,
        watchdog_tripped=state.watchdog_tripped,
        accepted_stamp=stamp_to_msg(state.accepted_stamp_ns),
        accepted_steady_ns=state.accepted_steady_ns,
    )


def robot_state_from_msg(msg: RobotStateMsg, boot_id: str | None = BOOT_ID) -> RobotState:
    """Return a message's robot state.

    Raises:
        ConversionError: A number is not finite, the joints' lengths differ, the steady clock is
            another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    require_length(msg, "position", "velocity", "setpoint")
    return RobotState(
        steady_ns=msg.steady_ns,
        position=vector(msg.position),
        velocity=vector(msg.velocity),
        setpoint=vector(msg.setpoint),
        enabled=msg.enabled,
        estop=msg.estop,
        brake=msg.brake,
        force_n=msg.force_n,
        fault=msg.fault,
        watchdog_tripped=msg.watchdog_tripped,
        accepted_stamp_ns=stamp_from_msg(msg.accepted_stamp),
        accepted_steady_ns=msg.accepted_steady_ns,
    )


def truth_to_msg(truth: Truth, stamp_ns: int) -> GroundTruthMsg:
    """Return the room's truth at the wall time ``stamp_ns`` as a message."""
    return GroundTruthMsg(
        header=header(stamp_ns, BASE),
        steady_ns=truth.steady_ns,
        boot_id=BOOT_ID,
        tip_m=vector(truth.tip_m),
        direction=vector(truth.direction),
        target_m=vector(truth.target_m),
        breathing_m=vector(truth.breathing_m),
        insertion_m=float(truth.insertion_m),
        needle_out_of_plane_m=float(truth.needle_out_of_plane_m),
        extra_json=json.dumps(truth.extra, allow_nan=False) if truth.extra else "",
    )


def truth_from_msg(msg: GroundTruthMsg, boot_id: str | None = BOOT_ID) -> Truth:
    """Return a message's truth.

    Raises:
        ConversionError: A number is not finite, the extra is no JSON object, the steady clock is
            another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    return Truth(
        steady_ns=msg.steady_ns,
        tip_m=vector(msg.tip_m),
        direction=vector(msg.direction),
        target_m=vector(msg.target_m),
        breathing_m=vector(msg.breathing_m),
        insertion_m=msg.insertion_m,
        needle_out_of_plane_m=msg.needle_out_of_plane_m,
        extra=_extra(msg.extra_json),
    )


def _extra(text: str) -> dict[str, Any]:
    try:
        extra = json.loads(text or "{}", parse_constant=_refuse)
    except ValueError as error:
        raise ConversionError(f"GroundTruth: extra_json: {error}") from None
    if not isinstance(extra, dict):
        raise ConversionError(f"GroundTruth: extra_json is a {type(extra).__name__}, not an object")
    return extra


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not finite")
