#!/usr/bin/env bash
# A throw-away Ghost 6.65 for the tests:  ghost.sh start DIR PORT [MAILGUN_PORT] | stop DIR
# The real server, on Node 22 and SQLite; it listens on 127.0.0.1 only and calls nobody. Newsletters go to what listens on
# MAILGUN_PORT of this machine in the place of Mailgun; without it, the site has nothing to send them with.
# DIR/key then holds the Admin API key of an integration, DIR/contributor the token of a staff member who may not publish.
# The first start installs Ghost (590 MB) into STEADYCAST_TEST_DOWNLOADS: its package by the hash below, and what that
# needs by the hashes of the lock file in it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}
ghost_hash=0f7ebdaa2bce99f9f8630bc10f50e58ce1ac1e727304442106c8859c1643f868d6ac1a5d6506183479de89070a4152705289bc7875a69759f91512d02305453a
# Of the driver that Ghost asks for there is no binary in its package, of this one there is: nothing has to be compiled.
sqlite=13.2.0
sqlite_hash=sha512-Z8Q/9x/uNyKxA1v4FNodyItRVRw1TeKBrmj32JhxhR0ceNcBY+wMobt/Bv7M7TzwPAXjnZRtNaEsATnUZSKWZQ==

install_ghost() {
  local new
  exec 8>"$downloads/ghost.lock"
  flock 8
  [ ! -d "$downloads/ghost-6.65.0" ] || return 0
  new=$(mktemp -d "$downloads/new.XXXXXX")
  # Whatever goes wrong: no half of it stays, and no server.
  trap "end '$new' KILL; rm -rf '$new'" EXIT
  (
    cd "$new"
    npm pack --silent ghost@6.65.0 >/dev/null
    echo "$ghost_hash  $(ls ./*.tgz)" | sha512sum --check --quiet
    mkdir ghost
    tar xzf ./*.tgz --no-same-owner --strip-components=1 -C ghost
    cd ghost
    sed -i "s/\"better-sqlite3\": \"12.11.1\"/\"better-sqlite3\": \"$sqlite\"/" package.json
    node -e 'const fs = require("fs"), p = JSON.parse(fs.readFileSync("package.json")); delete p.devDependencies; fs.writeFileSync("package.json", JSON.stringify(p))'
    sed -i -e "s/better-sqlite3@12\.11\.1/better-sqlite3@$sqlite/g; s/^\(\s*\(specifier\|version\|better-sqlite3\): \)12\.11\.1$/\1$sqlite/" \
      -e "/^  better-sqlite3@$sqlite:\$/,/^\$/{s#integrity: [^}]*#integrity: $sqlite_hash#;/engines:/d;/dependencies:/d;/bindings:/d;/prebuild-install:/d}" pnpm-lock.yaml
    pnpm install --prod --frozen-lockfile --ignore-scripts --store-dir "$new/store" --reporter=silent
  )
  cd "$new"
  cp -r ghost/content content
  serve "$new" ghost "$3"
  make_accounts "http://127.0.0.1:$3" "$new"
  end "$new" TERM # so that its database is whole
  mkdir ghost/site
  mv content ghost.db key contributor ghost/site
  mv ghost "$downloads/ghost-6.65.0"
  cd "$here"
  rm -rf "$new"
  trap - EXIT
}

# serve DIR SOURCE PORT [MAILGUN_PORT]: until it answers
serve() {
  local dir=$1
  # What a published post links to is told of it: here no name but this machine's leads anywhere.
  cat >"$dir/loopback.cjs" <<'JS'
const dns = require("dns"), real = dns.lookup;
dns.lookup = (name, ...rest) => /^(localhost|127\.0\.0\.1)$/.test(name) ? real(name, ...rest)
  : process.nextTick(rest.at(-1), Object.assign(new Error(`${name} is not asked for`), { code: "ENOTFOUND" }));
JS
  ( # it finds its files from its own folder alone
    cd "$2"
    export NODE_OPTIONS="--require $dir/loopback.cjs" NODE_ENV=development url="http://127.0.0.1:$3" server__host=127.0.0.1 server__port="$3"
    export database__client=better-sqlite3 database__connection__filename="$dir/ghost.db" database__useNullAsDefault=true
    export paths__contentPath="$dir/content/" mail__transport=stub logging__transports='["stdout"]' security__staffDeviceVerification=false
    export privacy__useUpdateCheck=false privacy__useGravatar=false privacy__useIndexNow=false imageOptimization__resize=false
    [ -z "${4:-}" ] || export bulkEmail__mailgun__apiKey=key bulkEmail__mailgun__domain=example.test bulkEmail__mailgun__baseUrl="http://127.0.0.1:$4/v3"
    setsid node index.js >"$dir/server.log" 2>&1 </dev/null 8>&- 9>&- &
    echo $! >"$dir/pid"
  )
  for _ in $(seq 900); do
    node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "http://127.0.0.1:$3/ghost/api/admin/site/" && return 0
    sleep 0.2
  done
  tail -20 "$dir/server.log" >&2
  exit 1
}

# end DIR SIGNAL: until it has ended
end() {
  local pid
  [ -f "$1/pid" ] || return 0
  pid=$(cat "$1/pid")
  rm -f "$1/pid"
  kill -"$2" -- "-$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
}

# make_accounts ADDRESS DIR: the owner, an integration, and somebody who may not publish; DIR gets their keys
make_accounts() {
  python3 - "$@" <<'PY'
import http.cookiejar, json, pathlib, secrets, sqlite3, sys, urllib.request

base, folder = sys.argv[1], pathlib.Path(sys.argv[2])
session = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))


def post(path, told):
    head = {"content-type": "application/json", "origin": base, "accept-version": "v6.0"}
    request = urllib.request.Request(f"{base}/ghost/api/admin/{path}", json.dumps(told).encode(), head)
    body = session.open(request, timeout=60).read()
    return json.loads(body) if body[:1] == b"{" else {}


owner = {"email": "owner@example.test", "password": "Zq7-quiet-harbor-19"}
post("authentication/setup/", {"setup": [{"name": "Owner", "blogTitle": "Steadycast test", **owner}]})
post("session/", {"username": owner["email"], "password": owner["password"]})
made = post("integrations/?include=api_keys", {"integrations": [{"name": "steadycast"}]})["integrations"][0]
key = next(key for key in made["api_keys"] if key["type"] == "admin")
(folder / "key").write_text(f"{key['id']}:{key['secret'].rpartition(':')[2]}")

with sqlite3.connect(folder / "ghost.db", timeout=30) as db:  # an invitation would need mail
    user, token, secret = (secrets.token_hex(n) for n in (12, 12, 32))
    db.execute(
        "insert into users (id, name, slug, password, email, status, created_at, updated_at)"
        " values (?, 'Contributor', 'contributor', '', 'low@example.test', 'active', datetime(), datetime())", (user,))
    db.execute("insert into roles_users select ?, id, ? from roles where name = 'Contributor'", (secrets.token_hex(12), user))
    db.execute(
        "insert into api_keys (id, type, secret, user_id, created_at, updated_at)"
        " values (?, 'admin', ?, ?, datetime(), datetime())", (token, secret, user))
(folder / "contributor").write_text(f"{token}:{secret}")
PY
}

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  PATH=$(bash "$here/node22.sh" "$downloads"):$PATH
  install_ghost "$@"
  cp -r "$downloads"/ghost-6.65.0/site/* "$dir"
  serve "$dir" "$downloads/ghost-6.65.0" "$port" "${4:-}"
  ;;
stop)
  end "${2:?folder}" KILL
  ;;
*)
  echo "usage: ghost.sh start DIR PORT [MAILGUN_PORT] | stop DIR" >&2
  exit 2
  ;;
esac
