# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion in real shells, by the files that the wheel installs for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.commands.test_imports import imported

_SECONDS = 30
_PROMPT = "ready> "


@pytest.fixture
def surroundings(root: Path, tmp_path: Path) -> dict[str, str]:
    """A home with nothing in it, the checkout's program, and its files where a prefix has them."""
    return {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "BASH_COMPLETION_USER_DIR": str(root / "share/bash-completion"),
        "XDG_DATA_DIRS": f"{root / 'share'}:/usr/share",
    }


@pytest.fixture(params=["bash", "zsh"])
def shell(
    request: pytest.FixtureRequest, surroundings: dict[str, str], root: Path, tmp_path: Path
) -> Iterator[pexpect.spawn[str]]:
    """An interactive one, as it stands after a user's startup files."""
    startup = {
        "bash": [f"PS1='{_PROMPT}'", ". /usr/share/bash-completion/bash_completion"],
        "zsh": [
            f"fpath=({root}/share/zsh/site-functions $fpath)",
            f"autoload -Uz compinit && compinit -u -d {tmp_path}/dump; PS1='{_PROMPT}'",
        ],
    }[request.param]
    argv = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[request.param]
    spawned = pexpect.spawn(
        request.param,
        argv,
        env=surroundings,
        encoding="utf-8",
        timeout=_SECONDS,
        cwd=str(tmp_path),
        dimensions=(24, 200),
    )
    for line in startup:
        spawned.sendline(line)
    spawned.sendline("echo be''gun")
    spawned.expect(r"begun\s")
    spawned.expect_exact(_PROMPT)
    yield spawned
    spawned.close(force=True)


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("inspector doc", "doctor"),
        ("inspector frames --sysc", "--syscall"),
        ("inspector frames --origin int3-", "int3-step"),
        ("inspector frames --syscall rt_sigret", "rt_sigreturn"),
        ("inspector explain orig", "orig_ax"),
        ("inspector frames -c vmco", "vmcore"),
        ("inspector vmco", "vmcore"),
    ],
)
def test_tab_finishes_the_word(
    typed: str, becomes: str, shell: pexpect.spawn[str], tmp_path: Path
) -> None:
    (tmp_path / "vmcore").touch()
    shell.send(f"{typed}\t")
    shell.expect_exact(f"{typed.removesuffix(typed.split()[-1])}{becomes} ")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("inspector ", {"frames", "diff", "explain", "report", "doctor", "repl"}),
        ("inspector frames --origin int", {"int3", "int3-step", "int80"}),
        ("inspector freeze --via ", {"module", "tracefs"}),
    ],
)
def test_fish_offers_what_the_program_knows(
    typed: str, offered: set[str], surroundings: dict[str, str]
) -> None:
    code = f"complete --do-complete '{typed}'"
    argv = ["fish", "--private", "-c", code]
    result = subprocess.run(argv, env=surroundings, stdout=subprocess.PIPE, text=True, check=True)
    assert {line.partition("\t")[0] for line in result.stdout.splitlines()} >= offered


def test_a_completion_imports_nothing_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_INSPECTOR_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "inspector frames --syscall cl")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert imported() == []
