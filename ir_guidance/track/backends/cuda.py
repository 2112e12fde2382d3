# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The CUDA driver by ctypes: no package to install, and its library is there wherever a GPU works.

Functions, versions of their names and constants are those of cuda.h (CUDA 12 and 13).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_int, c_size_t, c_uint, c_ulonglong, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import BackendError

LIBRARY = "libcuda.so.1"
NAME_BYTES = 128
COMPUTE_CAPABILITY = (75, 76)
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""
NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: no waiting for the default stream."""
THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads may use CUDA during a capture."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """The first GPU: what an engine is built for."""

    name: str
    compute_capability: str


class CudaError(RuntimeError):
    """The driver refused a call; most of these last until the process ends."""


def driver() -> Any:
    """Return NVIDIA's driver library, initialised, on a machine with a GPU.

    Raises:
        BackendError: There is no driver, or no GPU that answers.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        raise BackendError(f"no NVIDIA driver ({LIBRARY}); install it, or use openvino") from None
    count = c_int(0)
    if library.cuInit(0) or library.cuDeviceGetCount(byref(count)) or not count.value:
        raise BackendError("an NVIDIA driver, and no GPU that works: nvidia-smi says why")
    return library


def find_gpu() -> Gpu:
    """Return the first GPU.

    Raises:
        BackendError: There is none that works.
    """
    library = driver()
    name, device = ctypes.create_string_buffer(NAME_BYTES), c_int(0)
    library.cuDeviceGet(byref(device), 0)
    library.cuDeviceGetName(name, NAME_BYTES, device)
    numbers = [c_int(0) for _ in COMPUTE_CAPABILITY]
    for number, attribute in zip(numbers, COMPUTE_CAPABILITY, strict=True):
        library.cuDeviceGetAttribute(byref(number), attribute, device)
    return Gpu(name.value.decode(errors="replace"), f"{numbers[0].value}.{numbers[1].value}")


class Cuda:
    """One stream of the first GPU, and the memory that goes with it; freed by ``close``."""

    def __init__(self) -> None:
        """Join the context that CUDA's other users in this process share.

        Raises:
            BackendError: No GPU works.
            CudaError: It has no room.
        """
        self._library = driver()
        self._device, self._context, self._stream = c_int(0), c_void_p(), c_void_p()
        self._there: list[c_ulonglong] = []
        self._pinned: list[c_void_p] = []
        self._graphs: list[c_void_p] = []
        self._call("cuDeviceGet", byref(self._device), 0)
        self._call("cuDevicePrimaryCtxRetain", byref(self._context), self._device)
        self.use()
        self._call("cuStreamCreate", byref(self._stream), c_uint(NON_BLOCKING))

    @property
    def stream(self) -> int:
        """The stream's handle, for libraries that enqueue on it."""
        return self._stream.value or 0

    def use(self) -> None:
        """Make the calling thread one that uses this GPU."""
        self._call("cuCtxSetCurrent", self._context)

    def reserve(self, size: int) -> int:
        """Return the address of so many bytes on the GPU."""
        address = c_ulonglong(0)
        self._call("cuMemAlloc_v2", byref(address), c_size_t(size))
        self._there.append(address)
        return address.value

    def pinned(self, shape: tuple[int, ...], kind: str) -> NDArray[Any]:
        """Return an array of zeros in host memory that the GPU reads and writes by itself."""
        size, address = int(np.prod(shape)) * np.dtype(kind).itemsize, c_void_p()
        self._call("cuMemAllocHost_v2", byref(address), c_size_t(size))
        self._pinned.append(address)
        held = (ctypes.c_ubyte * size).from_address(address.value or 0)
        array: NDArray[Any] = np.ctypeslib.as_array(held).view(kind).reshape(shape)
        array[:] = 0
        return array

    def upload(self, array: NDArray[Any], address: int) -> None:
        """Enqueue a copy of a pinned array to the GPU."""
        here, size = c_void_p(array.ctypes.data), c_size_t(array.nbytes)
        self._call("cuMemcpyHtoDAsync_v2", c_ulonglong(address), here, size, self._stream)

    def download(self, address: int, array: NDArray[Any]) -> None:
        """Enqueue a copy from the GPU into a pinned array."""
        here, size = c_void_p(array.ctypes.data), c_size_t(array.nbytes)
        self._call("cuMemcpyDtoHAsync_v2", here, c_ulonglong(address), size, self._stream)

    def wait(self) -> None:
        """Wait until all that was enqueued is done."""
        self._call("cuStreamSynchronize", self._stream)

    def capture(self, work: Callable[[], None]) -> Callable[[], None]:
        """Record what ``work`` enqueues, without running it; return what replays it in one call.

        Raises:
            CudaError: The work holds something that cannot be recorded.
        """
        graph, ready = c_void_p(), c_void_p()
        self._call("cuStreamBeginCapture_v2", self._stream, c_int(THREAD_LOCAL))
        try:
            work()
        finally:
            status = self._library.cuStreamEndCapture(self._stream, byref(graph))
        self._checked("cuStreamEndCapture", status)
        self._call("cuGraphInstantiateWithFlags", byref(ready), graph, c_ulonglong(0))
        self._call("cuGraphDestroy", graph)
        self._graphs.append(ready)
        return lambda: self._call("cuGraphLaunch", ready, self._stream)

    def close(self) -> None:
        """Free everything, and leave the shared context."""
        self.use()
        for graph in self._graphs:
            self._call("cuGraphExecDestroy", graph)
        for there in self._there:
            self._call("cuMemFree_v2", there)
        for here in self._pinned:
            self._call("cuMemFreeHost", here)
        self._call("cuStreamDestroy_v2", self._stream)
        self._call("cuDevicePrimaryCtxRelease_v2", self._device)

    def _call(self, function: str, *arguments: Any) -> None:
        self._checked(function, getattr(self._library, function)(*arguments))

    def _checked(self, function: str, status: int) -> None:
        if status:
            raise CudaError(f"{function}: CUDA error {status}")
