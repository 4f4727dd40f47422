"""A small real HTTP service of a guest. usage: web_service.py PORT

GET /health answers 200. Starts and clean stops are written down with the process id.
"""

import http.server
import os
import signal
import socket
import socketserver
import sys
import time


def say(text):
    print(f"{time.time():.3f} {os.getpid()} {text}", flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self):
        known = self.path == "/health"
        body = b"ok\n" if known else b"not found\n"
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


class Server(socketserver.TCPServer):
    allow_reuse_address = True

    def server_bind(self):
        # The world keeps the port bound, without listening, so that nobody else gets it.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def stop(_number, _frame):
    say("stopping on SIGTERM")
    sys.exit(0)


def main():
    signal.signal(signal.SIGTERM, stop)
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        say("serving")
        server.serve_forever(poll_interval=0.1)


main()
