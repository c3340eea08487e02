# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a part of an answer is missing: each rule id with its cause in words."""

from __future__ import annotations

CAUSES: dict[str, str] = {
    "calls-lost": "the calls of a task cannot be followed to their end",
    "cpu-offline": "a CPU was offline when the kernel crashed",
    "crash-note-stale": "the crash note of a CPU is of an earlier time",
    "crash-note-unwritten": "a CPU did not answer when the kernel crashed, and wrote no crash note",
    "dump-cut-short": "the dump is cut short",
    "fact-unread": "a fact that the answer needs is not in the target",
    "list-loops": "a list in the kernel's memory runs into itself",
    "list-moves": "a list changed each time it was followed",
    "memory-unreadable": "memory cannot be read",
    "modules-unread": "loaded modules cannot be read whole",
    "no-variables": "the symbols have no variables (CONFIG_KALLSYMS_ALL is off)",
    "not-an-address": "a pointer holds no address",
    "not-in-dump": "distilling did not keep memory that the answer needs",
    "not-mapped": "an address is not mapped",
    "page-excluded": "the dump does not hold memory that the answer needs",
    "records-only": "a file of records holds records only",
    "registers-unsaved": "the registers of a CPU were not saved",
    "stack-end-overwritten": "the end of a stack is overwritten",
    "stack-left": "a stack pointer leads to no known stack",
    "structure-unknown": "a type or a symbol is missing, or contradicts the memory",
    "task-ran": "a task ran while its stack was read",
    "task-running": "a task runs on a CPU while its stack is read",
}
