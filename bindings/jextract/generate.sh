#!/bin/sh
# Regenerates org.kvant.llama.ffi from the pinned headers: generate.sh HEADERS_DIR [OUTPUT_DIR]
# HEADERS_DIR holds llama.h and the ggml headers, flat. Needs `jextract` (for JDK 25) on the PATH.
# The result does not depend on the machine: the C library's headers are replaced by those in include/.
set -eu

headers=${1:?usage: generate.sh HEADERS_DIR [OUTPUT_DIR]}
headers=$(cd "$headers" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
output=${2:-$here/../src/main/java}
package=org.kvant.llama.ffi

test -f "$headers/llama.h" || { echo "no llama.h in $headers; 'make native' puts the pinned headers there" >&2; exit 1; }
command -v jextract >/dev/null || { echo "no jextract on the PATH: install one that runs on JDK 25" >&2; exit 1; }

mkdir -p "$output"
output=$(cd "$output" && pwd)
target=$output/$(echo "$package" | tr . /)
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

# jextract reads compile_flags.txt from its working directory.
cd "$here"
jextract --output "$fresh" -t "$package" --header-class-name llama_h \
    -I "$here/include" -I "$headers" @includes.txt "$headers/llama.h"

# jextract declares the layout of a C long as the system that it runs on has it, and the cast in the declaration fails
# on the others. No function uses it (size_t is a long long in include/), so the declaration goes.
shared="$fresh/org/kvant/llama/ffi/llama_h\$shared.java"
sed '/ C_LONG = /d' "$shared" > "$shared.new"
mv "$shared.new" "$shared"
if grep -rwn C_LONG "$fresh"; then
    echo "a generated binding uses a C long, whose size differs between systems" >&2
    exit 1
fi

mkdir -p "$target"
rm -f "$target"/*.java
cp "$fresh"/org/kvant/llama/ffi/*.java "$target"/
