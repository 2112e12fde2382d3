# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""TensorRT 10 and 11, whole or lean: an engine run as one CUDA graph, upload to download."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import BackendError, Maps, check_view, in_one_line
from ir_guidance.track.backends.cuda import Cuda, CudaError, Gpu, find_gpu
from ir_guidance.track.backends.engine import SUFFIX, EngineKey, engine_folder, read_engine
from ir_guidance.track.backends.weights import (
    INPUTS,
    OUTPUTS,
    Tensors,
    Weights,
    check_tensors,
    read_weights,
)

LIBRARIES = {"tensorrt": False, "tensorrt_lean": True, "tensorrt_lean_bindings": True}
"""Modules that may be installed, best first, and whether each is the lean runtime."""


def open_tensorrt(model: Path, precision: str) -> TensorRtNetwork:
    """Return the network of an engine file, or of the engine that was built of an ONNX file.

    Raises:
        BackendError: No GPU, no engine, or one that cannot run here.
        ImportError: No TensorRT.
    """
    gpu = find_gpu()  # first: without a driver TensorRT ends the process
    trt, lean = tensorrt_library()
    path = model
    if model.suffix != SUFFIX:
        path = _engine_of(read_weights(model), precision, gpu, trt.__version__, lean=lean)
    data, key = read_engine(path, gpu, trt.__version__, lean=lean)
    try:
        cuda = Cuda()
    except CudaError as error:
        raise BackendError(f"{gpu.name}: {error}") from None
    try:
        return TensorRtNetwork(path, data, key, trt, cuda)
    except (BackendError, CudaError) as error:
        cuda.close()
        raise BackendError(str(error)) from None


def tensorrt_library() -> tuple[Any, bool]:
    """Return the module of TensorRT, or of its lean runtime, and whether it is the lean one.

    Raises:
        ImportError: There is neither.
    """
    for name, lean in LIBRARIES.items():
        if find_spec(name) is not None:
            return import_module(name), lean
    raise ImportError("neither TensorRT nor its lean runtime is installed")


def _engine_of(weights: Weights, precision: str, gpu: Gpu, tensorrt: str, *, lean: bool) -> Path:
    """Return the kept engine of a model, one for this very TensorRT before a portable one."""
    for portable in (True,) if lean else (False, True):
        key = EngineKey(
            weights.sha256, precision, gpu.name, gpu.compute_capability, tensorrt, portable
        )
        path = engine_folder() / key.file_name(weights.path.stem)
        if path.exists():
            return path
    raise BackendError(
        f"{weights.path}: no {precision} engine for {gpu.name} and TensorRT {tensorrt}; "
        f"run ir-guidance build-engine --model {weights.path} --precision {precision}"
    )


class TensorRtNetwork:
    """An engine with its memory on the GPU, and pinned memory here for what goes in and comes out."""

    def __init__(self, path: Path, data: bytes, key: EngineKey, trt: Any, cuda: Cuda) -> None:
        """Load the engine and record one run of it.

        Raises:
            BackendError: TensorRT refuses the engine, or it is not this network's.
            CudaError: The GPU has no room.
        """
        said: list[str] = []
        self._cuda = cuda
        self._runtime = trt.Runtime(gathering_logger(trt, said))
        self._engine = self._runtime.deserialize_cuda_engine(data)
        if self._engine is None:
            raise BackendError(f"{path}: TensorRT refuses it: {' '.join(said)[:300]}")
        modes = trt.TensorIOMode
        check_tensors(path, self._tensors(trt, modes.INPUT), self._tensors(trt, modes.OUTPUT))
        self._context = self._engine.create_execution_context()
        self._arrays, self._addresses = {}, {}
        for name, (kind, shape) in (INPUTS | OUTPUTS).items():
            array = cuda.pinned(shape, kind)
            self._arrays[name], self._addresses[name] = array, cuda.reserve(array.nbytes)
            self._context.set_tensor_address(name, self._addresses[name])
        self._maps = Maps(**{name: self._arrays[name][0] for name in OUTPUTS})
        self._run, how = self._recorded()
        self.name = f"tensorrt {key.precision}{how}"

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256)."""
        check_view(view)
        self._arrays["view"][0] = view
        self._cuda.use()
        self._run()
        self._cuda.wait()
        return self._maps

    def close(self) -> None:
        """Give the GPU's memory back, and the pinned memory that the maps lie in."""
        del self._run, self._context, self._engine, self._runtime
        self._cuda.close()

    def _recorded(self) -> tuple[Callable[[], None], str]:
        """Return one run as a CUDA graph, or plain where the engine holds what cannot be recorded."""
        self._enqueue()  # the first run reserves what must not be reserved during a capture
        self._cuda.wait()
        try:
            return self._cuda.capture(self._enqueue), " cuda graph"
        except CudaError:
            return self._enqueue, ""

    def _enqueue(self) -> None:
        for name in INPUTS:
            self._cuda.upload(self._arrays[name], self._addresses[name])
        if not self._context.execute_async_v3(self._cuda.stream):
            raise CudaError("TensorRT did not run the engine")
        for name in OUTPUTS:
            self._cuda.download(self._addresses[name], self._arrays[name])

    def _tensors(self, trt: Any, mode: Any) -> Tensors:
        engine = self._engine
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        return {
            name: (
                np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name,
                tuple(engine.get_tensor_shape(name)),
            )
            for name in names
            if engine.get_tensor_mode(name) == mode
        }


def gathering_logger(trt: Any, said: list[str]) -> Any:
    """Return a logger that keeps errors for the one line in which they are reported."""

    class Gathering(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                said.append(in_one_line(message))

    return Gathering()
