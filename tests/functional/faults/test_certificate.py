"""Certificates that are wrong or old: the aggregator's own, and an agent's (F25, T13)."""

import json
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import LINK, FaultCase  # noqa: E402

sys.path.insert(0, LINK)
import rig  # noqa: E402

PAST = ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
SERVER = ("/CN=ear", "DNS:localhost,IP:127.0.0.1", "serverAuth")


def site(world):
    """The world's own CA, for certificates that earctl does not make."""
    pki = rig.Pki.__new__(rig.Pki)
    pki.folder = str(world.folder / "pki")
    return pki


class Certificate(FaultCase):
    def test_missing_authority_file_refuses_the_start(self):
        self.refused_start(self.bare_world(), "agents.failed", "/nonexistent/ca.pem", "CA",
                           ca_file="/nonexistent/ca.pem")

    def test_file_that_is_no_certificate_refuses_the_start(self):
        world = self.bare_world()
        broken = world.folder / "broken.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.refused_start(world, "agents.failed", str(broken), "certificate",
                           certificate_file=str(broken))

    def test_key_of_another_certificate_refuses_the_start(self):
        world = self.bare_world()
        world.pki("agent", "i-0123456789abcdef0", "--account", "123456789012")
        other = world.folder / "pki" / "i-0123456789abcdef0.key"
        self.refused_start(world, "agents.failed", str(other), "does not belong",
                           key_file=str(other))

    def test_key_that_others_can_read_refuses_the_start(self):
        world = self.bare_world()
        key = world.folder / "pki" / "server.key"
        key.chmod(0o644)
        self.refused_start(world, "agents.failed", str(key), "key")

    def test_reload_with_a_foreign_key_keeps_the_old_pair(self):
        world, host = self.web_world()
        world.wait_healthy(host)
        pki = world.folder / "pki"
        shutil.copy(pki / f"{host.id}.key", pki / "server.key")
        self.reload(world)
        self.one_event(world, "agents.reload_failed", str(pki / "server.key"), "does not belong",
                       "old certificates stay")
        # A new connection is still served by the old pair.
        world.fake.unit(host.id, "ear-agent.service", "restart")
        acknowledged = self.agent_status(host)["acknowledged"]
        world.wait(lambda: (self.agent_status(host) or {}).get("acknowledged", 0) > acknowledged,
                   20, "reports acknowledged after the agent's restart")
        self.watches(world, host)

    def test_expired_server_certificate_is_said_and_nothing_is_done(self):
        world, host = self.web_world(start=False)
        certificate, key = site(world).issue("server-old", *SERVER, dates=PAST)
        since = world.fake.journal_seq()
        world.start_aggregator(certificate_file=certificate, key_file=key)
        row = self.one_event(world, "certificate.expired", certificate, "2021-01-01")
        self.assertIn("agents", row["instead"])
        world.wait(lambda: "identity" in (self.agent_status(host) or {}).get("connection", ""),
                   20, "the agent's refusal of the certificate")
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        self.still_one(world, "certificate.expired")
        # A renewed pair comes in by a reload, and all goes on where it was.
        config = json.loads((world.folder / "aggregator.json").read_text(encoding="utf-8"))
        config.update(certificate_file=str(world.folder / "pki" / "server.pem"),
                      key_file=str(world.folder / "pki" / "server.key"))
        (world.folder / "aggregator.json").write_text(json.dumps(config), encoding="utf-8")
        self.reload(world)
        self.acts_again(world, host, since)

    def test_expired_agent_certificate_means_unknown_not_unhealthy(self):
        world, host = self.web_world()
        world.wait_healthy(host)
        pki = site(world)
        pki.issue("agent-old", f"/CN={host.id}",
                  f"DNS:{host.id},URI:ear://123456789012/{host.id}", "clientAuth", dates=PAST)
        for suffix in (".pem", ".key"):
            shutil.copy(pki.path("agent-old" + suffix), pki.path(host.id + suffix))
        since = world.fake.journal_seq()
        world.fake.unit(host.id, "ear-agent.service", "restart")
        world.wait(lambda: world.log_events("agent.refused"), 20, "the refusal")
        refused = world.log_events("agent.refused")
        self.assertIn("expired", refused[0]["detail"])
        self.assertEqual(host.id, refused[0]["certificate"])
        world.wait(lambda: world.member(host)["state"] != "HEALTHY", 20, "the agent's silence")
        self.nothing_called(world, host, since)
        # One line, however often it comes back.
        self.still_one(world, "agent.refused")


if __name__ == "__main__":
    unittest.main()
