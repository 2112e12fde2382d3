# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""PyTorch: a CUDA graph on a GPU, in f16 or f32; on a CPU plain f32, to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx.numpy_helper import to_array
from torch import Tensor, nn
from torch.nn.utils import fusion

from ir_guidance.learn.network import GuidanceNetwork
from ir_guidance.track.backends import BackendError, Maps, check_view, in_one_line
from ir_guidance.track.backends.weights import INPUTS, OUTPUTS, Weights

WARM_UP = 3
"""Inferences before the capture, in which cuDNN chooses and memory is reserved."""


class TorchNetwork:
    """The network of ``learn/network.py`` with the weights of an ONNX file."""

    def __init__(self, weights: Weights, precision: str, threads: int) -> None:
        """Load on the GPU; where there is none, f32 runs on the CPU and f16 is refused.

        Threads are those of the whole process, 0 leaves them as they are.

        Raises:
            BackendError: The weights are not of this network, or the GPU cannot run it.
        """
        gpu = torch.cuda.is_available()
        if precision == "f16" and not gpu:
            raise BackendError("torch: this build finds no GPU; install the one for its driver")
        if threads:
            torch.set_num_threads(threads)
        network = network_of(weights)
        if precision == "f16":
            halve(network)
        self.name = f"torch {precision} {'cuda graph' if gpu else 'cpu'}"
        view = _kept(INPUTS["view"], gpu)
        outputs = {name: _kept(tensor, gpu) for name, tensor in OUTPUTS.items()}
        self._input: NDArray[np.uint8] = view.numpy()[0]
        self._maps = Maps(**{name: each.numpy()[0] for name, each in outputs.items()})
        try:
            self._run = (_OnGpu if gpu else _OnCpu)(network, view, list(outputs.values()))
        except RuntimeError as error:
            raise BackendError(f"{weights.path}: {self.name}: {in_one_line(error)}") from None

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256)."""
        check_view(view)
        self._input[:] = view
        self._run()
        return self._maps

    def close(self) -> None:
        """Let the network go, and the memory on the GPU with it."""
        del self._run


class _OnCpu:
    """A network run layer by layer."""

    def __init__(self, network: nn.Module, view: Tensor, outputs: list[Tensor]) -> None:
        self._network, self._view, self._outputs = network, view, outputs

    @torch.inference_mode()
    def __call__(self) -> None:
        for kept, found in zip(self._outputs, self._network(self._view), strict=True):
            kept.copy_(found)


class _OnGpu:
    """A network recorded once as a CUDA graph; each call is two copies and a replay on one stream."""

    @torch.inference_mode()
    def __init__(self, network: nn.Module, view: Tensor, outputs: list[Tensor]) -> None:
        self._view, self._outputs = view, outputs
        self._view_there = torch.zeros_like(view, device="cuda")
        network.to("cuda").to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._graph = torch.cuda.CUDAGraph()
        # Neither timing (benchmark) nor TF32: the same algorithms, and so the same numbers, each run.
        with torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                for _ in range(WARM_UP):
                    network(self._view_there)
            self._stream.synchronize()
            with torch.cuda.graph(self._graph, stream=self._stream):
                self._found = network(self._view_there)

    @torch.inference_mode()
    def __call__(self) -> None:
        with torch.cuda.stream(self._stream):
            self._view_there.copy_(self._view, non_blocking=True)
            self._graph.replay()
            for kept, found in zip(self._outputs, self._found, strict=True):
                kept.copy_(found, non_blocking=True)
        self._stream.synchronize()


def _kept(tensor: tuple[str, tuple[int, ...]], pinned: bool) -> Tensor:
    """Return a tensor on the host; what is pinned is copied to and from the GPU without a detour."""
    kind, shape = tensor
    return torch.zeros(shape, dtype=getattr(torch, kind), pin_memory=pinned)


def halve(network: GuidanceNetwork) -> None:
    """Make a network run in f16 from its first convolution on; what it takes and gives stays as it is."""
    network.half()
    network.enter.register_forward_pre_hook(lambda _, inputs: (inputs[0].half(),))


def network_of(weights: Weights) -> GuidanceNetwork:
    """Return the network with an exported file's weights.

    The exporter has folded each normalisation into the convolution before it, and keeps the order
    in which the network runs its layers, which is that in which it declares them.
    """
    network = GuidanceNetwork().eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            _fold(module)
    names = [n for n, each in network.named_modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    try:
        graph = onnx.load_model_from_string(weights.data).graph
        values = {each.name: torch.tensor(to_array(each)) for each in graph.initializer}
        layers = [node.input for node in graph.node if node.op_type in ("Conv", "Gemm")]
        state: dict[str, Tensor] = {}
        for name, (_, kernel, bias) in zip(names, layers, strict=True):
            state |= {f"{name}.weight": values[kernel], f"{name}.bias": values[bias]}
        network.load_state_dict(state)
    except (ValueError, KeyError, RuntimeError, DecodeError):
        raise BackendError(
            f"{weights.path}: holds other layers than this version's network; export it again"
        ) from None
    return network


def _fold(layers: nn.Sequential) -> None:
    """Replace each convolution that is followed by its normalisation by both in one."""
    for index in range(len(layers) - 1):
        first, second = layers[index], layers[index + 1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            layers[index] = fusion.fuse_conv_bn_eval(first, second)
            layers[index + 1] = nn.Identity()
