# Shared by fetch.sh, source.sh and build.sh: the pins, the platform, downloading with a checksum.
# shellcheck shell=sh

native_dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lib_dir=$native_dir/lib
pins=$native_dir/pins.txt

die() { echo "native: $*" >&2; exit 1; }

pin() { awk -v k="$1" '$1 == k { print $2; exit }' "$pins"; }

platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    Darwin-arm64) echo mac-arm64 ;;
    Darwin-x86_64) echo mac-x64 ;;
    *) echo "$(uname -s)-$(uname -m)" | tr 'A-Z' 'a-z' ;;
  esac
}

sha512() {
  if command -v sha512sum >/dev/null 2>&1; then sha512sum "$1" | cut -d' ' -f1
  else shasum -a 512 "$1" | cut -d' ' -f1; fi
}

# download PACKAGE SHA512 -> prints the path of the verified archive; keeps it, so that a second call is free
download() {
  command -v npm >/dev/null 2>&1 || die "npm is missing: install it (Debian: apt-get install npm) or name a folder of libraries with KVANT_NATIVE_DIR"
  store=$lib_dir/downloads; mkdir -p "$store"
  archive=$store/$(echo "$1" | tr -d '@' | tr '/' '-')-$(pin npm).tgz
  if [ ! -f "$archive" ]; then
    echo "native: fetching $1@$(pin npm)" >&2
    part=$(mktemp -d "$store/part.XXXXXX"); trap 'rm -rf "$part"' EXIT INT TERM
    (cd "$part" && npm pack --silent "$1@$(pin npm)" >npm.out 2>npm.err) \
      || { sed 's/^/native:   /' "$part/npm.err" >&2; die "npm could not fetch $1@$(pin npm)"; }
    mv "$part"/*.tgz "$part/archive"
    got=$(sha512 "$part/archive")
    [ "$got" = "$2" ] || die "checksum of $1@$(pin npm) differs from $pins: expected $2, got $got; nothing was installed"
    mv "$part/archive" "$archive"; rm -rf "$part"; trap - EXIT INT TERM
  fi
  got=$(sha512 "$archive")
  [ "$got" = "$2" ] || die "checksum of $archive differs from $pins: expected $2, got $got; delete that file and try again"
  echo "$archive"
}

# activate FOLDER: libraries in it become the ones that everything uses
activate() {
  ln -sfn "$(basename "$1")" "$lib_dir/current.new"
  mv -Tf "$lib_dir/current.new" "$lib_dir/current" 2>/dev/null || { rm -f "$lib_dir/current"; mv -f "$lib_dir/current.new" "$lib_dir/current"; }
}
