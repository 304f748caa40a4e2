#!/bin/bash
# Time `kvant quantize` beside llama-quantize on the same file, in turn, and compare what they write.
#   LLAMA_QUANTIZE  llama-quantize of llama.cpp v0.5.0 (required)
#   MODEL           the F16, BF16 or F32 GGUF file (required)
#   TYPES           presets (default: Q4_K_M Q4_0)
#   THREADS         threads for each (default: all cores)
#   ROUNDS          how often each runs (default: 5; one more before that warms the page cache)
#   IMATRIX         an importance matrix for both
#   OUT             folder for the outputs (default: beside the model's temporary files, $TMPDIR or /var/tmp)
# Prints the median wall time, processor time and peak resident memory of each, their ratios, and whether the files are the same.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
: "${LLAMA_QUANTIZE:?name the llama-quantize program}" "${MODEL:?name the GGUF file to quantize}"
types=${TYPES:-Q4_K_M Q4_0}; threads=${THREADS:-$(nproc)}; rounds=${ROUNDS:-5}
folder=$(mktemp -d "${OUT:-${TMPDIR:-/var/tmp}}/kvant-bench-XXXXXX")
trap 'rm -rf "$folder"' EXIT
timer=$folder/timer.py
cat > "$timer" <<'EOF'
import os, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=open(sys.argv[1] + ".log", "w")).returncode
wall = time.monotonic() - start
use = resource.getrusage(resource.RUSAGE_CHILDREN)
if code:
    sys.exit(open(sys.argv[1] + ".log").read() + f"failed with {code}")
with open(sys.argv[1], "a") as f:
    f.write(f"{wall} {use.ru_utime + use.ru_stime} {use.ru_maxrss / 1024}\n")
EOF
imatrix=${IMATRIX:+--imatrix $IMATRIX}
ours() { # shellcheck disable=SC2086
  python3 "$timer" "$1" "$here/bin/kvant" quantize "$MODEL" "$folder/ours.gguf" --type "$2" -t "$threads" -q $imatrix; }
theirs() { # shellcheck disable=SC2086
  python3 "$timer" "$1" "$LLAMA_QUANTIZE" $imatrix "$MODEL" "$folder/theirs.gguf" "$2" "$threads"; }
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

echo "$(basename "$MODEL"), $threads threads, medians of $rounds rounds in turn"
printf '%-7s %10s %10s %7s %10s %10s %10s %10s  %s\n' type kvant llama.cpp ratio kvant llama.cpp kvant llama.cpp file
printf '%-7s %10s %10s %7s %10s %10s %10s %10s\n' '' 's' 's' '' 'cpu s' 'cpu s' 'RSS MiB' 'RSS MiB'
for type in $types; do
  ours "$folder/warm" "$type"; theirs "$folder/warm" "$type"
  same=$(cmp -s "$folder/ours.gguf" "$folder/theirs.gguf" && echo same || echo DIFFERENT)
  for _ in $(seq "$rounds"); do
    ours "$folder/ours.$type" "$type"; theirs "$folder/theirs.$type" "$type"
  done
  for column in 1 2 3; do
    declare "o$column=$(cut -d' ' -f$column "$folder/ours.$type" | median)"
    declare "t$column=$(cut -d' ' -f$column "$folder/theirs.$type" | median)"
  done
  # shellcheck disable=SC2154
  awk -v n="$type" -v a="$o1" -v b="$t1" -v c="$o2" -v d="$t2" -v e="$o3" -v f="$t3" -v s="$same" \
    'BEGIN { printf "%-7s %10.2f %10.2f %7.2f %10.2f %10.2f %10.0f %10.0f  %s\n", n, a, b, a / b, c, d, e, f, s }'
done
