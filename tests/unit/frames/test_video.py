# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Video files, and streams from an address."""

import functools
import http.server
import threading

import numpy as np
import pytest

from ir_guidance.frames import SourceOptions, open_source


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv"])
def test_every_frame_comes_once_in_order_at_the_rate_of_the_file(samples, suffix):
    source = open_source(str(samples.mp4(f"run.{suffix}", rate_hz=12.5)))
    frames = list(source)
    assert [samples.index(frame.pixels) for frame in frames] == [0, 1, 2, 3, 4]
    assert source.rate_hz == pytest.approx(12.5)
    assert [frame.stamp_ns for frame in frames] == [i * 80_000_000 for i in range(5)]
    assert not source.live


def test_iterating_again_begins_at_the_start(samples):
    source = open_source(str(samples.mp4()))
    assert len(list(source)) == len(list(source)) == 5


@pytest.fixture
def address(samples, monkeypatch):
    """Return the address of a video on a server of this test's own."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    samples.mp4("run.avi")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(samples.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://user:secret@127.0.0.1:{server.server_port}/run.avi"
        finally:
            server.shutdown()
            thread.join()


def test_an_address_is_live_and_stamped_as_frames_come(samples, address):
    with open_source(address, SourceOptions(rate_hz=5.0)) as source:
        grabs = list(source.grabs())
        assert source.live
        assert source.count is None
    assert [samples.index(grab.frame.pixels) for grab in grabs] == [0, 1, 2, 3, 4]
    assert (np.diff([grab.frame.acquired_steady_ns for grab in grabs]) > 0).all()
    assert grabs[0].frame.acquired_steady_ns != 0


def test_a_password_in_an_address_is_not_shown(address):
    with open_source(address) as source:
        assert "secret" not in source.description
        assert "secret" not in next(source.grabs()).file
