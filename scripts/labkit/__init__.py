# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab: Debian's kernels, booted in QEMU and crashed on purpose. Standard library only."""
