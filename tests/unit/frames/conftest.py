# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Files of every format, made on the spot, and the folder of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples import Samples

DATA = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """Return a writer of files into a folder of the test's own."""
    return Samples(tmp_path)


@pytest.fixture
def real_data() -> Path:
    """Return the folder of real data; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip("no ../shared/data beside the project")
    return DATA
