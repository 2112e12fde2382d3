# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a scanner's screen shows beside the image, and over it: text, rulers, grey bars, marks."""

from __future__ import annotations

import string

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.settings import Settings

Grey = NDArray[np.uint8]

LETTERS = np.array(list(string.ascii_uppercase + string.digits + "  .:-/"))
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)


class ScreenSettings(Settings):
    """How much is drawn; none by default, as a frame grabber that was told the image's place gives."""

    texts: int = Field(0, ge=0, le=20, description="Words and numbers, mostly at the edges.")
    ruler: bool = Field(False, description="Depth marks at one side.")
    bar: bool = Field(False, description="The bar of greys.")
    logo: bool = Field(False, description="The maker's mark.")
    focus: bool = Field(False, description="Marks at the depth of the focus.")
    crosses: int = Field(0, ge=0, le=6, description="Calliper crosses, a dotted line from two.")
    guide: bool = Field(False, description="A line or dots where a needle guide would lead.")
    frame: bool = Field(False, description="Lines round the image, or part of a menu.")

    @property
    def any(self) -> bool:
        """Whether there is anything to draw."""
        return self != ScreenSettings()


class Screen:
    """Draws the same things over every image."""

    def __init__(
        self,
        settings: ScreenSettings,
        shape: tuple[int, int],
        face_px: tuple[float, float],
        spacing_m: float,
        generator: np.random.Generator,
    ) -> None:
        """Lay out a screen of (rows, columns)."""
        self._generator = generator
        self._over = np.zeros(shape, np.uint8)
        self._level = int(generator.integers(110, 256))
        for _ in range(settings.texts):
            self._text()
        if settings.ruler:
            self._ruler(face_px[1], spacing_m)
        if settings.bar:
            self._bar()
        if settings.logo:
            self._logo(face_px)
        if settings.focus:
            self._focus()
        if settings.crosses:
            self._crosses(settings.crosses)
        if settings.guide:
            self._guide()
        if settings.frame:
            self._frame()

    def draw(self, image: Grey) -> None:
        """Draw over an image (rows, columns) in place."""
        np.maximum(image, self._over, out=image)

    def _at_edge(self) -> tuple[int, int]:
        """Return a pixel (u, v), most often near the edge."""
        rows, columns = self._over.shape
        draw = self._generator
        u, v = draw.uniform(0, columns), draw.uniform(0, rows)
        if draw.random() < 0.85:
            near = draw.random() ** 2 * 0.12
            side = draw.integers(4)
            if side < 2:
                u = (near if side else 1 - 1.5 * near) * columns
            else:
                v = (near if side == 3 else 1 - near) * rows
        return int(u), int(v)

    def _text(self) -> None:
        draw = self._generator
        words = "".join(draw.choice(LETTERS, int(draw.integers(2, 14))))
        cv2.putText(
            self._over,
            words,
            self._at_edge(),
            int(draw.choice(FONTS)),
            float(draw.uniform(0.3, 0.9)),
            int(draw.integers(90, 256)),
            int(draw.integers(1, 3)),
            cv2.LINE_AA,
        )

    def _ruler(self, first_px: float, spacing_m: float) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        u = int(draw.choice([3, 0.04 * columns, 0.94 * columns, columns - 10]))
        step_px = float(draw.choice([0.005, 0.01])) / spacing_m
        dots = draw.random() < 0.3
        for number in range(int((rows - first_px) / step_px) + 1):
            v = int(first_px + number * step_px)
            long = 8 if number % 5 == 0 else 4
            if dots:
                cv2.circle(self._over, (u, v), 1, self._level, -1)
            else:
                cv2.line(self._over, (u, v), (u + long, v), self._level, 1)
            if number and number % 2 == 0 and spacing_m > 0.0:
                cv2.putText(
                    self._over, str(number // 2), (u - 12, v + 4), 1, 0.8, self._level, 1, 16
                )

    def _bar(self) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        height, width = int(draw.uniform(0.12, 0.5) * rows), int(draw.integers(5, 16))
        u = int(draw.choice([2, columns - width - 2, 0.08 * columns, 0.88 * columns]))
        v = int(draw.uniform(0.02, 0.4) * rows)
        part = self._over[v : v + height, u : u + width]
        part[:] = np.linspace(255, 0, height).astype(np.uint8)[:, None][: len(part)]

    def _logo(self, face_px: tuple[float, float]) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        u = int(np.clip(face_px[0] + draw.uniform(-0.5, 0.5) * columns, 12, columns - 12))
        v = int(np.clip(face_px[1] + draw.uniform(-12, 12), 10, rows - 10))
        size = int(draw.integers(5, 14))
        cv2.circle(self._over, (u, v), size, self._level, 1, cv2.LINE_AA)
        letters = "".join(draw.choice(LETTERS[:26], 2))
        cv2.putText(self._over, letters, (u - size // 2, v + size // 2), 3, 0.4, self._level, 1, 16)

    def _focus(self) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        u = int(draw.choice([0.03, 0.9, 0.96]) * columns)
        for v in draw.integers(0, rows, int(draw.integers(1, 3))):
            corners = np.array([[u, v], [u + 8, v - 5], [u + 8, v + 5]], np.int32)
            cv2.fillPoly(self._over, [corners], self._level)

    def _crosses(self, count: int) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        places = draw.uniform(0.15, 0.85, (count, 2)) * (columns, rows)
        for u, v in places.astype(int).tolist():
            cv2.drawMarker(
                self._over, (u, v), self._level, int(draw.integers(0, 2)), int(draw.integers(6, 14))
            )
        if count >= 2:
            self._dots(places[0], places[1], int(draw.integers(4, 10)))

    def _guide(self) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        ends = draw.uniform(0.0, 1.0, (2, 2)) * (columns, rows)
        if draw.random() < 0.6:
            self._dots(ends[0], ends[1], int(draw.integers(5, 16)))
        else:
            first, last = (tuple(end.astype(int).tolist()) for end in ends)
            cv2.line(self._over, first, last, self._level, 1, cv2.LINE_AA)

    def _dots(self, first: NDArray[np.float64], last: NDArray[np.float64], step: int) -> None:
        count = max(int(np.linalg.norm(last - first) / step), 2)
        for u, v in np.linspace(first, last, count).astype(int).tolist():
            cv2.circle(self._over, (u, v), 1, self._level, -1)

    def _frame(self) -> None:
        rows, columns = self._over.shape
        draw = self._generator
        for _ in range(int(draw.integers(1, 4))):
            share, level = draw.random() ** 3 * 0.15, int(draw.integers(30, 140))
            if draw.random() < 0.5:
                v = int(draw.choice([share, 1 - share]) * (rows - 1))
                cv2.line(self._over, (0, v), (columns, v), level, 1)
            else:
                u = int(draw.choice([share, 1 - share]) * (columns - 1))
                cv2.line(self._over, (u, 0), (u, rows), level, 1)
        if draw.random() < 0.3:
            v = int(draw.uniform(0.9, 0.97) * rows)
            self._over[v:] = int(draw.integers(20, 90))
