# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many dumps for the fleet commands, made of a few real ones."""
