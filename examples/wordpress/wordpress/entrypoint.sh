#!/bin/bash
# Honours the variables of the wordpress image: WORDPRESS_DB_HOST, _USER, _PASSWORD, _NAME, WORDPRESS_TABLE_PREFIX.
set -euo pipefail

keys=/etc/wordpress/keys.php
if [ ! -e "$keys" ]; then
    {
        echo '<?php'
        for name in AUTH SECURE_AUTH LOGGED_IN NONCE; do
            for kind in KEY SALT; do
                echo "define('${name}_${kind}', '$(head -c 48 /dev/urandom | base64 -w0)');"
            done
        done
    } >"$keys.new"
    chgrp www-data "$keys.new"
    chmod 640 "$keys.new"
    mv "$keys.new" "$keys"
fi

if [ "${1:-}" = apache2 ]; then
    php /usr/local/bin/wait-for-database.php
    # Apache's variables, and a clean place for its pid: one may be left from a container that was killed.
    export APACHE_CONFDIR=/etc/apache2
    set +u
    . /etc/apache2/envvars
    set -u
    mkdir -p "$APACHE_RUN_DIR"
    rm -f "$APACHE_PID_FILE"
fi
exec "$@"
