# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's lists (include/linux/list.h) in memory that does not change, by addresses.

drgn has the same as helpers; to import one of them is to import all of its seventy modules, which
takes a fifth of the time to a first frame. And these end where a list runs into itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from drgn import FaultError, Program


def list_entries(prog: Program, head: int, offset: int) -> Iterator[int]:
    """Addresses of what is on the ``struct list_head`` at ``head``.

    :param offset: of the list's node in an entry, in bytes
    :raises drgn.FaultError: if a node is not readable, or comes again
    """
    yield from _entries(prog, head, head, offset)


def hlist_entries(prog: Program, head: int, offset: int) -> Iterator[int]:
    """The same of the ``struct hlist_head`` at ``head``."""
    yield from _entries(prog, head, 0, offset)


def _entries(prog: Program, head: int, end: int, offset: int) -> Iterator[int]:
    # The first member of each of these structs points to the next node.
    seen, node = set[int](), prog.read_u64(head)
    while node != end:
        if node in seen:
            raise FaultError(f"the list at {head:#x} runs into itself", node)
        seen.add(node)
        yield (node - offset) % (1 << 64)
        node = prog.read_u64(node)
