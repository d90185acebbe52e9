#!/bin/bash
# ENV=DEV: Flask's own server, which reloads the code when it changes. UNIT: the tests. Anything else: uWSGI.
set -e

if [ "${ENV:-}" = DEV ]; then
    echo "Running Development Server"
    exec python3 identidock.py
elif [ "${ENV:-}" = UNIT ]; then
    echo "Running Unit Tests"
    exec python3 tests.py
else
    echo "Running Production Server"
    exec uwsgi --plugins http,python3 --http 0.0.0.0:9090 --wsgi-file /app/identidock.py --callable app \
        --stats 0.0.0.0:9191
fi
