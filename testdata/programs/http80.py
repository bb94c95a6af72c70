# A small web server: answers 200 with a page of some segments, 400 to what is
# no HTTP, and gives a slow typist up after two seconds.
import http.server
import socket
import sys

PAGE = b"<html><head><title>tcpsee</title></head><body>\n" + b"<p>segments are made of this</p>\n" * 200 + b"</body></html>\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    timeout = 2

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *a):
        pass


http.server.HTTPServer.address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = http.server.HTTPServer((sys.argv[1], 80), Handler)
print("ready", flush=True)
server.handle_request()
