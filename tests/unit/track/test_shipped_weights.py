# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The weights that are shipped, on fresh scenes and on real images; ``pytest -rP`` shows the figures.

Short runs with bounds that a damaged or a worse set of weights breaks; docs/evaluation.md has the long ones.
"""

import numpy as np
import pytest

from ir_guidance.learn.evaluate import Judgement, judge
from ir_guidance.learn.labelled import labelled_folder
from ir_guidance.learn.sequences import simulated_cases
from ir_guidance.track import make_tracker
from ir_guidance.values import Modality

FRAMES, SEQUENCES, SEED = 20, 6, 404


def judged(cases, modality):
    judgement = Judgement()
    for each in judge(cases, make_tracker("onnxruntime", modality, threads=1)):
        judgement.add(each)
    summary = judgement.summary("onnxruntime")
    print({name: value for name, value in summary.items() if not isinstance(value, dict)})
    return summary


@pytest.mark.parametrize(
    ("modality", "unit", "median", "p95", "alarms"),
    # By X-rays a lead that ends in the field is still taken for a needle where there is none.
    [(Modality.ULTRASOUND, "mm", 0.8, 2.5, 0.01), (Modality.FLUOROSCOPY, "px", 1.5, 4.0, 0.25)],
)
def test_tip_and_target_are_found_in_simulated_sequences(
    monkeypatch, modality, unit, median, p95, alarms
):
    monkeypatch.setattr("ir_guidance.learn.sequences.FRAMES", FRAMES)
    found = judged(simulated_cases(modality, SEQUENCES, SEED, with_prior=True), modality)
    assert found["n"] > SEQUENCES * FRAMES // 3
    assert found["detected"] >= 0.75 * found["n"]
    assert found[f"tip_error_{unit}_median"] <= median
    assert found[f"tip_error_{unit}_p95"] <= p95
    assert found["false_alarms"] <= alarms * found["needle_free_frames"]
    assert found["targets"]["target_error_mm_median"] <= 1.0
    assert found["targets"]["false"] == found["targets"]["switched"] == 0


@pytest.mark.parametrize(
    ("name", "modality", "least", "median_px"),
    [
        ("us_biopsy", Modality.ULTRASOUND, 5, 2 * 17.0),
        # The reader marked where the shadow ends, the simulated truth is where the steel does: 5 px.
        ("fluoro_hip_wire", Modality.FLUOROSCOPY, 5, 5.0 + 2.5),
    ],
)
def test_needles_in_real_images_are_found_within_what_the_reader_is_sure_of(
    real_data, name, modality, least, median_px
):
    found = judged(labelled_folder(real_data / name).cases(), modality)
    assert found["detected"] >= least
    assert found["tip_error_px_median"] <= median_px
    assert np.isfinite(found["angle_error_deg_median"]) and found["angle_error_deg_median"] <= 3.0
