#!/bin/sh
# Install the system packages that the tests need: with apt-get as root or by sudo without a password; else name them and stop.
set -eu
PATH=$PATH:/usr/sbin:/sbin  # dpkg needs them; a plain user may not have them
say() { printf 'planaris: %s\n' "$*" >&2; }

# One line a need: any of these commands / the Debian package that brings one.
needs='chromium|chromium-browser|google-chrome chromium'

missing=
while read -r commands package; do
    found=
    for command in $(echo "$commands" | tr '|' ' '); do
        command -v "$command" >/dev/null 2>&1 && found=yes
    done
    [ -n "$found" ] || missing="$missing $package"
done <<LIST
$needs
LIST
# Chinese letters, without which the page's texts are boxes in tests and pictures.
if ! fc-list :lang=zh 2>/dev/null | grep -q .; then
    missing="$missing fontconfig fonts-wqy-microhei"
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true >/dev/null 2>&1; then
    as_root="sudo -n"
else
    say "missing for the tests:$missing (Debian, Ubuntu: sudo apt-get install$missing)"
    exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
    say "missing for the tests:$missing (no apt-get here: install them by your system's own means)"
    exit 1
fi

say "installing for the tests:$missing (apt-get)"
log=$(mktemp)
# shellcheck disable=SC2086
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
       apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    say "apt-get could not install:$missing"
    exit 1
fi
rm -f "$log"
