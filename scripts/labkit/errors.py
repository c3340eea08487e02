# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one error that the lab raises for its user."""


class LabError(Exception):
    """What failed and where to look, in one line."""
