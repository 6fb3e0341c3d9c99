#!/usr/bin/env bash
# A throw-away Radicale 3.9 (CalDAV) for the tests:  radicale.sh start DIR PORT | stop DIR
# The real server; it listens on 127.0.0.1 only and calls nobody. Users news and reader, each with the password NAME-pass-1.
# An object may have 40,000 characters, and everybody may read what is news's.
# Radicale is under the GPL: it is a server for the tests alone, in a venv of its own, and no part of Steadycast.
# The first start installs it (30 MB) into STEADYCAST_TEST_DOWNLOADS, by the hashes of tests/radicale.lock.
set -euo pipefail

downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}
lock=$(cd "$(dirname "$0")" && pwd)/radicale.lock
venv=$downloads/radicale-$(sha256sum "$lock" | cut -c1-12)

install_radicale() {
  mkdir -p "$downloads"
  (
    flock 9
    [ -f "$venv/ready" ] && exit 0
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r "$lock"
    touch "$venv/ready"
  ) 9>"$venv.lock"
}

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  install_radicale
  mkdir -p "$dir"
  printf 'news:news-pass-1\nreader:reader-pass-1\n' >"$dir/users"
  cat >"$dir/rights" <<'R'
[own]
user: .+
collection: {user}(/.*)?
permissions: RrWw
[others]
user: .+
collection: news(/.*)?
permissions: Rr
R
  cat >"$dir/config" <<C
[server]
hosts = 127.0.0.1:$port
max_resource_size = 40000
[auth]
type = htpasswd
htpasswd_filename = $dir/users
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = $dir/rights
[storage]
filesystem_folder = $dir/data
[logging]
level = warning
C
  setsid "$venv/bin/python" -m radicale -C "$dir/config" >"$dir/server.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && exit 0
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
  echo "usage: radicale.sh start DIR PORT | stop DIR" >&2
  exit 2
  ;;
esac
