# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of `scripts/lab`."""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import NoReturn

from labkit.cache import Cache
from labkit.deaths import DEATHS
from labkit.emulator import emulator_for, own_emulator
from labkit.errors import LabError
from labkit.kit import Kit, ensure_dwarf, ensure_kit, forget
from labkit.live_cli import add_boot, add_in, add_qmp, ask_monitor, boot, run_in
from labkit.play import Play
from labkit.play_death import How, PlayDeath
from labkit.play_mishaps import PlayMishaps
from labkit.play_script import PlayScript
from labkit.play_zoo import PlayZoo
from labkit.scenarios import SCENARIOS, Scenario
from labkit.suites import DEFAULT_SUITE, SUITES, suite_named
from labkit.zoo import ZOOS, Zoo

_MISHAPS, _MISHAPS_SUMMARY = "mishaps", "a kernel complains in every way it has; one text a way"
_PLAYED: tuple[Scenario | Zoo, ...] = (*SCENARIOS.values(), *ZOOS.values())


def main(argv: list[str] | None = None) -> int:
    signal.signal(signal.SIGTERM, _terminated)
    options = _parser().parse_args(argv)
    try:
        return _run(options)
    except (LabError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130


def _terminated(number: int, frame: object) -> NoReturn:
    """SIGTERM cleans up the way Ctrl-C does."""
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> int:
    if options.command == "list":
        return _list()
    if options.command == "in":
        return run_in(options)
    if options.command == "qmp":
        ask_monitor(options)
    else:
        _make(options)
    return 0


def _make(options: argparse.Namespace) -> None:
    cache, suite = Cache(), suite_named(options.suite)
    if options.fresh:
        forget(cache, suite)
    if options.command == "boot":
        boot(options, cache, suite)
        return
    kit = ensure_kit(cache, suite)
    if options.command == "fetch":
        _print_files(kit, ensure_dwarf(cache, suite) if options.dwarf else None)
        return
    output = options.output.absolute()
    if options.command == "script":
        script = options.script.read_text()
        PlayScript(
            suite,
            kit,
            script,
            output,
            options.limit,
            counting=options.counting,
            one_thread=options.one_thread,
            when=options.when,
        ).run()
        return
    if options.command == "death":
        PlayDeath(
            suite=suite,
            kit=kit,
            emulator=emulator_for(cache, suite),
            death=DEATHS[options.death],
            how=How(options.how),
            output=output,
            limit=options.limit,
        ).run()
    elif options.command == _MISHAPS:
        PlayMishaps(suite, kit, output, options.limit).run()
    elif options.command in ZOOS:
        PlayZoo(suite, kit, ZOOS[options.command], output, options.limit).run()
    else:
        scenario = SCENARIOS[options.command]
        emulator = emulator_for(cache, suite) if scenario.kdump else own_emulator()
        Play(suite, kit, scenario, output, options.limit, emulator, options.while_paused).run()


def _list() -> int:
    for suite in SUITES.values():
        print(f"suite    {suite.name:10} {suite.flavour}")
    for scenario in _PLAYED:
        print(f"scenario {scenario.name:10} {scenario.summary}")
    print(f"scenario {_MISHAPS:10} {_MISHAPS_SUMMARY}")
    for death in DEATHS.values():
        print(f"death    {death.name:14} {death.summary}")
    return 0


def _print_files(kit: Kit, dwarf: Path | None) -> None:
    files = {"vmlinuz": kit.vmlinuz, "initramfs": kit.initramfs, "vmlinux": dwarf}
    names = {name: str(path) for name, path in files.items() if path}
    print(json.dumps({"release": kit.release, "version": kit.version, **names}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=sys.modules["labkit"].__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="suites and scenarios")
    fetch = commands.add_parser("fetch", help="only fill the cache; JSON says where things are")
    fetch.add_argument("--dwarf", action="store_true", help="the kernel's DWARF too")
    _add_suite(fetch)
    live = commands.add_parser("boot", help="a guest that lives, with Python and this checkout")
    add_boot(live)
    _add_suite(live)
    add_qmp(commands.add_parser("qmp", help="ask the monitor of a guest that lives"))
    add_in(commands.add_parser("in", help="run a script in a guest that lives"))
    for scenario in _PLAYED:
        _add_scenario(commands.add_parser(scenario.name, help=scenario.summary))
    _add_script(
        commands.add_parser("script", help="run a shell script in a guest; keep its output")
    )
    _add_death(commands.add_parser("death", help="a kernel dies; its dumps, and what it knew"))
    _add_scenario(commands.add_parser(_MISHAPS, help=_MISHAPS_SUMMARY))
    return parser


def _add_scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, required=True)
    parser.add_argument(
        "--while-paused",
        metavar="COMMAND",
        help="of qemu-dump: run by sh while the guest is paused, its monitor at $LAB_QMP",
    )
    parser.add_argument("--limit", type=float, default=180, help="seconds a guest may take")
    _add_suite(parser)


def _add_death(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("death", choices=DEATHS, metavar="NAME", help="see `lab list`")
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, required=True)
    parser.add_argument(
        "--how",
        choices=[how.value for how in How],
        default=How.KDUMP.value,
        help="kdump: the crash kernel saves vmcore; post-notifiers: with"
        " crash_kexec_post_notifiers, and QEMU saves qemu.vmcore before; qemu: no crash kernel",
    )
    parser.add_argument("--limit", type=float, default=180, help="seconds the guest may take")
    _add_suite(parser)


def _add_script(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("script", metavar="FILE", type=Path, help="for busybox's sh, as root")
    parser.add_argument("-o", dest="output", metavar="DIR", type=Path, required=True)
    parser.add_argument(
        "--counting", action="store_true", help="one CPU, whose TSC counts instructions"
    )
    parser.add_argument(
        "--one-thread", action="store_true", help="emulate all CPUs in one thread: text may change"
    )
    parser.add_argument(
        "--when",
        nargs=2,
        metavar=("TEXT", "COMMAND"),
        help="pause the guest when TEXT is on its console, and run COMMAND by sh meanwhile: it"
        " finds the guest's monitor at $LAB_QMP, and the output directory at $LAB_OUTPUT",
    )
    parser.add_argument("--limit", type=float, default=180, help="seconds the guest may take")
    _add_suite(parser)


def _add_suite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suite", choices=SUITES, default=DEFAULT_SUITE)
    parser.add_argument("--fresh", action="store_true", help="make what is cached anew")
