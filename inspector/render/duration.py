# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times as people say them."""

from __future__ import annotations

from datetime import datetime, timezone

_SECOND = 1_000_000_000


def duration(nanoseconds: int) -> str:
    """``6.05 s``, ``3 d 4 h 5 min``: of the two or three largest units."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    if seconds < 60:
        return f"{seconds}.{rest // 10_000_000:02} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,} d {hours} h {minutes} min"
    return f"{hours} h {minutes} min {seconds} s" if hours else f"{minutes} min {seconds} s"


def point_in_time(wall_ns: int) -> str:
    """``2026-11-25 15:58:12 UTC``; a clock that shows nonsense gives its number."""
    try:
        moment = datetime.fromtimestamp(wall_ns // _SECOND, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return f"{wall_ns // _SECOND} s after 1970"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def log_stamp(time_ns: int) -> str:
    """``[    6.497842]``, as dmesg shows it."""
    seconds, rest = divmod(time_ns, _SECOND)
    return f"[{seconds:5}.{rest // 1000:06}]"
