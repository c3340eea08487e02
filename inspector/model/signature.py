# SPDX-License-Identifier: LGPL-2.1-or-later
"""What crashes of one bug have in common."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

SIGNATURE_VERSION = 2
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Signature:
    """A crash without what differs between kernels, boots and builds.

    :ivar parts: innermost first: what it died of, functions and frames, see ``docs/signature.md``
    """

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " < ".join(self.parts)

    @property
    def digest(self) -> str:
        """``2-`` (the version of the rules) and 16 digits: equal for equal parts alone."""
        whole = "\n".join(self.parts).encode()
        return f"{SIGNATURE_VERSION}-{sha256(whole).hexdigest()[:_DIGITS]}"
