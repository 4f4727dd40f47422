"""The agent's side of bad input, where it takes an aggregator to see it. What it does alone (a bad
configuration on reload, an aggregator that is away, missing /proc files) is in functional.agent."""

import json
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import LINK, FaultCase, Mounts  # noqa: E402

sys.path.insert(0, LINK)
import rig  # noqa: E402


class Agent(FaultCase):
    def rewrite(self, host, **settings):
        path = host.root / "agent.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config.update(settings)
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        return path

    def pid(self, world, host):
        return world.fake.unit_state(host.id, "ear-agent.service")["pid"]

    def test_aggregator_of_another_authority_is_refused_and_nothing_is_lost(self):
        world, host = self.web_world()
        world.wait_healthy(host)
        other = rig.Pki()
        self.addCleanup(other.close)
        ca = world.folder / "other-ca.pem"
        shutil.copy(other.ca, ca)
        self.rewrite(host, ca_file=str(ca))
        since = world.fake.journal_seq()
        known = len(self.agent_events(host, "link.dial_failed"))
        world.fake.unit(host.id, "ear-agent.service", "restart")
        world.wait(lambda: len(self.agent_events(host, "link.dial_failed")) > known, 20,
                   "the refusal")
        world.wait(lambda: self.agent_status(host)["waiting"] >= 2, 20, "reports that wait")
        rows = self.agent_events(host, "link.dial_failed")[known:]
        self.assertEqual(["identity"], [row["status"] for row in rows])
        self.assertIn("identity", self.agent_status(host)["connection"])
        self.assertEqual(0, self.agent_status(host)["acknowledged"])
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)  # nobody vouched for: it is silent, no more
        self.rewrite(host, ca_file=str(world.folder / "pki" / "ca.pem"))
        world.fake.unit(host.id, "ear-agent.service", "restart")
        self.acts_again(world, host, since)

    def test_bad_reload_keeps_the_agent_reporting_as_before(self):
        world, host = self.web_world()
        world.wait_healthy(host)
        path = self.rewrite(host, sample_interval="1 fortnight")
        os.kill(self.pid(world, host), signal.SIGHUP)
        world.wait(lambda: self.agent_events(host, "config.reload_refused"), 10, "the refusal")
        log = (host.root / "log" / "ear-agent.service.log").read_text(encoding="utf-8")
        named = [row for row in log.splitlines() if f"{path}:" in row and "sample_interval" in row]
        self.assertEqual(1, len(named), log[-1500:])
        acknowledged = self.agent_status(host)["acknowledged"]
        world.wait(lambda: self.agent_status(host)["acknowledged"] > acknowledged + 1, 15,
                   "further reports")
        self.watches(world, host)

    def test_full_disk_costs_the_status_file_and_one_line_not_a_report(self):
        self.need_mounts()  # before the fake starts: its guests must see the mount
        world, host = self.web_world()
        world.wait_healthy(host)
        small = world.folder / "small"
        small.mkdir()
        self.rewrite(host, status_file=str(small / "status.json"))
        # The guest runs in the fake's namespace, which is ours.
        Mounts.mount("none", small, "tmpfs", data="size=64k,mode=700")
        self.addCleanup(Mounts.unmount, small)
        with open(small / "filler", "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass
        world.fake.unit(host.id, "ear-agent.service", "restart")
        world.wait(lambda: self.agent_events(host, "status_file.unwritable"), 20, "the line")
        self.assertIn(str(small / "status.json"),
                      self.agent_events(host, "status_file.unwritable")[0]["path"])
        self.watches(world, host)
        since = world.fake.journal_seq()
        world.fake.kill_unit(host.id, host.unit)
        self.acts_again(world, host, since)
        self.assertEqual(1, len(self.agent_events(host, "status_file.unwritable")))


if __name__ == "__main__":
    unittest.main()
