<?php
// Debian's /usr/share/wordpress/wp-config.php reads this file. The variables are those of the wordpress image.
function stack_env(string $name, string $default): string {
    $file = getenv($name . '_FILE');
    if ($file !== false && $file !== '') {
        return rtrim(file_get_contents($file), "\r\n");
    }
    $value = getenv($name);
    return $value === false ? $default : $value;
}

define('DB_HOST', stack_env('WORDPRESS_DB_HOST', 'mysql'));
define('DB_NAME', stack_env('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', stack_env('WORDPRESS_DB_USER', 'root'));
define('DB_PASSWORD', stack_env('WORDPRESS_DB_PASSWORD', ''));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = stack_env('WORDPRESS_TABLE_PREFIX', 'wp_');

// The address people typed, port included, whatever the container's own port is.
if (isset($_SERVER['HTTP_HOST'])) {
    $scheme = ($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https' ? 'https' : 'http';
    define('WP_HOME', $scheme . '://' . $_SERVER['HTTP_HOST']);
    define('WP_SITEURL', $scheme . '://' . $_SERVER['HTTP_HOST']);
}

// Keys live as long as the container, made by the entrypoint.
require '/etc/wordpress/keys.php';

define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
define('WP_DEBUG', stack_env('WORDPRESS_DEBUG', '') !== '');
// Runs without a way to the outside: nothing waits for wordpress.org.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISALLOW_FILE_MODS', true);
define('DISABLE_WP_CRON', true);
