#!/bin/sh
# Build the pinned llama.cpp from source, for machines without a prebuilt library (some 10 minutes on two cores).
#   native/build.sh [cpu|cuda|metal|vulkan]        leaves the libraries in native/lib/current
# OPENMP=OFF    leaves out OpenMP (on by default: its barrier yields, which a busy machine needs)
# NATIVE=OFF    makes a library for any machine of this platform instead of for this one
# CMAKE_FLAGS   further flags, handed to cmake as they are
set -eu
. "$(dirname -- "$0")/common.sh"
backend=${1:-cpu}; plat=$(platform)
for tool in cmake ninja c++; do
  command -v $tool >/dev/null 2>&1 || die "$tool is missing: install it (Debian: apt-get install cmake ninja-build g++)"
done
case "$backend" in
  cpu) flags="-DGGML_METAL=OFF" ;;
  cuda) flags="-DGGML_CUDA=ON" ;;
  metal) flags="-DGGML_METAL=ON -DGGML_METAL_EMBED_LIBRARY=ON" ;;
  vulkan) flags="-DGGML_VULKAN=ON" ;;
  *) die "unknown BACKEND '$backend': use cpu, cuda, metal or vulkan" ;;
esac
"$native_dir/source.sh"
target=$lib_dir/$plat-$backend-source; work=$lib_dir/build-$backend
# LLAMA_BUILD_IS_DEV is what makes the library call itself v0.5.0-dev instead of v0.5.0.
# shellcheck disable=SC2086
cmake -S "$lib_dir/source" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
  -DLLAMA_BUILD_IS_DEV=OFF -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
  -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_CURL=OFF -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON -DCMAKE_INSTALL_RPATH='$ORIGIN' -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
  -DCMAKE_PROJECT_ggml_INCLUDE="$native_dir/base.cmake" -DGGML_NATIVE="${NATIVE:-ON}" -DGGML_OPENMP="${OPENMP:-ON}" $flags ${CMAKE_FLAGS:-}
ninja -C "$work"
fresh=$(mktemp -d "$lib_dir/new.XXXXXX"); chmod 755 "$fresh"
for f in "$work"/bin/*.so* "$work"/bin/*.dylib; do [ -e "$f" ] && cp -P "$f" "$fresh/"; done
ls "$fresh" | grep -q llama || die "the build left no libllama in $work/bin"
echo "source $(pin llama.cpp)" > "$fresh/.complete"
rm -rf "$target"; mv "$fresh" "$target"
activate "$target"
echo "native: llama.cpp $(pin llama.cpp) ($backend, from source) in $target" >&2
