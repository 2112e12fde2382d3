# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Training that begins with exported weights instead of random ones: to go on, or to adapt to a scanner."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ir_guidance.learn.network import GuidanceNetwork
from ir_guidance.track.backends.torch import network_of
from ir_guidance.track.backends.weights import read_weights


@torch.no_grad()
def begun_from(model: Path, views: Tensor) -> GuidanceNetwork:
    """Return a network to train that gives what an exported one gives.

    An exported file holds each normalisation folded into its convolution. Its mean and spread are
    measured again on ``views`` (n, 5, 256, 256), and undone by its scale and shift.

    Raises:
        BackendError: The file is not one that this version exported.
    """
    folded, network = network_of(read_weights(model)), GuidanceNetwork()
    means, variances = _measured(folded, views)
    sources = dict(folded.named_modules())
    for name, module in network.named_modules():
        source = sources.get(name)
        if isinstance(module, nn.Linear):
            module.load_state_dict(source.state_dict())  # type: ignore[union-attr]
        elif isinstance(module, nn.Conv2d) and isinstance(source, nn.Conv2d):
            module.weight.copy_(source.weight)
            assert source.bias is not None
            if module.bias is not None:
                module.bias.copy_(source.bias)
                continue
            path, _, index = name.rpartition(".")
            after = network.get_submodule(f"{path}.{int(index) + 1}")
            assert isinstance(after, nn.BatchNorm2d)
            assert after.running_mean is not None and after.running_var is not None
            after.running_mean.copy_(means[name])
            after.running_var.copy_(variances[name])
            after.weight.copy_((variances[name] + after.eps).sqrt())
            after.bias.copy_(source.bias + means[name])
    return network


def _measured(network: nn.Module, views: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return mean and variance of each convolution's output, its bias left out, by its name."""
    means: dict[str, Tensor] = {}
    variances: dict[str, Tensor] = {}

    def watch(name: str, layer: nn.Conv2d) -> None:
        def note(_: nn.Module, __: object, output: Tensor) -> None:
            assert layer.bias is not None
            means[name] = output.mean(dim=(0, 2, 3)) - layer.bias
            variances[name] = output.var(dim=(0, 2, 3), correction=0)

        layer.register_forward_hook(note)

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            watch(name, module)
    network(views)
    return means, variances
