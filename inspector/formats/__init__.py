# SPDX-License-Identifier: LGPL-2.1-or-later
"""Readers of untrusted bytes: each is bounded, and none knows drgn."""

from __future__ import annotations
