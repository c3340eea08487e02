# SPDX-License-Identifier: LGPL-2.1-or-later
"""One answer a file, as text, JSON or CSV. The only home of rich."""

from __future__ import annotations
