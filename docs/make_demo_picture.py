# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/demo.png from a demo's folder: what the images showed and where the needle went.

.venv/bin/python docs/make_demo_picture.py build/demo
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

MOMENTS = (0.35, 0.65, 1.0)  # of the needle's way
WIDTH_PX = 1430
TIP, TARGET = (20, 200, 255), (60, 220, 60)  # blue, green, red


def main() -> None:
    """Write the picture beside this script."""
    folder = Path(sys.argv[1])
    images, tracks, depths = read(folder / "session.mcap")
    deepest = max(depths.values())
    side = WIDTH_PX // len(MOMENTS)
    views = []
    for moment in MOMENTS:
        reached = [stamp for stamp, depth in depths.items() if depth >= moment * deepest - 1e-5]
        stamp = next(stamp for stamp in sorted(reached) if stamp in images and stamp in tracks)
        views.append(drawn(images[stamp], tracks[stamp], depths[stamp], side))
    below = cv2.imread(str(folder / "trajectory.png"))
    strip = np.hstack(views)
    below = cv2.resize(
        below, (strip.shape[1], round(below.shape[0] * strip.shape[1] / below.shape[1]))
    )
    cv2.imwrite(str(Path(__file__).with_name("demo.png")), np.vstack([strip, below]))


def read(path: Path) -> tuple[dict, dict, dict]:
    """Return images, tracks and depths in metres of a session, by the images' acquisition stamps."""
    images, tracks, depths = {}, {}, {}
    kept = {"/imaging/image_raw": images, "/guidance/track": tracks, "/guidance/fix": depths}
    with path.open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, _, msg in reader.iter_decoded_messages(topics=list(kept)):
            stamp = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
            kept[channel.topic][stamp] = msg.insertion_m if kept[channel.topic] is depths else msg
    return images, tracks, depths


def drawn(image: object, track: object, depth_m: float, side: int) -> np.ndarray:
    """Return one image, ``side`` pixels wide, with tip, shaft and target drawn in."""
    grey = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width)
    scale = side / image.width
    picture = cv2.cvtColor(
        cv2.resize(grey, (side, round(image.height * scale))), cv2.COLOR_GRAY2BGR
    )
    if track.target_found:
        centre = (np.array(track.target_px) * scale).astype(int)
        cv2.drawMarker(picture, centre.tolist(), TARGET, cv2.MARKER_CROSS, 26, 2)
    if track.needle_found:
        tip = np.array(track.tip_px) * scale
        back = tip - 90 * np.array(track.direction)
        cv2.line(picture, back.astype(int).tolist(), tip.astype(int).tolist(), TIP, 1, cv2.LINE_AA)
        cv2.circle(picture, tip.astype(int).tolist(), 9, TIP, 2, cv2.LINE_AA)
    text = f"depth {depth_m * 1e3:.0f} mm"
    cv2.putText(
        picture, text, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA
    )
    return picture


if __name__ == "__main__":
    main()
