#!/bin/sh
# Puts promtool and prometheus into DEST, for the tests; installs nothing and needs no root.
# On Debian and its kin the distribution's package is downloaded and unpacked; elsewhere what stands on the PATH is linked.
# usage: monitoring/fetch-prometheus.sh DEST
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 DEST" >&2
    exit 2
fi
mkdir -p "$1"
dest=$(cd "$1" && pwd)

runs() {
    [ -x "$dest/promtool" ] && "$dest/promtool" --version >/dev/null 2>&1 \
        && [ -x "$dest/prometheus" ] && "$dest/prometheus" --version >/dev/null 2>&1
}

if runs; then
    exit 0
fi

work="$dest/.prometheus.$$"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"

if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 \
    && (cd "$work" && apt-get -q download prometheus >download.log 2>&1 && dpkg-deb -x prometheus_*.deb tree); then
    for tool in promtool prometheus; do
        mv "$work/tree/usr/bin/$tool" "$work/$tool"
        mv -f "$work/$tool" "$dest/$tool"
    done
else
    for tool in promtool prometheus; do
        found=$(command -v "$tool") || continue
        ln -sf "$found" "$dest/$tool"
    done
fi

if ! runs; then
    if [ -s "$work/download.log" ]; then
        sed 's/^/apt-get: /' "$work/download.log" >&2
    fi
    echo "No promtool and prometheus: install Prometheus 2.40 or newer (Debian: apt install prometheus; macOS: brew install prometheus) and run $0 $1 again." >&2
    exit 1
fi
