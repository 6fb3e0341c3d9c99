# For the tests' servers that are written in Python: made once by the hashes of a lock file, started, stopped. Source it.
downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}

# venv_of LOCK: prints the folder of a venv that has what the lock file says; the first call installs it
venv_of() {
  local lock=$1 venv
  venv=$downloads/$(basename "$lock" .lock)-$(sha256sum "$lock" | cut -c1-12)
  mkdir -p "$downloads"
  (
    flock 9
    [ -f "$venv/ready" ] && exit 0
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r "$lock"
    touch "$venv/ready"
  ) 9>"$venv.lock" >&2
  echo "$venv"
}

# serve DIR PORT COMMAND...: until somebody listens at the port
serve() {
  local dir=$1 port=$2
  shift 2
  setsid "$@" >"$dir/server.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
    sleep 0.1
  done
  tail -5 "$dir/server.log" >&2
  return 1
}

# end DIR
end() {
  [ -f "$1/pid" ] || return 0
  kill -- "-$(cat "$1/pid")" 2>/dev/null || true
  rm -f "$1/pid"
}
