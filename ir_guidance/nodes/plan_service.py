# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The planner's service: however long a search takes, no frame waits for it."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from ir_guidance.nodes import topics
from ir_guidance.plan import NoPlanError, PlanRequest, PlanSettings
from ir_guidance.plan.worker import PlanWorker, SearchTimeoutError
from ir_guidance.values import Plan
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.srv import ComputePlan

Wanted = Callable[[ComputePlan.Request], "PlanRequest | tuple[int, str]"]
"""Returns what to search for, or why nothing can be: a code of the service's and a line."""
Adopt = Callable[[Plan], PlanMsg | None]
"""Makes a plan the present one and returns its message; None while one is being followed."""


class PlanService:
    """Waits for the worker on a node and in a thread of its own: the executor of images has no time."""

    def __init__(self, planner: Node, wanted: Wanted, adopt: Adopt) -> None:
        self._wanted, self._adopt = wanted, adopt
        self._worker: PlanWorker | None = None
        self._node = Node(
            f"{planner.get_name()}_search",
            namespace=planner.get_namespace(),
            context=planner.context,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._node.create_service(ComputePlan, topics.COMPUTE_PLAN, self._answer)
        self._executor = SingleThreadedExecutor(context=planner.context)
        self._executor.add_node(self._node)
        self._thread = Thread(target=self._executor.spin, name="plan service")
        self._thread.start()

    def configure(self, settings: PlanSettings) -> None:
        """Start the process that searches."""
        self._worker = PlanWorker(settings)

    def close(self) -> None:
        """End the process that searches."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def destroy(self) -> None:
        """End the thread and take the service off the network."""
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()

    def _answer(
        self, request: ComputePlan.Request, response: ComputePlan.Response
    ) -> ComputePlan.Response:
        wanted, worker = self._wanted(request), self._worker
        if not isinstance(wanted, PlanRequest):
            response.error_code, response.message = wanted
            return response
        found: SimpleQueue[Plan | NoPlanError] = SimpleQueue()
        if worker is None or not worker.search(wanted, found.put):
            found.put(NoPlanError("the planner is closing, or another search is under way"))
        plan = found.get()
        if isinstance(plan, NoPlanError):
            late = isinstance(plan, SearchTimeoutError)
            response.error_code = response.TIMEOUT if late else response.NO_PATH
            response.message = str(plan)
            return response
        adopted = self._adopt(plan)
        if adopted is None:
            response.error_code, response.message = (
                response.BUSY,
                "an insertion has begun meanwhile",
            )
            return response
        response.error_code, response.plan = response.OK, adopted
        return response
