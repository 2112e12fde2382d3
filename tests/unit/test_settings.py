# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Settings that cannot be used are refused in one line that names them."""

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from ir_guidance.settings import Settings, SettingsError, checked, load_yaml


class Inner(Settings):
    """A group."""

    age_ms: float = Field(80.0, gt=0, le=150, description="An age.")


class Outer(Settings):
    """Settings with a group."""

    speed_mps: float = Field(0.003, gt=0, le=0.02, description="A speed.")
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"sped_mps": 1.0}, "here: sped_mps = 1.0: Extra inputs are not permitted"),
        ({"speed_mps": 3.0}, "here: speed_mps = 3.0: Input should be less than or equal to 0.02"),
        ({"speed_mps": 0}, "here: speed_mps = 0: Input should be greater than 0"),
        ({"speed_mps": float("nan")}, "here: speed_mps = nan: Input should be a finite number"),
        ({"inner": {"age_ms": -1}}, "here: inner.age_ms = -1: Input should be greater than 0"),
        ({"inner": {"age": 1}}, "here: inner.age = 1: Extra inputs are not permitted"),
        ({"inner": 5}, "here: inner = 5: "),
    ],
)
def test_fault_is_one_line_that_names_key_value_and_bound(values, line):
    with pytest.raises(SettingsError) as refused:
        checked(Outer, values, "here")
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)


def test_every_fault_is_named_at_once():
    with pytest.raises(SettingsError, match=r"speed_mps = 9.*; inner.age_ms = 0.*; typo = 1"):
        checked(Outer, {"speed_mps": 9, "inner": {"age_ms": 0}, "typo": 1}, "here")


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError):
        Outer().speed_mps = 0.01


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a: [1, 2", "not readable as YAML"),
        (b"\xff\xfe\x00", "not readable as YAML"),
        (b"- 1\n- 2\n", "expected keys and values, found list"),
        (b"", "expected keys and values, found NoneType"),
        (b"just words", "expected keys and values, found str"),
        (b"!!python/object/apply:os.getcwd []", "not readable as YAML"),
    ],
)
def test_file_that_is_no_mapping_is_refused_in_one_line(tmp_path, content, why):
    path = tmp_path / "settings.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        load_yaml(path)
    assert str(refused.value).startswith(f"{path}: {why}")
    assert "\n" not in str(refused.value)


def test_missing_file_is_refused_by_name(tmp_path):
    path = Path(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match=r"none\.yaml: no such file"):
        load_yaml(path)
