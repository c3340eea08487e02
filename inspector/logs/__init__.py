# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames in a kernel's log: what a text tells, with neither a dump nor root."""

from __future__ import annotations
