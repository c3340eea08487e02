# SPDX-License-Identifier: LGPL-2.1-or-later
"""A list that is changed, by the kernel's own steps, between any two reads of a walk."""

from __future__ import annotations

import random

import pytest

from inspector.kernel.task_states import ListMoves, follow

HEAD = 0
POISON = -2


class KernelList:
    """list_add_tail_rcu() and list_del_rcu(), one store at a time."""

    def __init__(self, nodes: range) -> None:
        ring = [HEAD, *nodes]
        self.next = dict(zip(ring, [*ring[1:], HEAD], strict=True))
        self.prev = {after: before for before, after in self.next.items()}
        self.pending: list[tuple[dict[int, int], int, int]] = []

    def links(self, node: int) -> tuple[int, int]:
        return self.next[node], self.prev[node]

    def step(self) -> None:
        """The next store of what was begun."""
        memory, where, value = self.pending.pop(0)
        memory[where] = value

    def remove(self, node: int) -> None:
        after, before = self.next[node], self.prev[node]
        self.pending += [
            (self.prev, after, before),
            (self.next, before, after),
            (self.prev, node, POISON),
        ]

    def append(self, node: int) -> None:
        tail = self.prev[HEAD]
        self.pending += [
            (self.next, node, HEAD),
            (self.prev, node, tail),
            (self.next, tail, node),
            (self.prev, HEAD, node),
        ]


class Storm:
    """Tasks that exit and are made anew in the same memory, at the list's tail."""

    def __init__(self, seed: int, steady: range, restless: range) -> None:
        self.random = random.Random(seed)
        self.steady, self.restless = steady, restless
        self.list = KernelList(range(1, 1 + len(steady) + len(restless)))
        self.out: list[int] = []

    def links(self, node: int) -> tuple[int, int]:
        for _ in range(self.random.randrange(6)):
            if not self.list.pending:
                self._begin()
            self.list.step()
        return self.list.links(node)

    def _begin(self) -> None:
        inside = [node for node in self.restless if node not in self.out]
        if self.out and (not inside or self.random.random() < 0.5):
            self.list.append(self.out.pop(self.random.randrange(len(self.out))))
        else:
            gone = self.random.choice(inside)
            self.out.append(gone)
            self.list.remove(gone)


@pytest.mark.parametrize("seed", range(200))
def test_what_was_there_all_the_time_is_found_once_whatever_came_and_went(seed: int) -> None:
    steady, restless = range(2, 40, 2), range(1, 40, 2)
    storm = Storm(seed, steady, restless)
    found = list(follow(HEAD, storm.links, 10_000))
    assert set(steady) <= set(found)
    assert len(found) == len(set(found))
    assert set(found) <= {*steady, *restless}


def test_a_walk_that_trusted_next_alone_would_skip_the_rest() -> None:
    a_list = KernelList(range(1, 6))
    first = a_list.links(HEAD)[0]
    for change in (a_list.remove, a_list.append):
        change(first)
        while a_list.pending:
            a_list.step()
    assert a_list.links(first)[0] == HEAD  # where a reader that stands on it would end
    assert list(follow(HEAD, a_list.links, 0)) == [2, 3, 4, 5, 1]


def test_a_list_that_never_holds_still_is_given_up() -> None:
    with pytest.raises(ListMoves):
        list(follow(HEAD, lambda node: (node + 1, POISON), 50))
