"""An unmodified nng REQ peer (nng_req.c) against the agents' port."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["EAR_SOURCE"], "tests", "functional", "link"))
import rig  # noqa: E402


class Nng(rig.Case):
    def ask(self, url, count=1, identity=None, pki=None, name="localhost", ca=None, timeout_ms=8000):
        """Runs the referee; gives (exit status, sequences acknowledged, what it complained of)."""
        words = [os.path.join(rig.PROGRAMS, "nng_req"), url,
                 os.path.join(rig.VECTORS, "report_plain.bin"), str(count)]
        if pki:
            certificate, key = identity or ("-", "-")
            words += [ca or pki.ca, certificate, key, name, str(timeout_ms)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        acks = [rig.ack_sequence(bytes.fromhex(line.split()[1]))
                for line in done.stdout.splitlines()]
        return done.returncode, acks, done.stderr

    def test_req_over_tcp_gets_its_acks(self):
        server = self.serve_plain("--rate", 0)
        code, acks, complaint = self.ask(f"tcp://127.0.0.1:{server.port}", 50)
        self.assertEqual((code, acks), (0, [42] * 50), complaint)
        self.assertEqual(server.counters()["reports"], 50)

    def test_req_over_tls_gets_its_acks_and_is_known_by_its_certificate(self):
        pki = self.pki()
        server = self.serve_tls(pki, "--rate", 0)
        code, acks, complaint = self.ask(f"tls+tcp://127.0.0.1:{server.port}", 50, pki.agent, pki)
        self.assertEqual((code, acks), (0, [42] * 50), complaint)
        server.wait_for("report", instance=rig.INSTANCE, account=rig.ACCOUNT)

    def test_req_without_a_certificate_gets_nothing(self):
        pki = self.pki()
        server = self.serve_tls(pki)
        code, acks, _ = self.ask(f"tls+tcp://127.0.0.1:{server.port}", 1, None, pki,
                                 timeout_ms=1000)
        self.assertEqual((code, acks), (1, []))
        server.wait_counter("handshakes_failed", 1)

    def test_req_of_another_ca_gets_nothing(self):
        pki = self.pki()
        pki.authority("foreign")
        agent = pki.agent_of(rig.INSTANCE, authority="foreign", name="stranger")
        server = self.serve_tls(pki)
        code, acks, _ = self.ask(f"tls+tcp://127.0.0.1:{server.port}", 1, agent, pki,
                                 timeout_ms=1000)
        self.assertEqual((code, acks), (1, []))
        server.wait_for("refused", reason="certificate")

    def test_req_does_not_talk_to_a_server_of_another_name(self):
        pki = self.pki()
        server = self.serve_tls(pki)
        code, acks, _ = self.ask(f"tls+tcp://127.0.0.1:{server.port}", 1, pki.agent, pki,
                                 name="elsewhere.example", timeout_ms=1000)
        self.assertEqual((code, acks), (1, []))
        self.assertEqual(server.counters()["reports"], 0)

    def test_req_of_another_instance_is_refused(self):
        pki = self.pki()
        agent = pki.agent_of("i-0fedcba9876543210")
        server = self.serve_tls(pki)
        code, acks, _ = self.ask(f"tls+tcp://127.0.0.1:{server.port}", 1, agent, pki,
                                 timeout_ms=1000)
        self.assertEqual((code, acks), (1, []))
        server.wait_for("refused", reason="name", claimed=rig.INSTANCE)
