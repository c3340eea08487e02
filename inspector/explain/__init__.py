# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pure rules: what each register of a frame means, by the frame's origin."""

from __future__ import annotations
