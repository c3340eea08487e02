# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ABI of the module's records: a pure decoder."""
