#!/usr/bin/env bash
# A throw-away Micropub server for the tests:  micropub.sh start DIR PORT | stop DIR
# django-indieweb 0.6.2 on Django 5.2: its own views speak Micropub, check tokens and their scopes, and take files; what it
# leaves to a site, where a post is kept and shown, is tests/micropub_site.py. It listens on 127.0.0.1 only and calls nobody.
# DIR/token then holds a token that may do all, DIR/reader one that may create nothing.
# The first start installs it (110 MB) into STEADYCAST_TEST_DOWNLOADS, by the hashes of tests/micropub.lock.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/python_server.sh"

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  venv=$(venv_of "$here/micropub.lock")
  mkdir -p "$dir"
  serve "$dir" "$port" "$venv/bin/python" "$here/micropub_site.py" "$dir" "$port"
  ;;
stop)
  end "${2:?folder}"
  ;;
*)
  echo "usage: micropub.sh start DIR PORT | stop DIR" >&2
  exit 2
  ;;
esac
