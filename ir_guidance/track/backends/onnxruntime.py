# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime on the CPU: runs anywhere, in f32, and is what the other backends are compared with."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import BackendError, Maps, check_view, in_one_line
from ir_guidance.track.backends.weights import INPUTS, OUTPUTS, Tensors, Weights, check_tensors

REFUSALS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
"""What it raises on a model that it cannot run; they have no class of their own in common."""


class OnnxRuntimeNetwork:
    """A session whose input and output arrays are bound once and kept."""

    name = "onnxruntime f32"

    def __init__(self, weights: Weights, threads: int) -> None:
        """Load for the CPU; ``threads`` 0 is one for each core.

        Raises:
            BackendError: ONNX Runtime cannot run the model.
        """
        onnxruntime: Any = import_module("onnxruntime")
        state = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads that spin keep others off the cores: 37 ms instead of 23 beside other work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what goes wrong is raised
        try:
            session = onnxruntime.InferenceSession(
                weights.data, options, providers=["CPUExecutionProvider"]
            )
        except tuple(getattr(state, name) for name in REFUSALS) as error:
            raise BackendError(
                f"{weights.path}: ONNX Runtime cannot run it: {in_one_line(error)}"
            ) from None
        check_tensors(weights.path, _tensors(session.get_inputs()), _tensors(session.get_outputs()))
        self._session = session
        self._input = np.zeros(INPUTS["view"][1], np.uint8)
        outputs = {name: np.zeros(shape, kind) for name, (kind, shape) in OUTPUTS.items()}
        self._maps = Maps(**{name: each[0] for name, each in outputs.items()})
        self._binding = session.io_binding()
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self._binding.bind_ortvalue_input("view", value(self._input))
        for name, array in outputs.items():
            self._binding.bind_ortvalue_output(name, value(array))

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256)."""
        check_view(view)
        self._input[0] = view
        self._session.run_with_iobinding(self._binding)
        return self._maps

    def close(self) -> None:
        """Let the session go."""
        del self._binding, self._session


def _tensors(values: Any) -> Tensors:
    kinds = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
    return {each.name: (kinds.get(each.type, each.type), tuple(each.shape)) for each in values}
