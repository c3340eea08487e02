# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is handed over: the wheel, and the bundled executable."""
