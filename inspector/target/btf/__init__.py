# SPDX-License-Identifier: LGPL-2.1-or-later
"""Types from the kernel's own BTF, for a drgn program without debug info.

Everything drgn-specific goes through :func:`finder.register_btf`, so that a
``Module.load_btf()`` in drgn can take the place of this package.
"""
