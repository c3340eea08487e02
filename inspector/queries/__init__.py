# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a request means: choose tasks and frames, match, pair, assemble a report."""

from __future__ import annotations
