#!/usr/bin/env bash
# A throw-away server that speaks S3, for the tests:  s3.sh start DIR PORT | stop DIR
# moto 5.2.1 on 127.0.0.1, which calls nobody and keeps all in memory. It checks every signature: DIR/key then holds an
# access key and its secret, a line each, and DIR/reader those of a user who may only read. The bucket is called "site".
# The first start installs it (tests/s3.lock, by hash) into STEADYCAST_TEST_DOWNLOADS, outside of the project's own venv.
set -euo pipefail
cd "$(dirname "$0")/.."

downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}
venv=$downloads/s3-$(sha256sum tests/s3.lock | cut -c1-12)

install_server() {
  [ -f "$venv/whole" ] && return
  mkdir -p "$downloads"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/s3.lock
  touch "$venv/whole"
}

# Seven requests are let in unsigned, to make the users; then it asks for a signature, and what its user may do.
start() {
  local dir=$1 port=$2
  install_server
  mkdir -p "$dir"
  INITIAL_NO_AUTH_ACTION_COUNT=7 "$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$dir/log" 2>&1 &
  echo $! >"$dir/pid"
  "$venv/bin/python" - "$dir" "$port" <<'PY'
import json, sys, time, pathlib
import boto3, botocore.exceptions

folder, port = pathlib.Path(sys.argv[1]), sys.argv[2]
of = dict(endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
s3, iam = boto3.client("s3", **of), boto3.client("iam", **of)
for _ in range(300):
    try:
        s3.create_bucket(Bucket="site")
        break
    except botocore.exceptions.EndpointConnectionError:
        time.sleep(0.1)
for user, file, actions in (("writer", "key", ["s3:*"]), ("reader", "reader", ["s3:Get*", "s3:List*"])):
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    (folder / file).write_text(f"{key['AccessKeyId']}\n{key['SecretAccessKey']}\n")
PY
}

case ${1:-} in
  start) start "$2" "$3" ;;
  stop) kill "$(cat "$2/pid")" ;;
  *) sed -n 2,5p "$0" >&2; exit 2 ;;
esac
