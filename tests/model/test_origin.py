# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every origin has its place in each table that goes by origins."""

from __future__ import annotations

from inspector.model.origin import Origin
from inspector.render.words import ORIGIN_WORDS
from inspector.schemas import schema


def test_every_origin_has_words() -> None:
    assert set(ORIGIN_WORDS) == set(Origin)


def test_the_schemas_list_every_origin() -> None:
    assert schema("common")["$defs"]["origin"]["enum"] == [origin.value for origin in Origin]
