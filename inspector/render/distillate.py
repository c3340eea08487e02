# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was kept of a dump, and what was taken out."""

from __future__ import annotations

import json
from collections.abc import Iterator

from inspector.model.distillate import WHY, Distillate, KeptRange
from inspector.render.json_frame import missing_list
from inspector.render.safe import safe


def distillate_text(path: str, made: Distillate, *, audit: bool) -> Iterator[str]:
    """Lines: the sizes, and with ``audit`` every range by kind."""
    yield f"{safe(path)}: {made.size:,} bytes, of {made.core_size:,}\n"
    for size in made.kinds:
        yield f"{size.stored:>14,}  {size.kind.value} ({size.pages:,} pages): {WHY[size.kind]}\n"
    for kind, count in sorted(made.taken_out.items(), key=lambda item: item[0].value):
        yield f"{count:>14,}  bytes taken out: {kind.value}\n"
    if audit:
        for one in sorted(made.ranges, key=lambda one: (one.kind.value, one.low)):
            space = "" if one.virtual else " physical"
            yield f"{one.low:#018x} {one.high:#018x}{space}  {one.kind.value}\n"


def distillate_json(path: str, made: Distillate) -> str:
    """``inspector.distill/1``: the manifest of a small dump."""
    content = {
        "schema": "inspector.distill/1",
        "path": path,
        "size": made.size,
        "core_size": made.core_size,
        "kinds": [
            {
                "kind": size.kind.value,
                "why": WHY[size.kind],
                "pages": size.pages,
                "stored": size.stored,
            }
            for size in made.kinds
        ],
        "taken_out": {kind.value: count for kind, count in made.taken_out.items()},
        "text": list(made.text),
        "ranges": [_range(one) for one in made.ranges],
        "missing": missing_list(made.missing),
    }
    return json.dumps(content, indent=2) + "\n"


def _range(one: KeptRange) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "low": f"{one.low:#x}",
        "high": f"{one.high:#x}",
        "space": "virtual" if one.virtual else "physical",
    }
