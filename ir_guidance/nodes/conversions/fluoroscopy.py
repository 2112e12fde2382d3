# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""An X-ray frame in one message: image, C-arm, pulse rate and dose."""

from __future__ import annotations

from ir_guidance.nodes.conversions.checks import BOOT_ID, ConversionError
from ir_guidance.nodes.conversions.geometry import carm_geometry_from_msg, carm_geometry_to_msg
from ir_guidance.nodes.conversions.image import Delivery, frame_from_msg, frame_to_msg
from ir_guidance.values import CarmGeometry, Frame, Modality
from ir_guidance_msgs.msg import FluoroscopyFrame


def fluoroscopy_frame_to_msg(frame: Frame, delivery: Delivery) -> FluoroscopyFrame:
    """Return an X-ray frame as one message.

    Raises:
        ValueError: It was not made by X-rays.
    """
    if frame.modality is not Modality.FLUOROSCOPY:
        raise ValueError(f"frame {frame.sequence} is {frame.modality}, not fluoroscopy")
    image, info = frame_to_msg(frame, delivery)
    msg = FluoroscopyFrame(header=image.header, image=image, info=info)
    if isinstance(frame.geometry, CarmGeometry):
        msg.geometry = carm_geometry_to_msg(frame.geometry, frame.stamp_ns, frame.view)
    return msg


def fluoroscopy_frame_from_msg(msg: FluoroscopyFrame, boot_id: str | None = BOOT_ID) -> Frame:
    """Return a message's frame; its geometry is None where the message has none.

    Raises:
        ConversionError: The parts are not of one image, it was not made by X-rays, or a part does
            not hold together.
    """
    if msg.info.modality != msg.info.FLUOROSCOPY:
        raise ConversionError(f"FluoroscopyFrame: modality {msg.info.modality} is not X-rays")
    headers = (msg.header, msg.image.header, msg.info.header)
    if any(header != msg.header for header in headers):
        raise ConversionError("FluoroscopyFrame: header, image and info are not of one image")
    known = msg.info.geometry_epoch != 0
    geometry = carm_geometry_from_msg(msg.geometry) if known else None
    return frame_from_msg(msg.image, msg.info, geometry, boot_id)
