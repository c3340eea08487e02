# SPDX-License-Identifier: LGPL-2.1-or-later
"""The template engine, which escapes every value, and the policy of the pages."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined

from inspector.render.words import hex_word, safe

# What a page's browser may do: load nothing, and run nothing but what the page names.


def policy(style: str, script: str | None = None) -> str:
    """The Content-Security-Policy of a page with one style sheet and at most one script."""
    run = "'none'" if script is None else _hash(script)
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {run};"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


# The template engine: whatever a template shows is escaped.


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
