#!/bin/bash
# Honours the variables of the mysql image: MYSQL_ROOT_PASSWORD, MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD.
# The data directory is made on the first start only. It is prepared beside its final place and moved in at the end,
# so that a container killed in the middle starts over the next time instead of running on half a database.
set -euo pipefail

data=/var/lib/mysql
fresh=$data/.fresh

log() { printf '%s [entrypoint] %s\n' "$(date '+%F %T')" "$*"; }

quoted() { # an SQL string literal
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\'\'}"
}

setup_sql() {
    # mariadbd --bootstrap reads one statement per line.
    echo "FLUSH PRIVILEGES;"
    echo "DELETE FROM mysql.global_priv WHERE User = '';"
    echo "CREATE OR REPLACE USER 'root'@'localhost' IDENTIFIED BY $(quoted "${MYSQL_ROOT_PASSWORD:-}");"
    echo "CREATE OR REPLACE USER 'root'@'%' IDENTIFIED BY $(quoted "${MYSQL_ROOT_PASSWORD:-}");"
    echo "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;"
    echo "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;"
    if [ -n "${MYSQL_DATABASE:-}" ]; then
        echo "CREATE DATABASE IF NOT EXISTS \`${MYSQL_DATABASE//\`/\`\`}\`;"
    fi
    if [ -n "${MYSQL_USER:-}" ]; then
        echo "CREATE OR REPLACE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "${MYSQL_PASSWORD:-}");"
        if [ -n "${MYSQL_DATABASE:-}" ]; then
            echo "GRANT ALL PRIVILEGES ON \`${MYSQL_DATABASE//\`/\`\`}\`.* TO $(quoted "$MYSQL_USER")@'%';"
        fi
    fi
}

make_data_directory() {
    if [ -z "${MYSQL_ROOT_PASSWORD:-}" ] && [ -z "${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
        log "set MYSQL_ROOT_PASSWORD (or MYSQL_ALLOW_EMPTY_PASSWORD)" >&2
        exit 1
    fi
    log "making the data directory"
    rm -rf "$fresh"
    mkdir -m 0750 "$fresh"
    chown mysql:mysql "$fresh"
    mariadb-install-db --user=mysql --datadir="$fresh" --skip-test-db --auth-root-authentication-method=normal >/dev/null
    setup_sql | mariadbd --user=mysql --datadir="$fresh" --bootstrap --skip-networking 2>/dev/null
    # The system tables come last: they are the sign that all is there.
    find "$fresh" -mindepth 1 -maxdepth 1 ! -name mysql -exec mv -t "$data" {} +
    mv "$fresh/mysql" "$data/"
    rmdir "$fresh"
    log "the data directory is ready"
}

if [ "${1:-}" = mariadbd ] || [ "${1:-}" = mysqld ]; then
    chown mysql:mysql "$data" /run/mysqld
    if [ ! -d "$data/mysql" ]; then
        make_data_directory
    fi
fi
exec "$@"
