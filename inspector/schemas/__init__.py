# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON Schemas (draft 2020-12) of what ``--format json`` and ``jsonl`` write.

One file a document, ``NAME.json`` for ``inspector.NAME/1``; what they share is in ``common.json``,
which they refer to by its relative name.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def schema_names() -> tuple[str, ...]:
    """Every file, without its suffix: ``common``, ``diff``, …"""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


def schema(name: str) -> dict[str, Any]:
    """One schema as it is shipped.

    :param name: without suffix
    :raises FileNotFoundError: if there is none
    """
    content: dict[str, Any] = json.loads((files(__name__) / f"{name}.json").read_text("utf-8"))
    return content
