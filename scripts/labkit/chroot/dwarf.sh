#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# vmlinux with DWARF, of the very version of the image.
read -r release version </kernel/version
apt-get update
cd /tmp
apt-get download "linux-image-$release-dbg=$version"
# A file in /usr/lib/debug/boot; of newer packages a link there, to the file beside the modules.
vmlinux=$(dpkg-deb --contents linux-image-*.deb | awk '$1 ~ /^-/ && $6 ~ /\/vmlinux/ { print $6 }')
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x -O "$vmlinux" >/lab/out/vmlinux
test -s /lab/out/vmlinux
