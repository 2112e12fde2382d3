# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A model as a strongly typed TensorRT wants it: every precision written into the graph.

TensorRT 11 has no flag that lets it choose half precision by itself, and neither 10 nor 11 computes
on bytes: a byte input must become a float at once.
"""

from __future__ import annotations

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto, NodeProto, TensorProto, helper, load_model_from_string, numpy_helper

from ir_guidance.track.backends import BackendError
from ir_guidance.track.backends.weights import INPUTS, Weights

IN_HALF = ("Relu", "Add", "Concat", "Resize")
"""What runs in f16 behind a convolution, which does too; what sums over a whole map stays in f32."""

VALUES = {"Resize": (0,)}
"""Which inputs are of the type that a node computes in, where not all of them are."""


def typed_model(weights: Weights, precision: str) -> bytes:
    """Return the ONNX to build of: f32, or f16 from the first convolution to the maps.

    The normalisation before the first convolution, the flags and every output are f32 in both.

    Raises:
        BackendError: The file is no ONNX model.
    """
    try:
        model = load_model_from_string(weights.data)
    except DecodeError as error:
        raise BackendError(f"{weights.path}: not ONNX: {error}") from None
    _widen_input(model)
    if precision == "f16":
        _halve(model)
    return bytes(model.SerializeToString())


def _widen_input(model: ModelProto) -> None:
    """Make the bytes floats before anything else is done with them."""
    (name,) = INPUTS
    for node in model.graph.node:
        node.input[:] = [f"{name}_f32" if each == name else each for each in node.input]
    model.graph.node.insert(0, _cast(name, f"{name}_f32", TensorProto.FLOAT))


def _halve(model: ModelProto) -> None:
    """Run what lies behind the first convolution in f16, with casts where it begins and ends."""
    graph = model.graph
    constants = {each.name: each for each in graph.initializer}
    halves: set[str] = set()
    made: set[str] = set()
    nodes: list[NodeProto] = []

    def as_type(name: str, kind: int) -> str:
        """Return the name of a value in another type, made where it is first asked for."""
        wanted = f"{name}_{'f16' if kind == TensorProto.FLOAT16 else 'f32'}"
        if wanted not in made:
            made.add(wanted)
            if name in constants:
                array = numpy_helper.to_array(constants[name]).astype(np.float16)
                graph.initializer.append(numpy_helper.from_array(array, wanted))
            else:
                nodes.append(_cast(name, wanted, kind))
        return wanted

    for node in graph.node:
        inputs = list(node.input)
        half = node.op_type == "Conv" or (node.op_type in IN_HALF and not halves.isdisjoint(inputs))
        for index, name in enumerate(inputs):
            if half and index in VALUES.get(node.op_type, range(len(inputs))):
                node.input[index] = name if name in halves else as_type(name, TensorProto.FLOAT16)
            elif name in halves and node.op_type != "Cast":
                node.input[index] = as_type(name, TensorProto.FLOAT)
        if half:
            halves.update(node.output)
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]  # types that are no longer so


def _cast(source: str, name: str, kind: int) -> NodeProto:
    return helper.make_node("Cast", [source], [name], name=f"{name}_cast", to=kind)
