# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kprobe module that freezes frames."""

from __future__ import annotations
