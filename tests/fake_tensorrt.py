# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A CUDA driver and a TensorRT in host memory, to try what uses them on a machine without a GPU.

Work that is enqueued runs when the stream is waited for and not before; work that is captured runs
when its graph is launched; memory that is not there cannot be used. An engine is an ONNX file after
a mark, run by ONNX Runtime at the addresses that it was given.
"""

# ruff: noqa: N802, N815
# Names are those of CUDA.

from __future__ import annotations

import ctypes
import types
from importlib.machinery import ModuleSpec

import numpy as np
import onnxruntime

MARK = b"engine:"
INVALID, UNSUPPORTED = 1, 900


class FakeDriver:
    """The functions of libcuda that are used, with the status that each returns."""

    def __init__(self):
        self.blocks, self.graphs = {}, {}
        self.waiting, self.recording = [], None
        self.launched = 0
        self.can_capture = True

    def enqueue(self, work):
        (self.waiting if self.recording is None else self.recording).append(work)
        return 0

    def cuInit(self, flags):
        return 0

    def cuDeviceGetCount(self, count):
        count._obj.value = 1
        return 0

    def cuDeviceGet(self, device, ordinal):
        return 0

    def cuDeviceGetName(self, name, size, device):
        name.value = b"NVIDIA H200"
        return 0

    def cuDeviceGetAttribute(self, number, attribute, device):
        number._obj.value = {75: 9, 76: 0}[attribute]
        return 0

    def cuDevicePrimaryCtxRetain(self, context, device):
        context._obj.value = 7
        return 0

    def cuDevicePrimaryCtxRelease_v2(self, device):
        return 0

    def cuCtxSetCurrent(self, context):
        return 0 if context.value == 7 else INVALID

    def cuStreamCreate(self, stream, flags):
        stream._obj.value = 11
        return 0

    def cuStreamDestroy_v2(self, stream):
        return 0

    def cuMemAlloc_v2(self, address, size):
        block = ctypes.create_string_buffer(size.value)
        address._obj.value = ctypes.addressof(block)
        self.blocks[address._obj.value] = block
        return 0

    cuMemAllocHost_v2 = cuMemAlloc_v2

    def cuMemFree_v2(self, address):
        return 0 if self.blocks.pop(address.value, None) else INVALID

    cuMemFreeHost = cuMemFree_v2

    def cuMemcpyHtoDAsync_v2(self, there, here, size, stream):
        return self._copy(there.value, here.value, size.value)

    def cuMemcpyDtoHAsync_v2(self, here, there, size, stream):
        return self._copy(here.value, there.value, size.value)

    def _copy(self, to, source, size):
        if not {to, source} <= self.blocks.keys():
            return INVALID
        return self.enqueue(lambda: ctypes.memmove(to, source, size))

    def cuStreamBeginCapture_v2(self, stream, mode):
        self.recording = []
        return 0

    def cuStreamEndCapture(self, stream, graph):
        recorded, self.recording = self.recording, None
        graph._obj.value = len(self.graphs) + 1
        self.graphs[graph._obj.value] = recorded
        return 0 if self.can_capture else UNSUPPORTED

    def cuGraphInstantiateWithFlags(self, ready, graph, flags):
        ready._obj.value = graph.value
        return 0

    def cuGraphDestroy(self, graph):
        return 0

    def cuGraphExecDestroy(self, ready):
        return 0 if self.graphs.pop(ready.value, None) else INVALID

    def cuGraphLaunch(self, ready, stream):
        self.launched += 1
        self.waiting += self.graphs[ready.value]
        return 0

    def cuStreamSynchronize(self, stream):
        if self.recording is not None:
            return UNSUPPORTED
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()
        return 0


class Logger:
    """What TensorRT says goes to a subclass of this."""

    Severity = types.SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2)


class Engine:
    """An engine, and the one context it is run in."""

    def __init__(self, driver, data):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(data, options)
        self._values = [*self._session.get_inputs(), *self._session.get_outputs()]
        self._driver, self._addresses = driver, {}
        self.num_io_tensors = len(self._values)

    def get_tensor_name(self, index):
        return self._values[index].name

    def _value(self, name):
        return next(each for each in self._values if each.name == name)

    def get_tensor_mode(self, name):
        return "in" if self._value(name) in self._session.get_inputs() else "out"

    def get_tensor_dtype(self, name):
        return self._value(name).type

    def get_tensor_shape(self, name):
        return self._value(name).shape

    def create_execution_context(self):
        return self

    def set_tensor_address(self, name, address):
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream):
        return stream == 11 and not self._driver.enqueue(self._run)

    def _at(self, value):
        kind, size = nptype(value.type), int(np.prod(value.shape))
        held = ctypes.c_ubyte * (size * np.dtype(kind).itemsize)
        array = np.ctypeslib.as_array(held.from_address(self._addresses[value.name]))
        return array.view(kind).reshape(value.shape)

    def _run(self):
        view, outputs = self._values[0], self._values[1:]
        found = self._session.run([each.name for each in outputs], {view.name: self._at(view)})
        for value, array in zip(outputs, found, strict=True):
            self._at(value)[:] = array


def nptype(kind):
    """Return numpy's type for an element type."""
    return {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}[kind]


class Parser:
    """Reads ONNX into a network, which here is the file itself."""

    def __init__(self, network, logger):
        self._network = network
        self.num_errors = 0

    def parse(self, data):
        self._network.append(data)
        return True


class Config:
    """The builder's settings, as they were made."""

    def __init__(self):
        self.flags = set()

    def set_memory_pool_limit(self, pool, size):
        assert size > 0

    def set_flag(self, flag):
        self.flags.add(flag)

    def clear_flag(self, flag):
        self.flags.discard(flag)


class Builder:
    """Builds an engine of a network, and remembers how it was asked to."""

    asked: list[tuple[int, frozenset[str]]]

    def __init__(self, logger):
        self._flags = 0

    def create_network(self, flags):
        self._flags = flags
        return []

    def create_builder_config(self):
        return Config()

    def build_serialized_network(self, network, config):
        Builder.asked.append((self._flags, frozenset(config.flags)))
        return MARK + network[0]


def fake_tensorrt(driver, version="11.4.0.106"):
    """Return a module that stands for TensorRT."""

    class Runtime:
        def __init__(self, logger):
            self._logger = logger

        def deserialize_cuda_engine(self, data):
            if not data.startswith(MARK):
                self._logger.log(Logger.Severity.WARNING, "a warning")
                self._logger.log(Logger.Severity.ERROR, "magic tag\n does not match")
                return None
            return Engine(driver, data[len(MARK) :])

    module = types.ModuleType("tensorrt")
    module.__spec__, module.__version__ = ModuleSpec("tensorrt", None), version
    module.ILogger, module.Runtime, module.nptype = Logger, Runtime, nptype
    module.TensorIOMode = types.SimpleNamespace(INPUT="in", OUTPUT="out")
    module.MemoryPoolType = types.SimpleNamespace(WORKSPACE="workspace")
    module.NetworkDefinitionCreationFlag = types.SimpleNamespace(STRONGLY_TYPED=1)
    flags = ("TF32", "VERSION_COMPATIBLE", "EXCLUDE_LEAN_RUNTIME")
    module.BuilderFlag = types.SimpleNamespace(**{flag: flag for flag in flags})
    module.Builder, module.OnnxParser = Builder, Parser
    Builder.asked = []
    return module
