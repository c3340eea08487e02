# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the colours mean: names of the terminal's own 16, so that every theme stays readable."""

LABEL = "dim"
STRONG = "bold"
LEFT = "cyan"
RIGHT = "magenta"
DECODED = "green"
PROBE = "magenta"
NOTICE = "yellow"
RULE = "dim"
