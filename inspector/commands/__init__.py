# SPDX-License-Identifier: LGPL-2.1-or-later
"""One file a command: options, a call of a query, a call of a renderer."""

from __future__ import annotations
