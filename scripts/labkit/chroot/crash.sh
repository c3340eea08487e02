#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a root with crash: what it answers to /lab/commands, into /lab/out.
crash -s -i /lab/commands /lab/vmlinux /lab/vmcore >/lab/out/frames 2>/lab/out/errors </dev/null || {
	tail -n 5 /lab/out/frames /lab/out/errors >&2
	exit 1
}
crash --version | grep -m 1 "^crash " >/lab/out/version
