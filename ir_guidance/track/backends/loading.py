# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A backend by its name, let through only when it works: warm, finite, and the same twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ir_guidance.track.backends import (
    BACKENDS,
    CHANNELS,
    SIDE_PX,
    BackendError,
    BackendSettings,
    Network,
    in_one_line,
)
from ir_guidance.track.backends.cuda import find_gpu
from ir_guidance.track.backends.weights import read_weights

WARM_UP = 5
"""Inferences before the first frame; the first few are up to ten times slower."""

PACKAGES = {"tensorrt": "tensorrt", "torch": "torch onnx"}


def first_that_works(names: Iterable[str], model: Path, settings: BackendSettings) -> Network:
    """Return the model's network on the first of some backends that can run it here.

    Raises:
        BackendError: None can; with each one's reason.
    """
    read_weights(model)  # a bad model is no backend's fault
    reasons = []
    for name in names:
        try:
            return load(name, model, settings)
        except BackendError as error:
            reasons.append(str(error))
    raise BackendError(f"auto: no backend works here: {'; '.join(reasons)}")


def load(name: str, model: Path, settings: BackendSettings) -> Network:
    """Return the model's network on one backend, once it has proved itself.

    Raises:
        BackendError: It cannot be had, or must not be used.
    """
    if name not in BACKENDS:
        raise BackendError(f"backend {name!r}: choose from auto, {', '.join(BACKENDS)}")
    family, _, precision = name.partition("-")
    try:
        network = _open(family, precision, model, settings)
    except ImportError as error:
        package = PACKAGES.get(family, family)
        raise BackendError(f"{name}: {in_one_line(error)}; pip install {package}") from None
    except BackendError as error:
        raise BackendError(f"{name}: {error}") from None
    try:
        prove(network, model)
    except (BackendError, RuntimeError) as error:
        network.close()
        raise BackendError(in_one_line(error)) from None
    return network


def _open(family: str, precision: str, model: Path, settings: BackendSettings) -> Network:
    if family == "tensorrt":
        from ir_guidance.track.backends.tensorrt import open_tensorrt

        return open_tensorrt(model, precision or "f16")
    weights = read_weights(model)
    if family == "torch":
        if not precision:
            find_gpu()  # quicker than torch, which takes seconds to import
        from ir_guidance.track.backends.torch import TorchNetwork

        return TorchNetwork(weights, precision or "f16", settings.threads)
    if family == "openvino":
        from ir_guidance.track.backends.openvino import OpenVinoNetwork

        return OpenVinoNetwork(weights, precision or "f32", settings.threads)
    from ir_guidance.track.backends.onnxruntime import OnnxRuntimeNetwork

    return OnnxRuntimeNetwork(weights, settings.threads)


def prove(network: Network, model: Path) -> None:
    """Warm a network up, and see that one view gives the same finite maps twice.

    Raises:
        BackendError: It does not.
    """
    view = np.random.default_rng(0).integers(0, 256, (CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
    for _ in range(WARM_UP):
        network.infer(255 - view)
    maps = network.infer(view)
    first = [each.copy() for each in (maps.places, maps.shaft, maps.flags)]
    network.infer(255 - view)
    maps = network.infer(view)
    again = (maps.places, maps.shaft, maps.flags)
    if not all(np.isfinite(each).all() for each in first):
        raise BackendError(f"{model}: gives infinities or NaN on {network.name}; use another")
    if not all(map(np.array_equal, first, again)):
        raise BackendError(
            f"{model}: the same view twice gives different maps on {network.name}; use another"
        )
