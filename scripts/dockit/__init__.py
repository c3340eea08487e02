# SPDX-License-Identifier: LGPL-2.1-or-later
"""Papers that are made from the program: the man page, and the pages of the Python interface."""
