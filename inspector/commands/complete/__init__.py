# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be typed next, for every face."""
