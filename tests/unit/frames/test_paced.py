# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Streaming at the pace of the recording, against a clock of the test's own."""

import pytest

from ir_guidance.frames import SourceError, SourceOptions, open_source, paced

NS_PER_MS = 1_000_000


class _Clock:
    """Steady time that passes only while someone waits, or as told."""

    def __init__(self):
        self.steady_ns = 5_000 * NS_PER_MS
        self.stop_at_ns = None

    def now_ns(self):
        return self.steady_ns

    def wall_ns(self):
        return self.steady_ns + 10**18

    def wait(self, seconds):
        self.steady_ns += round(seconds * 1e9)
        return self.stop_at_ns is not None and self.steady_ns >= self.stop_at_ns


@pytest.fixture
def clock():
    return _Clock()


def recorded(samples, *stamps_s):
    return samples.mha(
        images=[samples.image(i) for i in range(len(stamps_s))],
        fields=[{"Timestamp": str(stamp)} for stamp in stamps_s],
    )


def stream(path, clock, **options):
    source = open_source(str(path), SourceOptions(**options))
    return paced(source, clock.now_ns, clock.wall_ns, clock.wait)


def test_frames_come_when_they_were_recorded_stamped_with_that_moment(samples, clock):
    found = list(stream(recorded(samples, 10.0, 10.1, 10.4), clock))
    steady_ms = [grab.frame.acquired_steady_ns // NS_PER_MS for grab in found]
    assert steady_ms == [5000, 5100, 5400]
    assert [grab.frame.stamp_ns - 10**18 for grab in found] == [ms * NS_PER_MS for ms in steady_ms]


def test_after_a_late_frame_the_pace_goes_on_without_a_burst(samples, clock):
    steady_ms = []
    for grab in stream(recorded(samples, 0.0, 0.1, 0.2, 0.3, 0.4), clock):
        steady_ms.append(grab.frame.acquired_steady_ns // NS_PER_MS)
        if grab.frame.sequence == 1:
            clock.steady_ns += 350 * NS_PER_MS
    assert steady_ms == [5000, 5100, 5450, 5550, 5650]


def test_a_delay_of_less_than_a_period_is_caught_up(samples, clock):
    steady_ms = []
    for grab in stream(recorded(samples, 0.0, 0.1, 0.2), clock):
        steady_ms.append(grab.frame.acquired_steady_ns // NS_PER_MS)
        if grab.frame.sequence == 0:
            clock.steady_ns += 130 * NS_PER_MS
    assert steady_ms == [5000, 5130, 5200]


def test_streaming_ends_when_told(samples, clock):
    clock.stop_at_ns = 5_250 * NS_PER_MS
    found = list(stream(recorded(samples, 0.0, 0.1, 0.2, 0.3), clock, loop=True))
    assert [grab.frame.sequence for grab in found] == [0, 1, 2]


def test_looping_keeps_the_pace_and_counts_on(samples, clock):
    clock.stop_at_ns = 5_850 * NS_PER_MS
    found = list(stream(recorded(samples, 0.0, 0.1, 0.2), clock, loop=True))
    assert [grab.frame.sequence for grab in found] == list(range(9))
    assert found[8].frame.acquired_steady_ns // NS_PER_MS == 5800


def test_a_broken_place_stops_the_stream_with_an_error(samples, clock):
    path = samples.dicom(NumberOfFrames=7)
    with pytest.raises(SourceError):
        list(stream(path, clock))
