#!/bin/sh
# Puts a program `chromium` into DEST, for the tests of the server's page; installs nothing and needs no root.
# What stands on the PATH is taken. Else, on Debian and its kin, the distribution's package is downloaded and unpacked, with those it depends on
# that this system lacks. CHROMIUM=<program> names one.
# usage: monitoring/fetch-chromium.sh DEST
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 DEST" >&2
    exit 2
fi
mkdir -p "$1"
dest=$(cd "$1" && pwd)

runs() {
    [ -x "$1" ] && "$1" --version >/dev/null 2>&1
}

if [ -z "${CHROMIUM:-}" ] && runs "$dest/chromium"; then
    exit 0
fi

work="$dest/.chromium.$$"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"

# start PROGRAM [ENVIRONMENT]: the program behind one name that is always headless.
start() {
    printf '#!/bin/sh\n%sexec "%s" --headless "$@"\n' "${2:-}" "$1" >"$work/chromium"
    chmod +x "$work/chromium"
    runs "$work/chromium" && mv -f "$work/chromium" "$dest/chromium"
}

mac="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
for name in ${CHROMIUM:+"$CHROMIUM"} chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable "$mac"; do
    found=$(command -v "$name" 2>/dev/null) || continue
    if start "$found"; then
        exit 0
    fi
done

unpacked() {
    cd "$work"
    apt-get -q -s --no-install-recommends install chromium-headless-shell >plan 2>download.log || return 1
    # shellcheck disable=SC2046
    apt-get -q download $(awk '/^Inst / { print $2 }' plan) >>download.log 2>&1 || return 1
    rm -rf "$dest/chromium.tree"
    for package in ./*.deb; do
        dpkg-deb -x "$package" "$dest/chromium.tree" || return 1
    done
    cd "$dest"
}

if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 && (unpacked); then
    tree="$dest/chromium.tree"
    libraries=$(find "$tree/lib" "$tree/usr/lib" -name '*.so*' -exec dirname {} + 2>/dev/null | sort -u | tr '\n' ':')
    settings="export LD_LIBRARY_PATH='${libraries%:}'
"
    [ -e /etc/fonts/fonts.conf ] || settings="${settings}export FONTCONFIG_SYSROOT='$tree'
"
    if start "$tree/usr/lib/chromium/chromium-headless-shell" "$settings"; then
        exit 0
    fi
fi

if [ -s "$work/download.log" ]; then
    sed 's/^/apt-get: /' "$work/download.log" >&2
fi
echo "No Chromium: install one (Debian: apt install chromium; macOS: Google Chrome), or name it as CHROMIUM=<program>, and run $0 $1 again." >&2
exit 1
