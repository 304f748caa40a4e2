#!/bin/sh
# Fetch the pinned prebuilt llama.cpp libraries for this machine and verify them.
#   native/fetch.sh [cpu|cuda|cuda-ext|vulkan]     leaves them in native/lib/current
# cuda-ext is cuda with the package's second CUDA library, for GPUs or drivers that the first does not serve.
# A second call finds everything in place and fetches nothing.
set -eu
. "$(dirname -- "$0")/common.sh"
backend=${1:-cpu}; plat=$(platform)

row() { awk -v p="$plat" -v b="$1" '$1 == "prebuilt" && $2 == p && $3 == b { print $4, $5; exit }' "$pins"; }
first=$backend; [ "$backend" = cuda-ext ] && first=cuda
[ -n "$(row "$backend")" ] || die "no prebuilt $backend library is pinned for $plat in $pins: build it with 'make native FROM=source BACKEND=$backend', or name a folder with KVANT_NATIVE_DIR"

stamp=$(row "$first" | cut -d' ' -f2)-$(row "$backend" | cut -d' ' -f2)
target=$lib_dir/$plat-$backend
if [ ! -f "$target/.complete" ] || [ "$(cat "$target/.complete")" != "$stamp" ]; then
  mkdir -p "$lib_dir"; fresh=$(mktemp -d "$lib_dir/new.XXXXXX"); chmod 755 "$fresh"
  set -- $(row "$first"); archive=$(download "$1" "$2")
  tar xzf "$archive" -C "$fresh" --strip-components=3 "package/bins/$(basename "$1")"
  if [ "$backend" = cuda-ext ]; then
    set -- $(row cuda-ext); archive=$(download "$1" "$2")
    tar xzf "$archive" -C "$fresh" --strip-components=4 package/bins/linux-x64-cuda/fallback
  fi
  # The Node add-on and llama-common (C++ only) are of no use through a C interface.
  rm -f "$fresh"/llama-addon.node "$fresh"/libllama-common.* "$fresh"/_nlcBuildMetadata.json
  echo "$stamp" > "$fresh/.complete"
  rm -rf "$target"; mv "$fresh" "$target"
  echo "native: llama.cpp $(pin llama.cpp) ($backend) for $plat in $target" >&2
fi
activate "$target"
