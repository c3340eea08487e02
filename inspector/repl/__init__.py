# SPDX-License-Identifier: LGPL-2.1-or-later
"""The interactive face: commands, Python and the shell at one prompt."""

from __future__ import annotations
