# SPDX-License-Identifier: LGPL-2.1-or-later
"""Benchmarks, one a file; scripts/bench runs them."""
