# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line."""

from __future__ import annotations
