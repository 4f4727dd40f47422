"""Who is let in, and as whom: mutual TLS against the agents' port."""

import os
import ssl
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

OTHER = "i-0fedcba9876543210"


class Certificates(rig.Case):
    def setUp(self):
        self.site = self.pki()

    def assert_turned_away(self, server, context):
        """In TLS 1.3 a client learns it with its first read."""
        try:
            peer = self.peer(server.port, context, greet=False)
        except (ssl.SSLError, ConnectionError):
            return
        try:
            peer.send(b"\0SP\0\0\x30\0\0")
            self.assertEqual(peer.receive(8), b"")
        except (ssl.SSLError, ConnectionError):
            pass

    def test_agent_is_known_by_its_certificate_over_both_versions(self):
        server = self.serve_tls(self.site)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = rig.client_context(self.site, self.site.agent, version=version)
            peer = self.peer(server.port, context)
            self.assertEqual(rig.ack_sequence(peer.ask(rig.report(3))), 3)
            got = server.wait_for("report", instance=rig.INSTANCE)
            self.assertEqual(got["account"], rig.ACCOUNT)
            peer.close()

    def test_older_versions_are_not_spoken(self):
        server = self.serve_tls(self.site)
        context = rig.client_context(self.site, self.site.agent)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        self.assert_turned_away(server, context)
        self.assertEqual(server.wait_counter("handshakes_failed", 1)["handshakes"], 0)

    def test_no_certificate_is_turned_away(self):
        server = self.serve_tls(self.site)
        self.assert_turned_away(server, rig.client_context(self.site, None))
        refused = server.wait_for("refused", reason="certificate", status="identity")
        self.assertIn("no certificate", refused["detail"])

    def test_certificate_of_another_ca_is_turned_away(self):
        self.site.authority("foreign")
        agent = self.site.agent_of(OTHER, authority="foreign")
        server = self.serve_tls(self.site)
        self.assert_turned_away(server, rig.client_context(self.site, agent))
        server.wait_for("refused", reason="certificate", instance=OTHER, name=OTHER)

    def test_expired_certificate_is_turned_away_and_named(self):
        agent = self.site.agent_of(OTHER, dates=("-startdate", "20200101000000Z",
                                                "-enddate", "20200102000000Z"))
        server = self.serve_tls(self.site)
        self.assert_turned_away(server, rig.client_context(self.site, agent))
        server.wait_for("refused", reason="certificate", status="expired", instance=OTHER)

    def test_certificate_that_names_no_instance_is_turned_away(self):
        person = self.site.issue("person", "/CN=operator", "DNS:operator.example", "clientAuth")
        server = self.serve_tls(self.site)
        self.assert_turned_away(server, rig.client_context(self.site, person))
        server.wait_for("refused", reason="certificate", name="operator")

    def test_certificate_that_names_two_instances_is_turned_away(self):
        both = self.site.issue("both", f"/CN={OTHER}", f"DNS:{OTHER},DNS:{rig.INSTANCE}",
                               "clientAuth")
        server = self.serve_tls(self.site)
        self.assert_turned_away(server, rig.client_context(self.site, both))
        server.wait_for("refused", reason="certificate")

    def test_servers_certificate_does_not_make_an_agent(self):
        fake = self.site.issue("fake", f"/CN={OTHER}", f"DNS:{OTHER}", "serverAuth")
        server = self.serve_tls(self.site)
        self.assert_turned_away(server, rig.client_context(self.site, fake))
        server.wait_for("refused", reason="certificate")

    def test_report_in_anothers_name_is_refused_and_alarmed(self):
        """F28."""
        server = self.serve_tls(self.site)
        peer = self.peer(server.port, rig.client_context(self.site, self.site.agent))
        peer.send(peer.frame(rig.report(1, OTHER)))
        peer.wait_closed()
        refused = server.wait_for("refused", reason="name", instance=rig.INSTANCE)
        self.assertEqual(refused["claimed"], OTHER)
        self.assertEqual(server.counters()["reports"], 0)

    def test_instance_under_two_accounts_is_refused_in_both(self):
        double = self.site.agent_of(rig.INSTANCE, account="210987654321")
        server = self.serve_tls(self.site)
        first = self.peer(server.port, rig.client_context(self.site, self.site.agent))
        first.ask(rig.report(1))
        self.assert_turned_away(server, rig.client_context(self.site, double))
        refused = server.wait_for("refused", reason="account", instance=rig.INSTANCE)
        self.assertIn(rig.ACCOUNT, refused["detail"])
        first.wait_closed()
        self.assert_turned_away(server, rig.client_context(self.site, self.site.agent))
        server.wait_for("refused", reason="account")

    def test_certificate_that_expires_ends_its_connection(self):
        import datetime
        now = datetime.datetime.now(datetime.timezone.utc)
        end = (now + datetime.timedelta(seconds=4)).strftime("%Y%m%d%H%M%SZ")
        agent = self.site.agent_of(OTHER, dates=("-startdate", "20200101000000Z",
                                                "-enddate", end))
        server = self.serve_tls(self.site)
        peer = self.peer(server.port, rig.client_context(self.site, agent))
        peer.ask(rig.report(1, OTHER))
        self.assertLess(peer.wait_closed(), 6)
        self.assertEqual(server.counters()["closed_expired"], 1)

    def test_renewed_certificates_are_used_without_a_restart(self):
        second = self.site.authority("second")
        newer = self.site.issue("newer", "/CN=ear", "DNS:localhost", "serverAuth", "second")
        both = self.site.path("both.pem")
        with open(both, "wb") as file:
            for part in (self.site.ca, second):
                with open(part, "rb") as piece:
                    file.write(piece.read())
        server = self.serve_tls(self.site)
        old = self.peer(server.port, rig.client_context(self.site, self.site.agent))
        old.ask(rig.report(1))
        server.command(f"reload {newer[0]} {newer[1]} {both}")
        server.wait_for("reload", status="ok")
        agent = self.site.agent_of(OTHER, authority="second")
        fresh = self.peer(server.port, rig.client_context(self.site, agent, authority=second))
        self.assertEqual(rig.ack_sequence(fresh.ask(rig.report(1, OTHER))), 1)
        self.assertEqual(rig.ack_sequence(old.ask(rig.report(2))), 2)

    def test_bad_files_are_named_and_the_old_ones_stay(self):
        server = self.serve_tls(self.site)
        loose = self.site.path("loose.key")
        with open(self.site.server[1], "rb") as key, open(loose, "wb") as copy:
            copy.write(key.read())
        os.chmod(loose, 0o644)
        rows = (
            (self.site.path("none.pem"), self.site.server[1], "not_found"),
            (self.site.server[1], self.site.server[1], "malformed"),
            (self.site.server[0], self.site.agent[1], "identity"),
            (self.site.server[0], loose, "denied"),
        )
        for certificate, key, status in rows:
            server.command(f"reload {certificate} {key} {self.site.ca}")
            problem = server.wait_for("reload", status=status)["problem"]
            self.assertIn(self.site.folder, problem)
        peer = self.peer(server.port, rig.client_context(self.site, self.site.agent))
        self.assertEqual(rig.ack_sequence(peer.ask(rig.report(1))), 1)

    def test_end_of_the_servers_certificate_is_known(self):
        import time
        server = self.serve_tls(self.site)
        server.command("expiry")
        left = int(server.wait_for("expiry")["ms"]) / 1000 - time.time()
        self.assertTrue(6 * 86400 < left < 8 * 86400, left)
