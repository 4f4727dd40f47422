"""A real service with a real bug: it never frees what a request brought. usage: leaky_service.py PORT BYTES

GET /work keeps BYTES more of memory; GET /health answers 200. Runs under a limit of its address
space (RLIMIT_AS) that the guest's service manager sets. Writes down its start, its memory against
that limit, a clean stop, and its death when memory runs out.
"""

import http.server
import os
import resource
import signal
import socket
import socketserver
import sys
import time

KEPT = []
PAGE = resource.getpagesize()
SAY_EVERY_S = 2.0
LIMIT = resource.getrlimit(resource.RLIMIT_AS)[0]


def used_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * PAGE


def say(text):
    print(f"{time.time():.3f} {os.getpid()} {text}", flush=True)


def say_memory():
    say(f"memory {used_bytes()} of {LIMIT} bytes, {100 * used_bytes() / LIMIT:.1f} %")


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 5
    said = 0.0

    def do_GET(self):
        if self.path == "/work":
            KEPT.append(bytearray(os.urandom(1) * int(sys.argv[2])))
        self.send_response(200 if self.path in ("/work", "/health") else 404)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")
        if time.monotonic() - Handler.said > SAY_EVERY_S:
            Handler.said = time.monotonic()
            say_memory()

    def log_message(self, *_words):
        pass


class Server(socketserver.TCPServer):
    allow_reuse_address = True

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def handle_error(self, _request, _client):
        if isinstance(sys.exc_info()[1], MemoryError):
            KEPT.clear()
            say("DIED: out of memory")
            os._exit(1)


def stop(_number, _frame):
    say_memory()
    say("stopping on SIGTERM")
    sys.exit(0)


def main():
    signal.signal(signal.SIGTERM, stop)
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        say("serving")
        say_memory()
        server.serve_forever(poll_interval=0.1)


main()
