# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO, the default on a CPU; the precision is always set, for its own choice depends on the CPU."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import BackendError, Maps, check_view, in_one_line
from ir_guidance.track.backends.weights import INPUTS, OUTPUTS, Tensors, Weights, check_tensors


class OpenVinoNetwork:
    """One inference request whose input and output arrays are made once and kept."""

    def __init__(self, weights: Weights, precision: str, threads: int) -> None:
        """Compile for the CPU; ``precision`` is f32 or bf16, ``threads`` 0 is one for each core.

        Raises:
            BackendError: OpenVINO cannot run the model.
        """
        openvino = _library()
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "ENABLE_CPU_PINNING": "NO",  # beside other work, pinned threads take twice as long
        }
        if threads:
            options["INFERENCE_NUM_THREADS"] = str(threads)
        try:
            model = openvino.Core().read_model(weights.data)
            check_tensors(weights.path, _tensors(model.inputs), _tensors(model.outputs))
            compiled = openvino.Core().compile_model(model, "CPU", options)
        except RuntimeError as error:
            raise BackendError(
                f"{weights.path}: OpenVINO cannot run it: {in_one_line(error)}"
            ) from None
        found = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if found != precision:
            raise BackendError(f"openvino-{precision}: this CPU runs {found}; ask for openvino")
        self.name = f"openvino {precision}"
        self._input = np.zeros(INPUTS["view"][1], np.uint8)
        outputs = {name: np.zeros(shape, kind) for name, (kind, shape) in OUTPUTS.items()}
        self._maps = Maps(**{name: each[0] for name, each in outputs.items()})
        self._request = compiled.create_infer_request()
        for name, array in {"view": self._input, **outputs}.items():
            self._request.set_tensor(name, openvino.Tensor(array, shared_memory=True))

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256)."""
        check_view(view)
        self._input[0] = view
        self._request.infer(
            None, share_outputs=True
        )  # in this thread: waking another takes as long
        return self._maps

    def close(self) -> None:
        """Let the request go."""
        del self._request


def _library() -> Any:
    """Import OpenVINO as where its telemetry is not installed: otherwise the import itself reports home."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module("openvino")


def _tensors(ports: Any) -> Tensors:
    return {port.any_name: (port.element_type.to_dtype().name, tuple(port.shape)) for port in ports}
