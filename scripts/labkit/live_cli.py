# SPDX-License-Identifier: LGPL-2.1-or-later
"""`scripts/lab boot` and `scripts/lab in`: a guest that lives, and what is run in it."""

import argparse
import json
import sys
from pathlib import Path

from labkit.cache import Cache
from labkit.channel import Ran, run_in_guest
from labkit.errors import LabError
from labkit.live import CPUS, MEMORY_MIB, Live, channel_of, control_of
from labkit.qmp import Qmp
from labkit.suites import Suite

_MONITOR_SECONDS = 60


def add_boot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, required=True)
    parser.add_argument("--limit", type=float, default=120, help="seconds until it must be up")
    parser.add_argument("--memory", type=int, metavar="MIB", default=MEMORY_MIB)
    parser.add_argument("--cpus", type=int, metavar="N", default=CPUS)
    parser.add_argument("--append", default="", help="to the kernel's command line")
    parser.add_argument(
        "--with",
        dest="more",
        metavar="NAME=PATH",
        action="append",
        default=[],
        help="a file or directory of this machine, as NAME below the guest's /lab",
    )


def boot(options: argparse.Namespace, cache: Cache, suite: Suite) -> None:
    """Say "ready" on stdout when it is; the guest lives until stdin ends."""
    more = dict(word.split("=", 1) for word in options.more)
    live = Live(
        suite,
        options.output.absolute(),
        options.limit,
        memory_mib=options.memory,
        cpus=options.cpus,
        append=options.append,
        more={name: Path(path) for name, path in more.items()},
    )
    with live.booted(cache):
        print("ready", flush=True)
        sys.stdin.read()


def add_in(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", metavar="DIR", type=Path, help="that it was booted with")
    parser.add_argument("script", metavar="SCRIPT", help="for the guest's sh; - for stdin's")
    parser.add_argument("--user", default="root", help="of the guest: root, nobody, …")
    parser.add_argument("--limit", type=float, default=60, help="seconds that it may take")


def run_in(options: argparse.Namespace) -> int:
    """The script's output and its exit status."""
    script = sys.stdin.read() if options.script == "-" else options.script
    ran = run_in_guest(channel_of(options.output), script, user=options.user, limit=options.limit)
    sys.stdout.buffer.write(ran.stdout)
    sys.stderr.buffer.write(ran.stderr)
    return _status(ran, options.limit)


def add_qmp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", metavar="DIR", type=Path, help="that it was booted with")
    parser.add_argument("command_name", metavar="COMMAND", help="stop, cont, query-status, …")
    parser.add_argument("arguments", metavar="JSON", nargs="?", default="{}")


def ask_monitor(options: argparse.Namespace) -> None:
    """Its answer, by a monitor that is not the inspector's."""
    with Qmp(control_of(options.output), _MONITOR_SECONDS) as qmp:
        answer = qmp.execute(options.command_name, **json.loads(options.arguments))
    print(json.dumps(answer))


def _status(ran: Ran, limit: float) -> int:
    if ran.status is None:
        raise LabError(f"the script took more than {limit:.0f} s and was killed")
    return ran.status if ran.status >= 0 else 128 - ran.status
