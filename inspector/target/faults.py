# SPDX-License-Identifier: LGPL-2.1-or-later
"""Translate drgn's exceptions into this project's, and read facts that a target may lack."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from drgn import (
    BadDataError,
    FaultError,
    MissingDebugInfoError,
    Object,
    ObjectAbsentError,
    ObjectNotFoundError,
    OutOfBoundsError,
    Program,
    Type,
)

from inspector.errors import InspectorError, TargetError, TargetLost, Unreadable
from inspector.formats.memory import Read
from inspector.model.evidence import Unread

# The one place where drgn's exceptions become ours.

_ITS_OWN = frozenset(
    {
        *(BadDataError, FaultError, MissingDebugInfoError),
        *(ObjectAbsentError, ObjectNotFoundError, OutOfBoundsError),
        Exception,  # of libraries under it; nothing of ours raises that itself
    }
)
# enum drgn_error_code, libdrgn/drgn.h, and set_drgn_error(), libdrgn/python/error.c.
_ITS_USE_OF_PYTHONS = (
    *(NotImplementedError, OverflowError, RecursionError, SyntaxError, TypeError, ValueError),
    ZeroDivisionError,
)

# What drgn, libkdumpfile and the readers of this package say of a fault.
_FAULTS = {
    "Excluded page": "page-excluded",
    "memory not saved in core dump": "page-excluded",
    "a page is missing": "page-excluded",
    "could not find physical memory segment": "page-excluded",
    "could not find memory segment": "not-mapped",
    "not in this dump": "not-in-dump",
    "address is not mapped": "not-mapped",
    "Page not present": "not-mapped",
    "address is not canonical": "not-an-address",
    " loops": "list-loops",
}


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Translate what drgn raises while kernel memory is read for ``what``.

    An internal error passes unchanged.

    :raises Unreadable: where memory is missing
    :raises TargetError: where types or symbols are missing, or contradict themselves
    :raises TargetLost: where nothing can be read any more
    """
    try:
        yield
    except FaultError as error:
        raise unreadable(error, 0, f"{what}: ") from None
    except OSError as error:
        raise lost(what, error) from None
    except Exception as error:
        if not is_drgns(error):
            raise
        raise TargetError(f"{what}: {_one_line(error)}") from None


def is_drgns(error: Exception) -> bool:
    """Whether drgn raised ``error`` about the target; else it is an internal error.

    drgn has exceptions of its own, and for the rest takes Python's: ``Exception`` itself for what
    libraries under it say, ``LookupError`` itself, ``AttributeError`` for a member that a
    structure lacks. One of the latter is drgn's if it came up in drgn's own Python, or in an
    expression of ours that has to do with an object of drgn's. What ``raise`` of ours raised is
    ours.
    """
    if type(error) in _ITS_OWN:
        return True
    raised, raising = _origin(error)
    if raised is None or str(raised.f_globals.get("__name__")).partition(".")[0] == "drgn":
        return True
    if raising:
        return False
    if isinstance(error, AttributeError):
        return isinstance(error.obj, (Object, Type))
    if type(error) is LookupError:
        return True
    values = raised.f_locals.values()
    return isinstance(error, _ITS_USE_OF_PYTHONS) and any(map(_is_of_drgn, values))


def _origin(error: Exception) -> tuple[FrameType | None, bool]:
    """The frame of Python's that ``error`` came up in, and whether by ``raise``."""
    from dis import opname  # needed seldom

    traceback = error.__traceback__
    if traceback is None:
        return None, False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code.co_code
    return traceback.tb_frame, opname[code[traceback.tb_lasti]] == "RAISE_VARARGS"


def _is_of_drgn(value: object) -> bool:
    return type(value).__module__ == "_drgn"


def unreadable(error: FaultError, size: int, what: str = "") -> Unreadable:
    """drgn's message about ``size`` missing bytes.

    :param what: comes before its words
    """
    said = _one_line(error)
    rule = next((rule for words, rule in _FAULTS.items() if words in said), "memory-unreadable")
    return Unreadable(error.address, size, f"{what}{said}", rule)


def lost(what: str, error: Exception) -> TargetLost:
    """What is said of an error that is not one of a part of the target, but of its connection
    or its disk.
    """
    if isinstance(error, BlockingIOError):  # SO_RCVTIMEO ran out
        return TargetLost(f"{what}: gives no answer any more")
    return TargetLost(f"{what}: {_reason(error)}")


@contextmanager
def opening(what: str) -> Iterator[None]:
    """Translate what drgn raises while ``what`` is opened; an internal error passes unchanged.

    :raises TargetError: always in one line that begins with ``what``
    """
    try:
        yield
    except MissingDebugInfoError as error:
        raise TargetError(f"{what}: no usable debug information: {_one_line(error)}") from None
    except BlockingIOError:  # SO_RCVTIMEO ran out
        raise TargetError(f"{what}: gives no answer") from None
    except OSError as error:
        raise TargetError(f"{what}: {_reason(error)}") from None
    except Exception as error:
        if not (isinstance(error, (InspectorError, TargetLost)) or is_drgns(error)):
            raise
        raise TargetError(f"{what}: {_one_line(error)}") from None


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect the warnings that drgn logs in the block, about parts that it could not read."""
    said: list[str] = []
    logger, collector = logging.getLogger("drgn"), _Collector(said)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(collector)
    try:
        yield said
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate


class _Collector(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(_one_line(record.getMessage()))


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or _one_line(error)


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())


def reader(prog: Program) -> Read:
    """Virtual memory of ``prog``."""

    def read(address: int, size: int) -> bytes:
        try:
            return bytes(prog.read(address, size))
        except FaultError as error:
            raise unreadable(error, size) from None
        except OverflowError:
            raise Unreadable(address, size, "not an address", "not-an-address") from None

    return read


# Reads one fact, and says so where the target does not hold it.

_Fact = TypeVar("_Fact")


def fact(what: str, read: Callable[[], _Fact]) -> _Fact | Unread:
    """The result of ``read``, or a ``Missing`` named ``what``."""
    try:
        return read()
    except InspectorError as error:
        return unread(what, error)


def unread(what: str, error: InspectorError) -> Unread:
    """A ``Missing`` for the fact ``what``."""
    if isinstance(error, Unreadable):
        return Unread(f"{what}: not in this target ({error.address:#x})", error.rule)
    return Unread(f"{what}: {error}", error.rule)
