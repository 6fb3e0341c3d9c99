#!/usr/bin/env bash
# A throw-away server of the AT Protocol (a PDS, as Bluesky's own accounts have) for the tests:  bluesky.sh start DIR PORT | stop DIR
# The real @atproto/pds with SQLite; it listens on 127.0.0.1 only and calls nobody. DIR/ready.json then says its address and an account.
# The first start downloads it (180 MB with Node 22) into STEADYCAST_TEST_DOWNLOADS, each package by its hash in bluesky/pnpm-lock.yaml.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}

# Prints the folder that the server's packages are in; its name has their hash, so that other packages are another folder.
install_server() {
  local lock new made
  lock=$(sha256sum "$here/bluesky/pnpm-lock.yaml")
  made=$downloads/pds-${lock:0:12}
  exec 8>"$downloads/pds.lock"
  flock 8
  if [ ! -d "$made" ]; then
    new=$(mktemp -d "$downloads/new.XXXXXX")
    cp "$here"/bluesky/{package.json,pnpm-lock.yaml,pnpm-workspace.yaml} "$new"
    (cd "$new" && pnpm install --frozen-lockfile --prod --ignore-scripts --store-dir "$new/store" --reporter=silent >&2) || { rm -rf "$new"; exit 1; }
    rm -rf "$new/store"
    mv "$new" "$made"
  fi
  echo "$made"
}

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  PATH=$(bash "$here/node22.sh" "$downloads"):$PATH
  packages=$(install_server)
  mkdir -p "$dir"
  # Node looks for packages beside the program: a link to them is enough.
  cp "$here/bluesky/server.mjs" "$here/bluesky/package.json" "$dir"
  ln -sfn "$packages/node_modules" "$dir/node_modules"
  setsid node "$dir/server.mjs" "$dir/data" "$port" >"$dir/server.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 900); do
    [ -f "$dir/data/ready.json" ] && exec mv "$dir/data/ready.json" "$dir/ready.json"
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    sleep 0.1
  done
  tail -5 "$dir/server.log" >&2
  exit 1
  ;;
stop)
  dir=${2:?folder}
  [ -f "$dir/pid" ] || exit 0
  kill -- "-$(cat "$dir/pid")" 2>/dev/null || true
  rm -f "$dir/pid"
  ;;
*)
  echo "usage: bluesky.sh start DIR PORT | stop DIR" >&2
  exit 2
  ;;
esac
