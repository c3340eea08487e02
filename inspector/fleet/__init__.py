# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many dumps, one answer: a dataset of their frames, and questions to it."""

from __future__ import annotations
