# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers as text, JSON, CSV, HTML, Markdown and SVG."""

from __future__ import annotations
