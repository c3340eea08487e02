# SPDX-License-Identifier: LGPL-2.1-or-later
"""Readers of untrusted input, for whoever feeds them rubbish."""
