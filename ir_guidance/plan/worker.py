# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A process of its own for the search: however long it takes, no frame waits for it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Thread

from ir_guidance.plan.no_go import NoGo
from ir_guidance.plan.request import NoPlanError, PlanRequest
from ir_guidance.plan.search import plan
from ir_guidance.plan.settings import PlanSettings
from ir_guidance.values import Plan

LONGEST_S = 0.5  # a search that takes longer is ended (FAULTS C1)
LONGEST_START_S = 20.0  # a new interpreter and its imports


class SearchTimeoutError(NoPlanError):
    """The search took too long and was ended."""


class PlanWorker:
    """Searches in a process that ends with ours, whatever ends us: its pipe breaks."""

    def __init__(self, settings: PlanSettings) -> None:
        """Start the process and wait until it is ready to search."""
        self._settings = settings
        self._thread: Thread | None = None
        self._start()

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, self._settings), daemon=True)
        self._process.start()
        self._no_go: NoGo | None = None
        theirs.close()
        if not self._pipe.poll(LONGEST_START_S):
            raise TimeoutError(f"the planner's worker did not start within {LONGEST_START_S:.0f} s")
        self._pipe.recv()

    def search(self, request: PlanRequest, done: Callable[[Plan | NoPlanError], None]) -> bool:
        """Start a search and call ``done`` from another thread when it ends; False while one runs."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = Thread(target=self._search, args=(request, done), name="plan")
        self._thread.start()
        return True

    def _search(self, request: PlanRequest, done: Callable[[Plan | NoPlanError], None]) -> None:
        try:
            self._hand_over(request.no_go)
            self._pipe.send(replace(request, no_go=None))
            if self._pipe.poll(LONGEST_S):
                done(self._pipe.recv())
                return
            fault = f"the search took longer than {LONGEST_S * 1e3:.0f} ms and was ended"
        except (EOFError, OSError) as error:
            fault = f"the planner's worker ended: {type(error).__name__}"
        done(SearchTimeoutError(fault))
        self._end()
        self._start()

    def _hand_over(self, no_go: NoGo | None) -> None:
        """Send the labelled structures, tens of megabytes, only when they are others than before."""
        if no_go is not self._no_go:
            self._pipe.send(("no-go", no_go))
            self._no_go = no_go

    def close(self) -> None:
        """End the process."""
        if self._thread is not None:
            self._thread.join()
        self._end()

    def _end(self) -> None:
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _serve(pipe: Connection, settings: PlanSettings) -> None:
    """Answer requests until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; our parent ends us
    pipe.send("ready")
    no_go: NoGo | None = None
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        if not isinstance(asked, PlanRequest):
            _, no_go = asked
            continue
        try:
            pipe.send(plan(replace(asked, no_go=no_go), settings))
        except NoPlanError as error:
            pipe.send(error)
