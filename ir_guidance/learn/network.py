# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The network: a small encoder-decoder with three frames of memory, the same for both modalities.

A U-Net (Ronneberger et al. 2015) with residual blocks (He et al. 2016) at an eighth of the usual
width. Two of its inputs are what is expected, drawn as soft marks: the shaft that the robot's joints
predict, and where the target was last; black where nothing is known. So one network serves any
target, and tells the guided needle from its neighbours.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from ir_guidance.learn.scene import FRAMES
from ir_guidance.track.backends import CHANNELS

WIDTHS = (16, 32, 48, 64, 96)
"""Channels at a half, a quarter, ... of the view's resolution."""

MAPS = 5
"""Tip, target, shaft, and the shaft's direction (u, v)."""

FLAGS = 3
"""A needle is in the view, its tip is, the target is."""


class GuidanceNetwork(nn.Module):
    """Views (n, 5, 256, 256) uint8 in; places, shaft and flags out, as ``Maps`` describes them."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        """Make a network with random weights."""
        super().__init__()
        self.enter = _convolution(4 * CHANNELS, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(a, b, stride=2), Residual(b)) for a, b in pairwise(widths)
        )
        self.bottom = Residual(widths[-1])
        self.up = nn.ModuleList(
            nn.Sequential(_convolution(a + b, a), Residual(a))
            for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.maps = nn.Conv2d(widths[0], MAPS, 1)
        self.flags = nn.Linear(2 * widths[-1] + 2 * widths[0], FLAGS)

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return places (n, 2, 128, 128), shaft (n, 3, 128, 128) and flags (n, 3)."""
        x = self.enter(functional.pixel_unshuffle(normalised(view), 2))
        kept = [x]
        for down in self.down:
            x = down(x)
            kept.append(x)
        x = bottom = self.bottom(kept.pop())
        for up in self.up:
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = up(torch.cat((kept.pop(), x), dim=1))
        maps = self.maps(x).float()
        seen = torch.cat((_summary(bottom), _summary(x)), dim=1)
        return maps[:, :2], maps[:, 2:], self.flags(seen).float()


def normalised(view: Tensor) -> Tensor:
    """Return views as floats: frames with the newest one's mean and spread taken out, marks from 0 to 1."""
    frames, marks = view[:, :FRAMES].float(), view[:, FRAMES:].float() / 255.0
    newest = frames[:, FRAMES - 1 :]
    mean = newest.mean(dim=(2, 3), keepdim=True)
    spread = ((newest - mean) ** 2).mean(dim=(2, 3), keepdim=True).sqrt()
    return torch.cat(((frames - mean) / (spread + 4.0), marks), dim=1)


class Residual(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        """Keep the number of channels."""
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return functional.relu(x + self.second(self.first(x)))


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _summary(x: Tensor) -> Tensor:
    """Return mean and maximum (n, 2 channels) of feature maps."""
    return torch.cat((x.mean(dim=(2, 3)), x.amax(dim=(2, 3))), dim=1)
