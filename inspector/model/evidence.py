# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reason for a verdict."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation that speaks for an origin.

    :ivar rule: the short name of the rule that fired, stable across releases
    :ivar text: what stood there, in words
    :ivar address: where one can look, or None when it was not in memory
    """

    rule: str
    text: str
    address: int | None = None
