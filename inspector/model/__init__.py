# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values. Frozen, slotted, typed; nothing is read here."""

from __future__ import annotations
