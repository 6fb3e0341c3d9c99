#!/usr/bin/env bash
# A throw-away Synapse 1.163 (Matrix) for the tests:  synapse.sh start DIR PORT | stop DIR
# The real server, on SQLite; it listens on 127.0.0.1 only and calls nobody. Its server name is localhost.
# It knows the users news, reader and admin, each with the password NAME-pass-1; admin is one.
# Synapse is under the AGPL: it is a server for the tests alone, in a venv of its own, and no part of Steadycast.
# The first start installs it (240 MB) into STEADYCAST_TEST_DOWNLOADS, by the hashes of tests/synapse.lock.
set -euo pipefail

downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}
lock=$(cd "$(dirname "$0")" && pwd)/synapse.lock
venv=$downloads/synapse-$(sha256sum "$lock" | cut -c1-12)

install_synapse() {
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

write_settings() {
  local dir=$1 port=$2
  cat >"$dir/homeserver.yaml" <<Y
server_name: localhost
report_stats: false
signing_key_path: $dir/signing.key
media_store_path: $dir/media
pid_file: $dir/synapse.pid
log_config: $dir/log.yaml
database: {name: sqlite3, args: {database: $dir/homeserver.db}}
listeners:
  - {port: $port, bind_addresses: ['127.0.0.1'], type: http, tls: false, x_forwarded: false, resources: [{names: [client, media], compress: false}]}
trusted_key_servers: []
federation_domain_whitelist: []
registration_shared_secret: test-secret
url_preview_enabled: false
suppress_key_server_warning: true
use_presence: false
max_upload_size: 2M
rc_message: {per_second: 1000, burst_count: 1000}
rc_login: {address: {per_second: 1000, burst_count: 1000}, account: {per_second: 1000, burst_count: 1000}, failed_attempts: {per_second: 1000, burst_count: 1000}}
rc_registration: {per_second: 1000, burst_count: 1000}
Y
  cat >"$dir/log.yaml" <<Y
version: 1
formatters: {line: {format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}
handlers: {file: {class: logging.FileHandler, filename: $dir/server.log, formatter: line}}
root: {level: WARNING, handlers: [file]}
Y
}

# Waits for the server, and makes its users with the shared secret.
make_users() {
  python3 - "$1" <<'PY'
import hashlib, hmac, json, sys, time, urllib.error, urllib.request

url = f"http://127.0.0.1:{sys.argv[1]}/_synapse/admin/v1/register"
for attempt in range(300):
    try:
        urllib.request.urlopen(url, timeout=5).close()
        break
    except OSError:
        time.sleep(0.1)
for name in ("news", "reader", "admin"):
    nonce = json.load(urllib.request.urlopen(url, timeout=30))["nonce"]
    asked = {"nonce": nonce, "username": name, "password": f"{name}-pass-1", "admin": name == "admin"}
    signed = "\0".join((nonce, name, asked["password"], "admin" if asked["admin"] else "notadmin"))
    asked["mac"] = hmac.new(b"test-secret", signed.encode(), hashlib.sha1).hexdigest()
    urllib.request.urlopen(url, data=json.dumps(asked).encode(), timeout=30).close()
PY
}

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  install_synapse
  mkdir -p "$dir"
  write_settings "$dir" "$port"
  cd "$dir"
  [ -f signing.key ] || "$venv/bin/python" -c 'import sys; from signedjson.key import generate_signing_key, write_signing_keys; write_signing_keys(open(sys.argv[1], "w"), [generate_signing_key("a_test")])' signing.key
  setsid "$venv/bin/python" -m synapse.app.homeserver -c homeserver.yaml >server.out 2>&1 </dev/null &
  echo $! >pid
  make_users "$port" || { tail -5 server.out server.log >&2; exit 1; }
  ;;
stop)
  dir=${2:?folder}
  [ -f "$dir/pid" ] || exit 0
  kill -- "-$(cat "$dir/pid")" 2>/dev/null || true
  rm -f "$dir/pid"
  ;;
*)
  echo "usage: synapse.sh start DIR PORT | stop DIR" >&2
  exit 2
  ;;
esac
