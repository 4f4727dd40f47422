"""earctl pki, judged by the openssl program and by Python's ssl as the other side."""
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

EARCTL = os.path.join(os.environ["EAR_BIN"], "earctl")
INSTANCE = "i-0123456789abcdef0"
ACCOUNT = "123456789012"


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False, **options)


class Pki(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="ear-pki-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name) / "pki"

    def pki(self, *words, code=0):
        done = run(EARCTL, "pki", *words, "--dir", str(self.folder))
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")  # data to stdout, all else to stderr
        return done.stderr

    def openssl(self, *words, code=0):
        done = run("openssl", *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def text(self, name):
        return self.openssl("x509", "-in", str(self.folder / name), "-noout", "-text")

    def make_all(self):
        self.pki("init")
        self.pki("server", "--host", "localhost", "--host", "127.0.0.1", "--host", "::1")
        self.pki("agent", INSTANCE, "--account", ACCOUNT)

    def verify(self, name, purpose, *more, code=0):
        return self.openssl("verify", "-x509_strict", "-CAfile", str(self.folder / "ca.pem"),
                            "-purpose", purpose, *more, str(self.folder / name), code=code)

    def test_openssl_verifies_each_for_its_purpose_only(self):
        self.make_all()
        self.verify("server.pem", "sslserver")
        self.verify("server.pem", "sslserver", "-verify_hostname", "localhost")
        self.verify("server.pem", "sslserver", "-verify_ip", "127.0.0.1")
        self.verify(f"{INSTANCE}.pem", "sslclient")
        self.verify("server.pem", "sslclient", code=2)
        self.verify(f"{INSTANCE}.pem", "sslserver", code=2)
        self.verify("server.pem", "sslserver", "-verify_hostname", "example.com", code=2)
        self.verify("server.pem", "sslserver", "-verify_ip", "127.0.0.2", code=2)

    def test_names_and_uses_are_as_documented(self):
        self.make_all()
        agent, server, ca = (self.text(n) for n in (f"{INSTANCE}.pem", "server.pem", "ca.pem"))
        self.assertIn(f"DNS:{INSTANCE}, URI:ear://{ACCOUNT}/{INSTANCE}", agent)
        self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1", server)
        self.assertIn("CA:TRUE, pathlen:0", ca)
        for one in (agent, server):
            self.assertIn("CA:FALSE", one)
            self.assertIn("NIST CURVE: P-256", one)
            self.assertIn("ecdsa-with-SHA256", one)
        self.assertIn("TLS Web Client Authentication", agent)
        self.assertIn("TLS Web Server Authentication", server)

    def test_a_certificate_for_addresses_alone_is_warned_of(self):
        self.pki("init")
        self.assertIn("agents check names", self.pki("server", "--host", "127.0.0.1"))
        self.assertNotIn("agents check names",
                         self.pki("server", "--host", "127.0.0.1", "--host", "localhost"))

    def test_keys_are_private_whatever_the_umask(self):
        old = os.umask(0)
        try:
            self.make_all()
        finally:
            os.umask(old)
        for key in self.folder.glob("*.key"):
            self.assertEqual(key.stat().st_mode & 0o7777, 0o600, key)
        self.assertEqual(self.folder.stat().st_mode & 0o7777, 0o700)
        self.assertEqual(len(list(self.folder.iterdir())), 6)  # and nothing else was left behind

    def test_serials_are_long_and_days_as_asked(self):
        self.pki("init", "--days", "100")
        self.pki("server", "--host", "localhost", "--days", "3")
        serial = self.openssl("x509", "-in", str(self.folder / "server.pem"), "-noout", "-serial")
        self.assertRegex(serial, r"^serial=[4-7][0-9A-F]{39}\n$")
        end = 3 * 86400
        self.openssl("x509", "-in", str(self.folder / "server.pem"), "-noout", "-checkend",
                     str(end - 600))
        self.openssl("x509", "-in", str(self.folder / "server.pem"), "-noout", "-checkend",
                     str(end + 60), code=1)

    def test_init_does_not_replace_a_ca(self):
        self.make_all()
        before = (self.folder / "ca.key").read_bytes()
        self.assertIn("--renew", self.pki("init", code=1))
        self.assertEqual((self.folder / "ca.key").read_bytes(), before)

    def test_what_was_signed_before_the_renewal_still_verifies(self):
        self.make_all()
        key, certificate = ((self.folder / n).read_bytes() for n in ("ca.key", "ca.pem"))
        self.pki("init", "--renew")
        self.assertEqual((self.folder / "ca.key").read_bytes(), key)
        self.assertNotEqual((self.folder / "ca.pem").read_bytes(), certificate)
        self.verify("server.pem", "sslserver")
        self.verify(f"{INSTANCE}.pem", "sslclient")

    def test_wrong_words_are_usage_errors_and_leave_nothing(self):
        for words in (["frobnicate"], ["init", "extra"], ["server"], ["agent"], ["agent", "web-7"],
                      ["agent", INSTANCE], ["agent", "i-0123", "--account", ACCOUNT],
                      ["init", "--days", "0"], ["init", "--days", "7301"], ["init", "--frob"]):
            self.pki(*words, code=2)
        self.assertFalse(self.folder.exists())

    def test_wrong_hosts_and_accounts_are_named(self):
        self.pki("init")
        self.assertIn("a,DNS:evil", self.pki("server", "--host", "a,DNS:evil", code=1))
        self.assertIn("12345", self.pki("agent", INSTANCE, "--account", "12345", code=1))
        self.assertFalse((self.folder / "server.pem").exists())

    def test_without_a_ca_the_way_to_one_is_said(self):
        self.folder.mkdir()
        self.assertIn("earctl pki init", self.pki("server", "--host", "localhost", code=1))

    def test_a_folder_that_cannot_be_written_is_named(self):
        done = run(EARCTL, "pki", "init", "--dir", "/proc/ear-pki")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/proc/ear-pki", done.stderr)

    # -- a handshake ----------------------------------------------------------------------------

    def handshake(self, certificate, key):
        """A TLS 1.3 server that wants a client certificate; gives the peer's names or the error."""
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        server.load_verify_locations(self.folder / "ca.pem")
        server.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(("127.0.0.1", 0))
        result = {}

        def serve():
            raw, _ = listener.accept()
            raw.settimeout(10)
            try:
                with server.wrap_socket(raw, server_side=True) as peer:
                    result["names"] = peer.getpeercert()["subjectAltName"]
                    peer.sendall(b"ok")
            except (ssl.SSLError, OSError) as error:
                result["error"] = str(error)

        thread = threading.Thread(target=serve)
        thread.start()
        client = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if certificate:
            client.load_cert_chain(certificate, key)
        try:
            with socket.create_connection(listener.getsockname(), timeout=10) as raw, \
                    client.wrap_socket(raw, server_hostname="localhost") as peer:
                result["received"] = peer.recv(2)
        except (ssl.SSLError, OSError) as error:
            result["client_error"] = str(error)
        thread.join(10)
        listener.close()
        return result

    def test_an_agent_is_known_to_a_server_that_wants_certificates(self):
        self.make_all()
        result = self.handshake(self.folder / f"{INSTANCE}.pem", self.folder / f"{INSTANCE}.key")
        self.assertEqual(result.get("received"), b"ok", result)
        self.assertIn(("URI", f"ear://{ACCOUNT}/{INSTANCE}"), result["names"])

    def test_no_certificate_or_a_servers_is_refused(self):
        self.make_all()
        for pair in ((None, None), (self.folder / "server.pem", self.folder / "server.key")):
            result = self.handshake(*pair)
            self.assertIn("error", result)
            self.assertNotIn("names", result)

    def test_an_agent_of_another_ca_is_refused(self):
        self.make_all()
        ours = self.folder
        self.folder = Path(self.temporary.name) / "other"
        self.make_all()
        stranger = self.folder
        self.folder = ours
        result = self.handshake(stranger / f"{INSTANCE}.pem", stranger / f"{INSTANCE}.key")
        self.assertIn("error", result)
        self.assertTrue(re.search("verify failed|unknown ca", result["error"], re.I), result)
