#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# A Python that runs below /opt/python of any x86-64 root, whatever libc that has: with
# its own loader and libraries, and the wheels in /lab/wheels. Into /lab/out/python.
# (5.10's own suite has a Python that is too old.)
apt-get update
apt-get install -y --no-install-recommends python3 patchelf
python=$(readlink -f "$(command -v python3)")
name=${python##*/} # python3.11
to=/opt/python
library=$to/lib/$name
mkdir -p $to/bin "$library/dist-packages" /lab/out

cp -r "/usr/lib/$name/." "$library"
rm -rf "$library"/test "$library"/lib2to3 "$library"/config-*
for wheel in /lab/wheels/*.whl; do
	python3 -m zipfile -e "$wheel" "$library/dist-packages"
done
echo /lab/checkout >"$library/dist-packages/lab.pth"

# The libraries of the interpreter, its extensions and the wheels; theirs of their own aside.
cp "$python" $to/bin/python3
find "$library" -name '*.so*' -exec ldd {} + 2>/dev/null | grep -o '=> /[^ ]*' | cut -c 4- |
	grep -v "^$to/" | sort -u >/lab/libraries
ldd "$python" | grep -o '/[^ ]*' >>/lab/libraries
sort -u /lab/libraries | while read -r found; do
	cp -L "$found" $to/lib/
done
# DT_RPATH, which the extensions' own needs are looked up by too.
patchelf --force-rpath --set-rpath $to/lib --set-interpreter $to/lib/ld-linux-x86-64.so.2 \
	$to/bin/python3

python3 -m compileall -q --invalidation-mode unchecked-hash "$library" || true # not all is Python 3
$to/bin/python3 -c 'import click, drgn, rich, ssl, sys; assert sys.prefix == "/opt/python"'
mv $to /lab/out/python
