"""A scripted AWS stand-in on loopback, and how the tests run aws_probe against it.

Each request is answered by the next entry of a script (a function of the request); the requests stay
in `server.requests`. Nothing here knows how ear is built: bytes in, bytes out."""

import json
import os
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

PROBE = os.path.join(os.environ["EAR_BUILD"], "tests", "bin", "aws_probe")
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ID = "i-0123456789abcdef0"


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.header_list = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
        self.headers = {name.lower(): value for name, value in self.header_list}
        self.body = body
        self.at = time.monotonic()
        self.connection = None

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def operation(self):
        target = self.headers.get("x-amz-target")
        return target.split(".")[1] if target else self.form.get("Action")


def http_date(offset_s=0):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset_s))


def answer(status, body, headers=(), date_offset_s=0, length=None):
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} X", f"Date: {http_date(date_offset_s)}",
            f"Content-Length: {len(body) if length is None else length}"]
    head += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def ec2_error(code, message="m", status=400, **more):
    return answer(status, f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>"
                          f"</Error></Errors><RequestID>req-1</RequestID></Response>", **more)


def json_error(code, message="m", status=400, **more):
    return answer(status, json.dumps({"__type": f"com.amazonaws.ssm#{code}", "message": message}), **more)


REBOOTED = answer(200, "<RebootInstancesResponse><return>true</return></RebootInstancesResponse>")


def changed(operation, previous="running", current="stopping", instance=ID):
    return answer(200, f"<{operation}Response><instancesSet><item><instanceId>{instance}</instanceId>"
                       f"<currentState><name>{current}</name></currentState><previousState><name>{previous}"
                       f"</name></previousState></item></instancesSet></{operation}Response>")


def instances(ids=(ID,), token=""):
    items = "".join(f"<item><instancesSet><item><instanceId>{i}</instanceId><instanceState><name>running"
                    f"</name></instanceState></item></instancesSet></item>" for i in ids)
    return answer(200, f"<DescribeInstancesResponse><reservationSet>{items}</reservationSet>"
                       f"<nextToken>{token}</nextToken></DescribeInstancesResponse>")


def command(comment="c"):
    return answer(200, json.dumps({"Command": {"CommandId": "11111111-2222-3333-4444-555555555555",
                                               "Status": "Pending", "Comment": comment}}))


def certificate(folder, name="ok", subject="IP:127.0.0.1", days=2):
    """A self-signed certificate for `subject`; returns a server context and the certificate's path."""
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-days", str(days), "-subj", "/CN=test",
                    "-addext", f"subjectAltName={subject}"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


HANG = object()      # read the request, answer nothing
RESET = object()     # read the request, close the connection: applied, but the answer is lost


class Server:
    """script: list of answers (bytes, HANG, RESET, or a function Request -> one of them), the last
    one repeated for ever."""

    def __init__(self, *script, tls=None):
        """tls: an ssl.SSLContext to wrap each connection in."""
        self.script = list(script)
        self.tls = tls
        self.requests = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.connections = 0
        self.open = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self.thread.join(5)

    def accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection, self.connections), daemon=True).start()

    @staticmethod
    def read_request(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline(65536)
            if not line:
                return None
            head += line
        request = Request(head[:-4], b"")
        request.body = stream.read(int(request.headers.get("content-length", 0)))
        return request

    def serve(self, connection, number):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.open.append(connection)
            stream = connection.makefile("rb")
            while (request := self.read_request(stream)) is not None:
                request.connection = number
                with self.lock:
                    self.requests.append(request)
                    step = self.script[0] if len(self.script) == 1 else self.script.pop(0)
                if callable(step):
                    step = step(request)
                if step is HANG:
                    self.stopping.wait(60)
                    return
                if step is RESET:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(step)
                if b"\r\nContent-Length: " in step and not whole(step):
                    connection.shutdown(socket.SHUT_RDWR)
                    return
        except OSError:
            pass

    def count(self, operation=None):
        with self.lock:
            return sum(1 for r in self.requests if operation in (None, r.operation))


def whole(raw):
    head, body = raw.split(b"\r\n\r\n", 1)
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length: "):
            return int(line.split(b" ")[1]) == len(body)
    return True


class Outcome:
    def __init__(self, run):
        self.code = run.returncode
        self.errors = run.stderr
        self.text = run.stdout
        self.lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.results = [line for line in self.lines if "result" in line]
        self.attempts = [line for line in self.lines if "attempt" in line]

    @property
    def result(self):
        return self.results[-1]["result"]

    @property
    def status(self):
        return self.result["status"]

    @property
    def answer(self):
        return self.results[-1].get("answer")


def probe(url, call, *arguments, environment=None, timeout=30):
    """Runs aws_probe from an environment of its own."""
    words = {"PATH": "/usr/bin:/bin", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": KEY,
             "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": url, "HOME": "/nonexistent"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            words[name] = os.environ[name]
    words.update(environment or {})
    words = {name: value for name, value in words.items() if value is not None}
    run = subprocess.run([PROBE, call, *arguments], env=words, capture_output=True, text=True,
                         timeout=timeout, check=False)
    if run.stderr:
        raise AssertionError(run.stderr)
    return Outcome(run)
