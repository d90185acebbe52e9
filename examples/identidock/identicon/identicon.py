"""A symmetric picture for any name: GET /monster/NAME?size=80 gives an SVG. The same name gives the same picture."""
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

GRID = 5


def picture(name: str, size: int) -> str:
    digest = hashlib.sha256(name.encode()).digest()
    colour = f"#{digest[0]:02x}{digest[1]:02x}{digest[2]:02x}"
    squares = []
    for row in range(GRID):
        for column in range((GRID + 1) // 2):
            if digest[3 + row * 3 + column] % 2 == 0:
                for x in {column, GRID - 1 - column}:
                    squares.append(f'<rect x="{x}" y="{row}" width="1" height="1"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        f'viewBox="0 0 {GRID} {GRID}" fill="{colour}">{"".join(squares)}</svg>'
    )


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        if not url.path.startswith("/monster/"):
            self.send_error(404)
            return
        wanted = parse_qs(url.query).get("size", ["80"])[0]
        size = min(int(wanted), 1000) if wanted.isdigit() else 80
        body = picture(unquote(url.path.removeprefix("/monster/")), size).encode()
        self.send_response(200)
        self.send_header("Content-Type", "image/svg+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8080), Handler).serve_forever()
