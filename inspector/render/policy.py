# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a page's browser may do: load nothing, and run nothing but what the page names."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256


def policy(style: str, script: str | None = None) -> str:
    """The Content-Security-Policy of a page with one style sheet and at most one script."""
    run = "'none'" if script is None else _hash(script)
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {run};"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
