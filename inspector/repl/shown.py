# SPDX-License-Identifier: LGPL-2.1-or-later
"""drgn's own way of showing its objects."""

from __future__ import annotations

import drgn


def shown(value: object, columns: int) -> str | None:
    """``value`` as C, if it is an object of the target's or a type, else None.

    :raises drgn.FaultError: if the object's memory is missing
    """
    if isinstance(value, drgn.Object):
        return str(value.format_(columns=columns))
    if isinstance(value, drgn.Type):
        return str(value)
    return None
