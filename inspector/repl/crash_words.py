# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which of crash's commands drgn has; known before drgn is imported, which is slow."""

_CRASH_WORDS = """
    ascii bpf bt btop dev eval files foreach ipcs irq kmem list log mod mount net p ps ptob ptov rd
    runq search set sig struct swap sym sys task timer tree union vm vtop waitq whatis
"""  # drgn 0.3

CRASH_WORDS = frozenset(_CRASH_WORDS.split())
