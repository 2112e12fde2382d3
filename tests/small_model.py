# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Models of the network's contract with random weights, for tests of what runs them."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

OPSET = 18
WIDTH = 8


def small_model(*, cells: int = 128, before_places: str = "Identity") -> ModelProto:
    """Return two convolutions with the inputs and outputs of the network.

    ``before_places`` is an operator of one input through which the places go.
    """
    random = np.random.default_rng(0)
    weights = {
        "full": np.array(255.0),
        "first": random.normal(size=(WIDTH, 5, 3, 3)) / 6,
        "second": random.normal(size=(5, WIDTH, 1, 1)),
        "third": random.normal(size=(WIDTH, 3)),
    }
    stride = 256 // cells
    nodes = [
        ("Cast", ["view"], ["bytes"], {"to": TensorProto.FLOAT}),
        ("Div", ["bytes", "full"], ["x"], {}),
        ("Conv", ["x", "first"], ["y"], {"strides": [stride] * 2, "pads": [1] * 4}),
        ("Relu", ["y"], ["z"], {}),
        ("Conv", ["z", "second"], ["maps"], {}),
        ("Split", ["maps", "parts"], ["where", "shaft"], {"axis": 1}),
        (before_places, ["where"], ["places"], {}),
        ("GlobalAveragePool", ["z"], ["mean"], {}),
        ("Flatten", ["mean"], ["flat"], {}),
        ("MatMul", ["flat", "third"], ["flags"], {}),
    ]
    constants = {name: each.astype(np.float32) for name, each in weights.items()}
    constants["parts"] = np.array([2, 3])
    shapes = {"places": (1, 2, cells, cells), "shaft": (1, 3, cells, cells), "flags": (1, 3)}
    graph = helper.make_graph(
        [helper.make_node(kind, i, o, name=o[0], **more) for kind, i, o, more in nodes],
        "small",
        [helper.make_tensor_value_info("view", TensorProto.UINT8, (1, 5, 256, 256))],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [numpy_helper.from_array(each, name) for name, each in constants.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9)


def written(data: bytes, path: Path) -> Path:
    """Write a model and its card; return its path."""
    path.write_bytes(data)
    card = {"sha256": hashlib.sha256(data).hexdigest(), "architecture": "GuidanceNetwork"}
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def exported_network(path: Path) -> Path:
    """Write the network itself, with random weights, as training's export does."""
    import torch

    from ir_guidance.learn.network import GuidanceNetwork

    torch.manual_seed(0)
    network = GuidanceNetwork()
    views = torch.randint(0, 256, (2, 5, 256, 256), dtype=torch.uint8)
    with torch.no_grad():
        network(views)  # so that every normalisation has statistics of its own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (views[:1],),
            str(path),
            input_names=["view"],
            output_names=["places", "shaft", "flags"],
            opset_version=OPSET,
            dynamo=False,
        )
    return written(path.read_bytes(), path)
