# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt's own commands, one a file."""

from __future__ import annotations
