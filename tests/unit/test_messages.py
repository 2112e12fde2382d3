# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What every message file keeps to: a comment on each field, constants first, OK is 0."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "msg"
FILES = sorted(
    path for kind in ("msg", "srv", "action") for path in FOLDER.glob(f"{kind}/*.{kind}")
)
SECTIONS = [
    pytest.param(section.strip().splitlines(), id=f"{path.name}-{number}")
    for path in FILES
    for number, section in enumerate(re.split(r"^---$", path.read_text("utf-8"), flags=re.M))
]
CONSTANT = re.compile(r"(?P<type>\w+) (?P<name>[A-Z][A-Z0-9_]*)=(?P<value>\S+)")
FIELD = re.compile(r"[\w/]+(\[\d*\])? [a-z][a-z0-9_]* +# \S")


def code(lines):
    return [line for line in lines if line and not line.startswith("#")]


def test_there_are_messages_services_and_an_action():
    assert {path.suffix for path in FILES} == {".msg", ".srv", ".action"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_message_says_what_it_is_in_its_first_line(path):
    assert path.read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("lines", SECTIONS)
def test_every_field_has_a_comment(lines):
    assert not [ln for ln in code(lines) if not CONSTANT.match(ln) and not FIELD.match(ln)]


@pytest.mark.parametrize("lines", SECTIONS)
def test_constants_come_first_and_count_up_from_zero(lines):
    matches = [CONSTANT.match(line) for line in code(lines)]
    constants = [match for match in matches if match]
    assert matches[: len(constants)] == constants
    assert [match["type"] for match in constants] == ["uint8"] * len(constants)
    assert [int(match["value"]) for match in constants] == list(range(len(constants)))
    assert "OK" not in [match["name"] for match in constants[1:]]
