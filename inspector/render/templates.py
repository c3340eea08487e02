# SPDX-License-Identifier: LGPL-2.1-or-later
"""The template engine: whatever a template shows is escaped."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from inspector.render.safe import safe
from inspector.render.word import hex_word


@cache
def templates() -> Environment:
    """The templates of this package."""
    environment = Environment(
        loader=PackageLoader("inspector.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["px"] = _pixels
    environment.filters["hex"] = hex_word
    environment.filters["printable"] = safe
    return environment


def _pixels(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")


def source_of(name: str) -> str:
    """The text of a style sheet or a script, which is ours, as it is."""
    environment = templates()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
