#!/usr/bin/php
<?php
// Tries until the database answers with these credentials, or gives up after WAIT_SECONDS (default 300).
// A connection that is refused or a name that is not known yet fails at once, hence the short pause between tries.
mysqli_report(MYSQLI_REPORT_OFF);
[$host, $port] = array_pad(explode(':', getenv('WORDPRESS_DB_HOST') ?: 'mysql', 2), 2, '3306');
$user = getenv('WORDPRESS_DB_USER') ?: 'root';
$password = getenv('WORDPRESS_DB_PASSWORD') ?: '';
$name = getenv('WORDPRESS_DB_NAME') ?: 'wordpress';
$deadline = microtime(true) + (float) (getenv('WAIT_SECONDS') ?: 300);
$said = '';
while (true) {
    $link = mysqli_init();
    $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
    if (@$link->real_connect($host, $user, $password, null, (int) $port)) {
        $link->query('CREATE DATABASE IF NOT EXISTS `' . str_replace('`', '``', $name) . '`');
        exit(0);
    }
    if ($link->connect_error !== $said) {
        $said = $link->connect_error;
        fwrite(STDERR, "[entrypoint] waiting for the database at $host:$port: $said\n");
    }
    if (microtime(true) > $deadline) {
        fwrite(STDERR, "[entrypoint] gave up on the database\n");
        exit(1);
    }
    usleep(100000);
}
