#!/usr/bin/env bash
# A throw-away Radicale 3.9 (CalDAV) for the tests:  radicale.sh start DIR PORT | stop DIR
# The real server; it listens on 127.0.0.1 only and calls nobody. Users news and reader, each with the password NAME-pass-1.
# An object may have 40,000 characters, and everybody may read what is news's.
# Radicale is under the GPL: it is a server for the tests alone, in a venv of its own, and no part of Steadycast.
# The first start installs it (30 MB) into STEADYCAST_TEST_DOWNLOADS, by the hashes of tests/radicale.lock.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/python_server.sh"

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  venv=$(venv_of "$here/radicale.lock")
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
  serve "$dir" "$port" "$venv/bin/python" -m radicale -C "$dir/config"
  ;;
stop)
  end "${2:?folder}"
  ;;
*)
  echo "usage: radicale.sh start DIR PORT | stop DIR" >&2
  exit 2
  ;;
esac
