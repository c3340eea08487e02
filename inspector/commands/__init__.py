# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be asked: options, and the answer to them. Serves every face."""

from __future__ import annotations
