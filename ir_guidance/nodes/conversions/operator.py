# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the operator holds: consent, and a motion key."""

from __future__ import annotations

from ir_guidance.nodes.conversions.checks import (
    BOOT_ID,
    ConversionError,
    require_boot,
    require_finite,
    vector,
)
from ir_guidance.values import Consent, Hand, Mean
from ir_guidance_msgs.msg import Consent as ConsentMsg
from ir_guidance_msgs.msg import Hand as HandMsg


def consent_to_msg(consent: Consent) -> ConsentMsg:
    """Return a consent as a message."""
    return ConsentMsg(
        session=consent.session,
        sequence=consent.sequence,
        issued_steady_ns=consent.issued_steady_ns,
        boot_id=BOOT_ID,
        plan_hash=consent.plan_hash,
        grant=consent.grant,
        held=consent.held,
    )


def consent_from_msg(msg: ConsentMsg, boot_id: str | None = BOOT_ID) -> Consent:
    """Return a message's consent.

    Raises:
        ConversionError: The steady clock is another's.
    """
    require_boot(msg, boot_id)
    return Consent(
        session=msg.session,
        sequence=msg.sequence,
        issued_steady_ns=msg.issued_steady_ns,
        plan_hash=msg.plan_hash,
        grant=msg.grant,
        held=msg.held,
    )


def hand_to_msg(hand: Hand) -> HandMsg:
    """Return what the operator's hand does as a message."""
    return HandMsg(
        session=hand.session,
        sequence=hand.sequence,
        issued_steady_ns=hand.issued_steady_ns,
        boot_id=BOOT_ID,
        press=hand.press,
        held=hand.held,
        mean=int(hand.mean),
        rate=vector(hand.rate),
    )


def hand_from_msg(msg: HandMsg, boot_id: str | None = BOOT_ID) -> Hand:
    """Return what the operator's hand does.

    Raises:
        ConversionError: A rate is not finite, the meaning not known, the steady clock is another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    if msg.mean not in list(Mean):
        raise ConversionError(f"Hand: mean {msg.mean} is not one of {[int(x) for x in Mean]}")
    return Hand(
        session=msg.session,
        sequence=msg.sequence,
        issued_steady_ns=msg.issued_steady_ns,
        press=msg.press,
        held=msg.held,
        mean=Mean(msg.mean),
        rate=tuple(msg.rate.tolist()),
    )
