#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In namespaces of its own. $1: root.tar, $2: an empty directory, $3: a script.
# Unpacks the one into the other and runs the script there. objtool of 7.2 wants
# /proc; device nodes cannot be made in a user namespace, so /dev is the host's.
tar -x -f "$1" -C "$2" --no-same-owner --exclude='./dev/*'
mkdir -p "$2/proc" "$2/dev" "$2/lab/out"
mount -t proc proc "$2/proc"
mount --rbind /dev "$2/dev"
cp -L /etc/resolv.conf "$2/etc/resolv.conf"
exec chroot "$2" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh -eux "$3"
