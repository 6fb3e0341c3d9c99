#!/usr/bin/env bash
# A throw-away WordPress 6.5 for the tests:  wordpress.sh start DIR PORT | stop DIR
# The real server, on PHP's own web server and SQLite; it listens on 127.0.0.1 only and calls nobody.
# DIR/password then holds an application password of the user "admin", DIR/contributor one of a user who may not publish.
# The first start downloads WordPress (150 MB, of which 5 MB are kept) into STEADYCAST_TEST_DOWNLOADS, by its hash.
set -euo pipefail

downloads=${STEADYCAST_TEST_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/steadycast-tests}
site_package="@wp-playground/wordpress-builds@0.9.19"
site_hash=765aaf87f3090e91395baf2f80f3ca523a62a7acccb81879f4bdc3d7c657fa9770bab0b8ab8c9dad3c30ff7b13315ebd0417281fa905f7762d02dba3342e4ca7
sqlite_package="@wp-playground/cli@3.1.56"
sqlite_hash=253c65e9d8cf10cd98458cffc3e054a32a02be14861c88ea322e1f315d5bf28d543cdbd96ad2da4bba29a39ed4b2b544957adf759c2f8ba22ec92e0bb30531f5

# fetch PACKAGE HASH FILE...: these files of an npm package, into the downloads, once the package is what it should be
fetch() {
  local package=$1 hash=$2 new
  shift 2
  new=$(mktemp -d "$downloads/new.XXXXXX")
  (
    cd "$new"
    npm pack --silent "$package" >/dev/null
    echo "$hash  $(ls ./*.tgz)" | sha512sum --check --quiet
    tar xzf ./*.tgz "$@"
  )
  for file in "$@"; do mv "$new/$file" "$downloads/"; done
  rm -rf "$new"
}

install_wordpress() {
  for need in php npm python3; do
    command -v "$need" >/dev/null || { echo "$need is missing: apt install php-cli php-sqlite3 php-gd php-mbstring php-xml npm" >&2; exit 1; }
  done
  mkdir -p "$downloads"
  [ -f "$downloads/wp-6.5.zip" ] || fetch "$site_package" "$site_hash" package/src/wordpress/wp-6.5.zip
  [ -f "$downloads/sqlite-database-integration.zip" ] || fetch "$sqlite_package" "$sqlite_hash" package/sqlite-database-integration.zip
}

# A site whose tables are made anew: the one in the download was installed with another version of the SQLite driver.
make_site() {
  local site=$1 port=$2 driver="$1/wp-content/plugins/sqlite-database-integration"
  mkdir -p "$site"
  python3 -m zipfile -e "$downloads/wp-6.5.zip" "$site"
  python3 -m zipfile -e "$downloads/sqlite-database-integration.zip" "$site/wp-content/plugins"
  mv "$site/wp-content/plugins/plugin-sqlite-database-integration" "$driver"
  sed -e "s#{SQLITE_IMPLEMENTATION_FOLDER_PATH}#$driver#" -e "s#{SQLITE_PLUGIN}#sqlite-database-integration/load.php#" \
    "$driver/db.copy" >"$site/wp-content/db.php"
  rm -f "$site"/wp-content/database/.ht.sqlite
  cat >"$site/wp-config.php" <<PHP
<?php
define('DB_NAME', 'wordpress'); define('DB_USER', ''); define('DB_PASSWORD', ''); define('DB_HOST', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as \$k) define(\$k, "test-\$k");
\$table_prefix = 'wp_';
define('WP_HOME', 'http://127.0.0.1:$port'); define('WP_SITEURL', WP_HOME);
define('WP_ENVIRONMENT_TYPE', 'local');  // application passwords without https
define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true); define('DISABLE_WP_CRON', true);
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
  cat >"$site/../router.php" <<'PHP'
<?php // a file as it is, everything else to index.php: /wp-json/ and readable addresses
$file = $_SERVER['DOCUMENT_ROOT'] . rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (is_file($file)) return false;
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
PHP
  cat >"$site/../setup.php" <<'PHP'
<?php // tables, users, readable addresses, application passwords
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1'; $_SERVER['REQUEST_METHOD'] = 'GET';
[, $site, $dir] = $argv;
require "$site/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Steadycast test', 'admin', 'admin@example.test', true, '', 'admin-pass-1');
$GLOBALS['wp_rewrite']->set_permalink_structure('/%postname%/');
$contributor = wp_insert_user(['user_login' => 'contributor', 'user_pass' => 'contributor-pass-1', 'role' => 'contributor']);
foreach (['password' => 1, 'contributor' => $contributor] as $file => $user)
    file_put_contents("$dir/$file", WP_Application_Passwords::create_new_application_password($user, ['name' => 'steadycast'])[0]);
PHP
}

case "${1:-}" in
start)
  dir=${2:?folder} port=${3:?port}
  install_wordpress
  make_site "$dir/site" "$port"
  php -d error_reporting=0 "$dir/setup.php" "$dir/site" "$dir" >"$dir/setup.log" </dev/null
  # A group of its own: PHP's workers outlive a master that is killed alone.
  PHP_CLI_SERVER_WORKERS=3 setsid php -d opcache.enable_cli=1 -d display_errors=0 -d upload_max_filesize=32M -d post_max_size=32M \
    -S "127.0.0.1:$port" -t "$dir/site" "$dir/router.php" >"$dir/server.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 300); do
    php -r 'exit(@file_get_contents($argv[1]) === false ? 1 : 0);' "http://127.0.0.1:$port/wp-json/" && exit 0
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
  echo "usage: wordpress.sh start DIR PORT | stop DIR" >&2
  exit 2
  ;;
esac
