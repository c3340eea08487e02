# SPDX-License-Identifier: LGPL-2.1-or-later
"""Walking a ``struct list_head`` that somebody changes meanwhile. Pure: the caller reads.

list_del_rcu() (include/linux/rculist.h) leaves the ``next`` of what it takes out as it was, so
a reader inside the kernel goes on from there. That is safe under rcu_read_lock() alone: we hold
nothing, and what was taken out may be freed, made anew and put at the list's tail while we stand
on it. Its ``next`` then skips everything between. So a step counts only where the ``prev`` of
what it leads to says where we came from; else we go back to one that is still where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inspector.errors import InspectorError, Unreadable

Links = Callable[[int], tuple[int, int]]
"""Address of a ``struct list_head`` → its ``next`` and ``prev``."""


class ListMoves(InspectorError):
    """A list that changed faster than it could be followed."""

    rule = "list-moves"


def follow(head: int, links: Links, patience: int) -> Iterator[int]:
    """The nodes behind ``head``, each once.

    What was on the list all the time is among them.

    :param patience: how many steps may fail
    :raises ListMoves: if more did
    """
    path, seen = [head], {head}
    while (node := _next(path, links)) != head:
        if node is not None:
            path.append(node)
            if node not in seen:
                seen.add(node)
                yield node
            continue
        patience -= 1
        if patience < 0:
            raise ListMoves(f"the list at {head:#x} changed faster than it could be followed")
        while len(path) > 1 and not _in_place(path, links):
            path.pop()


def _next(path: list[int], links: Links) -> int | None:
    """The one behind the last of ``path``, if both are where they say."""
    here = path[-1]
    try:
        following, prev = links(here)
        in_place = len(path) == 1 or prev == path[-2]
        return following if in_place and links(following)[1] == here else None
    except Unreadable:
        return None


def _in_place(path: list[int], links: Links) -> bool:
    try:
        return links(path[-1])[1] == path[-2]
    except Unreadable:
        return False
