#!/usr/bin/env bash
# A throw-away mail server for the tests:  postfix.sh start DIR SMTP PLAIN IMAP IMAPS SASL | stop DIR
# The real Postfix and Dovecot on 127.0.0.1, with settings, queue and mailboxes of their own; nothing of /etc is read,
# and no letter leaves the machine.
# SMTP: submission, logs in after STARTTLS; PLAIN: the same, and logs in without it (a proxy can look into it); IMAP: with STARTTLS; IMAPS: inside TLS.
# DIR/ca.pem is the certificate. news@example.test logs in with news-pass; every mailbox is read with box-pass.
# news, reader, reader1 ... reader20 have mailboxes. gone (5.1.1) and full (5.2.2) are taken, and come back as a bounce.
# Who stands in DIR/slow is told to wait (450). All others are unknown (550).
set -euo pipefail

start() {
  local dir=$1 smtp=$2 plain=$3 imap=$4 imaps=$5 sasl=$6 at
  for need in postfix dovecot openssl; do
    command -v "$need" >/dev/null || { echo "$need is missing: apt install postfix dovecot-imapd" >&2; exit 1; }
  done
  mkdir -p "$dir"
  at=$(mktemp -d /tmp/steadycast-mail.XXXXXX) # each server has users of its own, who have to get there
  echo "$at" >"$dir/at"
  mkdir -p "$at"/{postfix,queue,data,mail,dovecot}
  chmod 755 "$at" "$at"/*
  chown postfix "$at/data"
  chown 5000:5000 "$at/mail"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$at/key.pem" -out "$at/ca.pem" -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null
  cp "$at/ca.pem" "$dir/ca.pem"
  touch "$at/slow"
  ln -sfn "$at/slow" "$dir/slow"
  ln -sfn "$at/mail/example.test" "$dir/mail"

  echo 'news@example.test:{PLAIN}news-pass::::::' >"$at/dovecot/users"
  cat >"$at/dovecot/dovecot.conf" <<CONF
base_dir = $at/dovecot/run
log_path = $at/dovecot/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <$at/ca.pem
ssl_key = <$at/key.pem
disable_plaintext_auth = no
mail_location = maildir:$at/mail/example.test/%n
auth_mechanisms = plain login
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = $at/dovecot/users
}
passdb {
  driver = static
  args = password=box-pass
  mechanisms = plain
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=$at/mail/%n
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
    ssl = yes
  }
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = $sasl
  }
}
CONF

  for user in news reader $(seq -f reader%g 20); do echo "$user@example.test example.test/$user/"; done >"$at/postfix/boxes"
  printf '%s\n' 'gone@example.test gone@gone.test' 'full@example.test full@full.test' >"$at/postfix/aliases"
  printf '%s\n' 'gone.test error:5.1.1 no such mailbox' 'full.test error:5.2.2 mailbox full' >"$at/postfix/transport"
  cat >"$at/postfix/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $at/queue
data_directory = $at/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = $at/postfix
maillog_file_prefixes = /tmp
maillog_file = $at/log
myhostname = mx.example.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
alias_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = $at/mail
virtual_mailbox_maps = texthash:$at/postfix/boxes
virtual_alias_maps = texthash:$at/postfix/aliases
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
transport_maps = texthash:$at/postfix/transport
smtpd_tls_cert_file = $at/ca.pem
smtpd_tls_key_file = $at/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:$sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, check_recipient_access texthash:$at/slow, permit_sasl_authenticated, reject
default_transport = error:this server keeps its letters
message_size_limit = 2000000
# Each connection has a process of its own, which reads anew who is slow.
max_use = 1
CONF
  cat >"$at/postfix/master.cf" <<CONF
127.0.0.1:$smtp inet n - n - - smtpd
127.0.0.1:$plain inet n - n - - smtpd
  -o smtpd_tls_auth_only=no
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CONF
  {
    for folder in active bounce corrupt defer deferred flush hold incoming private saved trace; do
      echo "\$queue_directory/$folder:d:\$mail_owner:-:700:uc"
    done
    printf '%s\n' '$queue_directory/pid:d:root:-:755:uc' '$queue_directory/maildrop:d:$mail_owner:$setgid_group:730:uc' \
      '$queue_directory/public:d:$mail_owner:$setgid_group:710:uc'
  } >"$at/postfix/postfix-files"
  # A server that keeps our pipes open would hold whoever waits for this script's end.
  dovecot -c "$at/dovecot/dovecot.conf" </dev/null >"$at/dovecot/out" 2>&1
  postfix -c "$at/postfix" start </dev/null >"$at/out" 2>&1
  for _ in $(seq 100); do
    python3 - "$smtp" "$plain" "$imap" 2>/dev/null <<'PY' && exit 0
import socket, sys
for port in sys.argv[1:]:
    with socket.create_connection(("127.0.0.1", int(port)), 2) as line:
        assert line.recv(100)
PY
    sleep 0.1
  done
  tail -5 "$at"/{out,log} "$at"/dovecot/{out,log} >&2
  exit 1
}

case "${1:-}" in
start)
  start "${2:?folder}" "${3:?smtp}" "${4:?plain}" "${5:?imap}" "${6:?imaps}" "${7:?sasl}"
  ;;
stop)
  dir=${2:?folder}
  [ -f "$dir/at" ] || exit 0
  at=$(cat "$dir/at")
  kill "$(tr -d ' ' <"$at/queue/pid/master.pid")" "$(cat "$at/dovecot/run/master.pid")" 2>/dev/null || true
  for _ in $(seq 50); do pgrep -f "$at" >/dev/null || break; sleep 0.1; done
  rm -rf "$at" "$dir/at"
  ;;
*)
  echo "usage: postfix.sh start DIR SMTP PLAIN IMAP IMAPS SASL | stop DIR" >&2
  exit 2
  ;;
esac
