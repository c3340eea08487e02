# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answers: what imports drgn and rich, loaded when a command runs."""
