# SPDX-License-Identifier: LGPL-2.1-or-later
"""Readers of untrusted bytes: bounded, and independent of drgn."""

from __future__ import annotations
