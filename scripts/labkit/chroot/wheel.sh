#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the inspector from the wheels in $2/wheels, into a fresh environment of the
# Python $1 and without an index, and leaves in $2/out what it then does.
python=${1:-python3} lab=${2:-/lab}
fresh=$lab/fresh/bin
mkdir -p "$lab/out"

"$python" -m venv "$lab/fresh"
"$fresh/python" -m pip install --quiet --no-index --find-links "$lab/wheels" frame-inspector
"$fresh/python" -m pip list --format json --disable-pip-version-check >"$lab/out/installed.json"

cd /
status=0
"$fresh/inspector" report --demo --format json >"$lab/out/report.json" 2>"$lab/out/report.err" ||
	status=$?
echo "$status" >"$lab/out/report.status"
for command in frames diff explain stack "probe kernel_clone" "repl -e bt"; do
	# shellcheck disable=SC2086 # words
	"$fresh/inspector" $command --demo >"$lab/out/$command" 2>&1
done
"$fresh/python" -I "$lab/facts.py" >"$lab/out/facts.json"
