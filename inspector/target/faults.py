# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one place where drgn's exceptions become ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from drgn import (
    BadDataError,
    FaultError,
    MissingDebugInfoError,
    ObjectNotFoundError,
    OutOfBoundsError,
)

from inspector.errors import TargetError, TargetLost, Unreadable

# What drgn, libkdumpfile and the readers of this package say of a fault.
_FAULTS = {
    "Excluded page": "page-excluded",
    "memory not saved in core dump": "page-excluded",
    "a page is missing": "page-excluded",
    "could not find physical memory segment": "page-excluded",
    "could not find memory segment": "not-mapped",
    "address is not mapped": "not-mapped",
    "address is not canonical": "not-an-address",
    "runs into itself": "list-loops",
}


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Translate what drgn raises while kernel memory is read for ``what``.

    :raises Unreadable: where memory is missing
    :raises TargetError: where types or symbols are missing, or contradict themselves
    :raises TargetLost: where nothing can be read any more
    """
    try:
        yield
    except FaultError as error:
        raise unreadable(error, 0, f"{what}: ") from None
    except (ObjectNotFoundError, OutOfBoundsError, LookupError, AttributeError) as error:
        raise TargetError(f"{what}: {_one_line(error)}") from None
    except (BadDataError, ValueError, TypeError) as error:
        raise TargetError(f"{what}: {_one_line(error)}") from None
    except OSError as error:
        raise lost(what, error) from None


def unreadable(error: FaultError, size: int, what: str = "") -> Unreadable:
    """What drgn says of ``size`` bytes that are not there.

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
    """Translate what drgn raises while ``what`` is opened.

    :raises TargetError: always in one line that begins with ``what``
    """
    try:
        yield
    except MissingDebugInfoError as error:
        raise TargetError(f"{what}: no usable debug information: {_one_line(error)}") from None
    except (FaultError, LookupError, ValueError, OverflowError) as error:
        raise TargetError(f"{what}: {_one_line(error)}") from None
    except BlockingIOError:  # SO_RCVTIMEO ran out
        raise TargetError(f"{what}: gives no answer") from None
    except OSError as error:
        raise TargetError(f"{what}: {_reason(error)}") from None
    except Exception as error:  # drgn raises plain Exception for what it cannot parse
        raise TargetError(f"{what}: {_one_line(error)}") from None


@contextmanager
def complaints() -> Iterator[list[str]]:
    """What drgn warns of in its log meanwhile: it goes on without what it could not read."""
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
