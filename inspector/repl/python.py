# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python at the prompt: whether a text is whole, running it, and what it raised in a few lines."""

from __future__ import annotations

import ast
import codeop
import linecache
import os
import traceback
import warnings
from itertools import count
from typing import Any

import drgn

_numbers = count(1)
_FROM_THE_PROMPT = "<line "
_BLOCK_GOES_ON = ("else", "elif", "except", "finally", "case")


class Nothing:
    """What a statement has for a value: there is nothing to show."""


NOTHING = Nothing()


def run_python(code: str, names: dict[str, Any]) -> object:
    """Run ``code``; the value of its last line if that is an expression, else ``NOTHING``.

    :param names: the globals, changed by it
    :raises BaseException: whatever ``code`` raises
    """
    filename = f"{_FROM_THE_PROMPT}{next(_numbers)}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    tree = ast.parse(code, filename)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, filename, "exec"), names)
        return NOTHING
    del tree.body[-1]
    exec(compile(tree, filename, "exec"), names)
    expression = ast.Expression(last.value)
    value: object = eval(compile(expression, filename, "eval"), names)
    if value is None:
        return NOTHING
    names["_"] = value
    return value


def wants_more(code: str) -> bool:
    """Whether ``code`` cannot end here: an open bracket or string, or a block without a body."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return codeop.compile_command(code, symbol="exec") is None
        except (SyntaxError, ValueError, OverflowError):
            return False


def opens_block(code: str) -> bool:
    """Whether more lines may belong to ``code``: its last statement is a compound one."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return False
    return bool(body) and (hasattr(body[-1], "body") or hasattr(body[-1], "cases"))


def belongs_to_block(line: str) -> bool:
    """Whether ``line`` goes on with a block that could end before it."""
    return not line.strip() or line[:1].isspace() or line.startswith(_BLOCK_GOES_ON)


def short_traceback(error: BaseException) -> list[str]:
    """Where the typed code and what it called went wrong, and what it was; no inner frames."""
    lines = []
    steps = traceback.extract_tb(error.__traceback__)
    typed = [step for step in steps if step.filename.startswith(_FROM_THE_PROMPT)]
    several = len(typed) > 1 or any("\n" in _source(step.filename) for step in typed)
    if several:
        lines += [f"  line {step.lineno}: {(step.line or '').strip()}" for step in typed]
    if steps and typed and steps[-1] is not typed[-1] and _is_python(steps[-1].filename):
        last = steps[-1]
        lines.append(f"  in {last.name}, {os.path.basename(last.filename)}:{last.lineno}")
    said = traceback.format_exception_only(type(error), error)
    return lines + [line.rstrip("\n") for line in said if not line.startswith('  File "<')]


def _source(filename: str) -> str:
    return "".join(linecache.getlines(filename)).rstrip("\n")


def _is_python(filename: str) -> bool:
    return filename.endswith(".py")


def shown(value: object, columns: int) -> str | None:
    """``value`` as C, if it is an object of the target's or a type, else None.

    :raises drgn.FaultError: if the object's memory is missing
    """
    if isinstance(value, drgn.Object):
        return str(value.format_(columns=columns))
    if isinstance(value, drgn.Type):
        return str(value)
    return None
