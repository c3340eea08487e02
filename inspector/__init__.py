# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which ``struct pt_regs`` frames lie on a kernel's stacks, and what put each one there."""
