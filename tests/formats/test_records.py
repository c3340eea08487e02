# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of records: what was saved of a real dump, and one value after another made wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.errors import InspectorError
from inspector.formats.records import parse_saved, saved_text
from inspector.queries.records import save
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec


@pytest.fixture(scope="module")
def text() -> str:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        return saved_text(save(source))


def test_a_file_that_is_read_and_written_again_is_the_same(text: str) -> None:
    assert saved_text(parse_saved(text.encode())) == text


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value that is no container, the first element of each list alone."""
    if isinstance(value, dict):
        return [found for key in value for found in places(value[key], (*path, key))]
    if isinstance(value, list):
        return places(value[0], (*path, 0)) if value else []
    return [path]


def complaint(saved: object) -> str | None:
    """The refusal of a file that holds ``saved``, None where it is read."""
    try:
        parse_saved(json.dumps(saved).encode())
    except InspectorError as error:
        return str(error)
    return None


def changed(short: str, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """A fresh copy, and what holds the value at ``path`` in it."""
    copy = holder = json.loads(short)
    for key in path[:-1]:
        holder = holder[key]
    return copy, holder


@pytest.fixture(scope="module")
def short(text: str) -> str:
    """The file with one record."""
    saved = json.loads(text)
    saved["records"] = saved["records"][:1]
    assert complaint(saved) is None
    return json.dumps(saved)


@pytest.mark.parametrize("wrong", [[], 1.5], ids=repr)
def test_a_value_of_a_kind_that_none_has_is_refused_anywhere(short: str, wrong: object) -> None:
    found = places(json.loads(short))
    assert len(found) > 50
    for path in found:
        saved, holder = changed(short, path)
        holder[path[-1]] = wrong
        refusal = complaint(saved)
        assert refusal is not None, path
        assert refusal.isprintable()


def test_a_member_that_is_gone_is_refused(short: str) -> None:
    for path in places(json.loads(short)):
        saved, holder = changed(short, path)
        if isinstance(holder, dict):
            del holder[path[-1]]
            refusal = complaint(saved)
            assert refusal is not None, path
            assert refusal.isprintable()
