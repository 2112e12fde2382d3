# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The folder of real data, where it is."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def real_data() -> Path:
    """Return the folder of real data; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip("no ../shared/data beside the project")
    return DATA
