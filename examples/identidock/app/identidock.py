"""Shows a picture that belongs to a name. Pictures are made by the identicon service and kept in redis."""
import hashlib
import html

import redis
import requests
from flask import Flask, Response, request

app = Flask(__name__)
cache = redis.StrictRedis(host="redis", port=6379, db=0)
SALT = "UNIQUE_SALT"
DEFAULT_NAME = "Joe Bloggs"


@app.route("/", methods=["GET", "POST"])
def main_page():
    name = html.escape(request.form["name"] if request.method == "POST" else DEFAULT_NAME, quote=True)
    name_hash = hashlib.sha256((SALT + name).encode()).hexdigest()
    return f"""<html><head><title>Identidock</title></head><body>
<form method="POST">
Hello <input type="text" name="name" value="{name}">
<input type="submit" value="submit">
</form>
<p>You look like a: <img src="/monster/{name_hash}"/></p>
</body></html>"""


@app.route("/monster/<name>")
def get_identicon(name):
    name = html.escape(name, quote=True)
    image = cache.get(name)
    if image is None:
        print("Cache miss", flush=True)
        image = requests.get(f"http://identicon:8080/monster/{name}?size=80", timeout=10).content
        cache.set(name, image)
    return Response(image, mimetype="image/svg+xml")


if __name__ == "__main__":
    app.run(debug=True, host="0.0.0.0")
