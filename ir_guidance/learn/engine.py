# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Building a TensorRT engine of an ONNX file, for the GPU and the TensorRT that are here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ir_guidance.learn.typed_onnx import typed_model
from ir_guidance.track.backends import BackendError, in_one_line
from ir_guidance.track.backends.cuda import find_gpu
from ir_guidance.track.backends.engine import EngineKey, engine_folder
from ir_guidance.track.backends.tensorrt import gathering_logger, tensorrt_library
from ir_guidance.track.backends.weights import Weights

WORKSPACE_BYTES = 1 << 30
"""The most memory that a kernel may ask for while the builder tries it."""


class Builder:
    """What builds engines here: the GPU first, then TensorRT, which without a driver ends the process."""

    def __init__(self) -> None:
        """Look for GPU and TensorRT.

        Raises:
            BackendError: No GPU, or no whole TensorRT; the lean runtime cannot build.
        """
        self._gpu = find_gpu()
        try:
            self._trt, lean = tensorrt_library()
        except ImportError as error:
            raise BackendError(f"{in_one_line(error)}; pip install tensorrt") from None
        if lean:
            raise BackendError("the lean runtime cannot build engines; pip install tensorrt")

    def key(self, weights: Weights, precision: str, *, portable: bool) -> EngineKey:
        """Return what an engine built here is good for."""
        gpu, version = self._gpu, str(self._trt.__version__)
        return EngineKey(
            weights.sha256, precision, gpu.name, gpu.compute_capability, version, portable
        )

    def build(self, weights: Weights, key: EngineKey) -> bytes:
        """Return the engine; takes minutes, in which the builder measures kernels.

        Raises:
            BackendError: TensorRT cannot build one, with what it said.
        """
        trt, said = self._trt, list[str]()
        logger = gathering_logger(trt, said)
        builder = trt.Builder(logger)
        network = builder.create_network(_strongly_typed(trt))
        parser = trt.OnnxParser(network, logger)
        if not parser.parse(typed_model(weights, key.precision)):
            said += [str(parser.get_error(index)) for index in range(parser.num_errors)]
            raise BackendError(f"{weights.path}: TensorRT cannot read it: {in_one_line(said)}")
        plan = builder.build_serialized_network(network, _config(trt, builder, key))
        if plan is None:
            raise BackendError(f"{weights.path}: TensorRT cannot build it: {in_one_line(said)}")
        return bytes(plan)


def kept_engine(weights: Weights, key: EngineKey) -> Path:
    """Return where ``load_network`` looks for a model's engine."""
    return engine_folder() / key.file_name(weights.path.stem)


def _strongly_typed(trt: Any) -> int:
    """Return the flag that TensorRT 10 needs and 11 takes for granted."""
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)


def _config(trt: Any, builder: Any, key: EngineKey) -> Any:
    """Return the settings: f32 means f32, and a portable engine brings no code of its own to run."""
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    config.clear_flag(trt.BuilderFlag.TF32)
    if key.portable:
        config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
        config.set_flag(trt.BuilderFlag.EXCLUDE_LEAN_RUNTIME)
    return config
