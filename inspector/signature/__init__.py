# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pure: what two crashes of one bug have in common. ``docs/signature.md`` is its specification."""
