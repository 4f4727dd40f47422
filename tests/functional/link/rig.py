"""What the tests of the link share: a small site PKI made by openssl, messages made by hand, a peer
that speaks SP over a socket, and the server under test. Standard library only; loopback only."""

import os
import queue
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

SOURCE = os.environ["EAR_SOURCE"]
PROGRAMS = os.path.join(os.environ["EAR_BUILD"], "tests", "bin")
VECTORS = os.path.join(SOURCE, "tests", "vectors", "wire")
INSTANCE = "i-0123456789abcdef0"
BOOT = "01234567-89ab-cdef-0123-456789abcdef"
ACCOUNT = "123456789012"
PATIENCE_S = 10  # of one wait; a healthy run needs milliseconds


# ---------------------------------------------------------------- messages

def varint(number):
    out = b""
    while True:
        out += bytes([number & 0x7F | (0x80 if number > 0x7F else 0)])
        number >>= 7
        if not number:
            return out


def field(number, value):
    """A varint field for an int, a length-delimited one for bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def speaker(instance, sequence):
    return field(1, instance.encode()) + field(2, BOOT.encode()) + field(3, sequence)


def report(sequence=1, instance=INSTANCE, interval_ms=10000):
    body = speaker(instance, sequence) + field(4, 1772525520123) + field(5, interval_ms)
    body += field(6, b"0.1.0") + field(7, 1)
    body += varint(9 << 3 | 1) + struct.pack("<Q", 3) + field(10, struct.pack("<2f", 1.5, 2.5))
    return field(1, body)


def vector(name):
    with open(os.path.join(VECTORS, name + ".bin"), "rb") as file:
        return file.read()


def ack_sequence(body):
    """The sequence of an encoded ack: its first field, 0 when left out."""
    assert body[:1] == b"\x22", body.hex()  # field 4 of the envelope
    inner = body[2:2 + body[1]]
    if inner[:1] != b"\x08":
        return 0
    number, shift, at = 0, 0, 1
    while True:
        number |= (inner[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not inner[at - 1] & 0x80:
            return number


# ---------------------------------------------------------------- certificates

class Pki:
    """A CA, a server and agents; every file lies in one folder that close() removes."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ear-pki-")
        self.ca = self.authority("ca")
        self.server = self.issue("server", "/CN=ear", "DNS:localhost,IP:127.0.0.1", "serverAuth")
        self.agent = self.agent_of(INSTANCE)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {words[0]}: {done.stderr}")

    def key(self, name):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key")
        os.chmod(self.path(name + ".key"), 0o600)

    def authority(self, name):
        self.key(name)
        self.openssl("req", "-x509", "-new", "-key", name + ".key", "-sha256", "-days", "30",
                     "-subj", f"/CN={name}", "-out", name + ".pem")
        return self.path(name + ".pem")

    def issue(self, name, subject, alternative, usage, authority="ca", dates=()):
        """Signs a certificate; gives (certificate file, key file). dates: openssl ca's options."""
        self.key(name)
        with open(self.path(name + ".cnf"), "w", encoding="ascii") as file:
            file.write("[ca]\ndefault_ca=site\n[site]\nnew_certs_dir=.\n"
                       f"database={name}.index\nrand_serial=yes\ndefault_md=sha256\n"
                       "policy=any\nunique_subject=no\n[any]\ncommonName=optional\n"
                       f"[leaf]\nextendedKeyUsage={usage}\n")
            if alternative:
                file.write(f"subjectAltName={alternative}\n")
        open(self.path(name + ".index"), "w", encoding="ascii").close()
        self.openssl("req", "-new", "-key", name + ".key", "-subj", subject,
                     "-out", name + ".csr")
        when = dates or ("-days", "7")
        self.openssl("ca", "-batch", "-notext", "-config", name + ".cnf", "-extensions", "leaf",
                     "-cert", authority + ".pem", "-keyfile", authority + ".key",
                     "-in", name + ".csr", "-out", name + ".pem", *when)
        return self.path(name + ".pem"), self.path(name + ".key")

    def agent_of(self, instance, account=ACCOUNT, name=None, **more):
        name = name or f"agent-{instance}-{account}"
        names = f"DNS:{instance},URI:ear://{account}/{instance}"
        return self.issue(name, f"/CN={instance}", names, "clientAuth", **more)


def client_context(pki, identity, authority=None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority or pki.ca)
    if identity:
        context.load_cert_chain(*identity)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


# ---------------------------------------------------------------- peers

class Peer:
    """Speaks SP's REQ role by hand. context None = plain TCP."""

    def __init__(self, port, context=None, greet=True):
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket = raw
        if context:
            try:
                self.socket = context.wrap_socket(raw, server_hostname="localhost")
            except Exception:
                raw.close()
                raise
        if greet:
            self.send(b"\0SP\0\0\x30\0\0")
            got = self.receive(8)
            assert got == b"\0SP\0\0\x31\0\0", got

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, count):
        """Exactly `count` bytes, or fewer when the other side closed."""
        got = b""
        while len(got) < count:
            piece = self.socket.recv(count - len(got))
            if not piece:
                break
            got += piece
        return got

    def frame(self, body, request=1):
        return struct.pack(">QI", len(body) + 4, 0x80000000 | request) + body

    def ask(self, body, request=1):
        self.send(self.frame(body, request))
        return self.answer(request)

    def answer(self, request=1):
        head = self.receive(12)
        if len(head) < 12:
            raise EOFError("closed instead of an answer")
        length, number = struct.unpack(">QI", head)
        assert number == 0x80000000 | request, hex(number)
        return self.receive(length - 4)

    def wait_closed(self):
        """Seconds until the other side closed; fails after PATIENCE_S."""
        start = time.monotonic()
        try:
            while self.socket.recv(4096):
                pass
        except TimeoutError:
            raise AssertionError("still open") from None
        except (ConnectionError, ssl.SSLError):
            pass
        return time.monotonic() - start

    def close(self):
        self.socket.close()


class Server:
    """link_server as a child; its lines are read by a thread, so that waits are bounded."""

    PROGRAM = "link_server"

    def __init__(self, *words, descriptors=None):
        command = [os.path.join(PROGRAMS, self.PROGRAM), *map(str, words)]
        if descriptors:
            command = ["prlimit", f"--nofile={descriptors}", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        first = self.next_line()
        self.failure = first if first.startswith("failed ") else None
        self.port = int(first.split()[1]) if first.startswith("port ") else 0

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def next_line(self):
        line = self.lines.get(timeout=PATIENCE_S)
        if line is None:
            raise EOFError(f"the server ended; it said {self.seen}")
        self.seen.append(line)
        return line

    def wait_for(self, word, **wanted):
        """The next line that begins with `word` and has the wanted fields, as a dictionary."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            first, *rest = self.next_line().split(" ", 1)
            fields = parse_fields(rest[0] if rest else "")
            if first == word and all(fields.get(k) == str(v) for k, v in wanted.items()):
                return fields
        raise AssertionError(f"no {word} {wanted} in {self.seen}")

    def command(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def counters(self):
        self.command("counters")
        return {name: int(value) for name, value in self.wait_for("counters").items()}

    def wait_counter(self, name, least):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            counters = self.counters()
            if counters[name] >= least:
                return counters
            time.sleep(0.01)
        raise AssertionError(f"{name} stayed below {least}: {counters}")

    def wait_state(self, **wanted):
        """Until all the wanted counters have their values."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            counters = self.counters()
            if all(counters[name] == value for name, value in wanted.items()):
                return
            time.sleep(0.01)
        raise AssertionError(f"not {wanted}: {counters}")

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def close(self):
        """Ends it in order; a server that does not end, or ends badly, fails the test."""
        if self.process.poll() is None:
            self.process.stdin.close()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.reader.join(PATIENCE_S)
        self.process.stdout.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        if code != (1 if self.failure else 0):
            raise AssertionError(f"{self.PROGRAM} ended with {code}")


def parse_fields(text):
    """`a=1 detail=two words` -> {"a": "1", "detail": "two words"}."""
    fields, last = {}, None
    for part in text.split(" "):
        name, equals, value = part.partition("=")
        if equals and name.isidentifier():
            fields[name], last = value, name
        elif last:
            fields[last] += " " + part
    return fields


class Case(unittest.TestCase):
    """Closes what a test opened, newest first."""

    def serve(self, *words, **more):
        server = Server(*words, **more)
        self.addCleanup(server.close)
        return server

    def serve_plain(self, *words, **more):
        return self.serve("--plain", 1, *words, **more)

    def serve_tls(self, pki, *words, **more):
        return self.serve("--certificate", pki.server[0], "--key", pki.server[1], "--ca", pki.ca,
                          *words, **more)

    def pki(self):
        pki = Pki()
        self.addCleanup(pki.close)
        return pki

    def peer(self, *words, **more):
        peer = Peer(*words, **more)
        self.addCleanup(peer.close)
        return peer
