"""The real ear-agent against the real agents' port (tests/functional/link/link_server.c)."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ["EAR_SOURCE"], "tests", "functional", "link"))
import rig  # noqa: E402

AGENT = os.path.join(os.environ["EAR_BIN"], "ear-agent")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
PATIENCE_S = 20


class Reporting(rig.Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ear_reporting_")
        self.addCleanup(folder.cleanup)
        self.config_path = os.path.join(folder.name, "agent.json")
        self.status_path = os.path.join(folder.name, "status.json")
        self.log_path = os.path.join(folder.name, "log")

    def agent(self, port, pki=None, **options):
        options = dict({"aggregator_address": "tcp://127.0.0.1:%d" % port,
                        "instance_id": rig.INSTANCE, "sample_interval": "1s",
                        "redial_min": "100ms", "redial_max": "200ms",
                        "status_file": self.status_path}, **options)
        if pki:
            options.update(aggregator_address="tls+tcp://127.0.0.1:%d" % port,
                           certificate_file=pki.agent[0], key_file=pki.agent[1], ca_file=pki.ca,
                           server_name="localhost")
        with open(self.config_path, "w") as file:
            json.dump(options, file)
        with open(self.log_path, "a") as log:
            process = subprocess.Popen([AGENT, "-c", self.config_path], env=ENVIRONMENT, stderr=log)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.addCleanup(end)
        return process

    def status(self):
        try:
            with open(self.status_path) as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def wait_status(self, condition):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            status = self.status()
            if status and condition(status):
                return status
            time.sleep(0.02)
        with open(self.log_path) as log:
            raise AssertionError("never: %s\n%s" % (self.status(), log.read()))

    def free_port(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    def test_reports_follow_their_dictionary_in_order_over_tls(self):
        pki = self.pki()
        server = self.serve_tls(pki)
        process = self.agent(server.port, pki)
        dictionary = server.wait_for("dictionary", instance=rig.INSTANCE)
        self.assertGreater(int(dictionary["count"]), 0)
        reports = [server.wait_for("report") for _ in range(4)]
        numbers = [int(report["sequence"]) for report in reports]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 4)))
        with open("/proc/sys/kernel/random/boot_id") as file:
            self.assertEqual(reports[0]["boot"], file.read().strip())
        self.assertGreater(int(reports[1]["further"]), 0)
        self.assertGreater(bin(int(reports[1]["present"], 16)).count("1"), 25)
        status = self.wait_status(lambda s: s["acknowledged"] >= numbers[2])
        self.assertEqual((status["connection"], status["configstatus"]), ("connected", "configured"))
        self.assertEqual(status["dropped"], 0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE_S), 0)
        server.wait_for("notice", kind="stopping")

    def test_what_waited_while_the_aggregator_was_away_comes_without_a_gap(self):
        server = self.serve_plain()
        port = server.port
        self.agent(port)
        last = int(server.wait_for("report")["sequence"])
        server.close()
        seen = [int(rig.parse_fields(line.split(" ", 1)[1])["sequence"])
                for line in server.seen if line.startswith("report ")]
        last = max([last] + seen)
        self.wait_status(lambda s: s["waiting"] >= 2)
        server = self.serve_plain("--port", port)
        server.wait_for("dictionary")
        numbers = [int(server.wait_for("report")["sequence"]) for _ in range(3)]
        self.assertIn(numbers[0], (last, last + 1))  # `last` again when its ack was lost
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 3)))
        self.wait_status(lambda s: s["waiting"] == 0 and s["dropped"] == 0)

    def test_a_report_that_was_not_taken_comes_again_with_its_number(self):
        server = self.serve_plain("--not-taken-below", 4000000000)
        self.agent(server.port)
        first = server.wait_for("report")["sequence"]
        self.assertEqual(server.wait_for("report")["sequence"], first)
        self.wait_status(lambda s: s["waiting"] >= 2 and s["acknowledged"] == 0)

    def test_numbers_go_on_rising_when_the_agent_is_killed_and_started_again(self):
        server = self.serve_plain()
        process = self.agent(server.port)
        before = [int(server.wait_for("report")["sequence"]) for _ in range(2)]
        process.kill()
        process.wait()
        self.agent(server.port)
        after = int(server.wait_for("report")["sequence"])
        while after in before:
            after = int(server.wait_for("report")["sequence"])
        self.assertGreater(after, max(before))

    def test_grace_from_the_aggregator_holds_a_bad_check_back(self):
        refused = "127.0.0.1:%d" % self.free_port()
        check = {"name": "app", "type": "tcp", "target": refused, "unit": "app.service",
                 "interval": "1s", "timeout": "1s", "rise": 1, "fall": 1, "grace": "2s"}
        server = self.serve_plain("--directives", 2)
        self.agent(server.port, checks=[check])
        for _ in range(6):
            server.wait_for("report", checks=1)
            self.assertEqual(self.status()["checks"][0]["state"], "unknown")
        server.close()
        self.wait_status(lambda s: s["checks"][0]["state"] == "failing")

    def test_a_check_that_fails_is_reported_at_once(self):
        server = self.serve_plain()
        with socket.create_server(("127.0.0.1", 0)) as service:
            target = "127.0.0.1:%d" % service.getsockname()[1]
            check = {"name": "app", "type": "tcp", "target": target, "interval": "1s",
                     "timeout": "1s", "rise": 1, "fall": 1, "grace": 0}
            self.agent(server.port, checks=[check], sample_interval="300s")
            self.wait_status(lambda s: s["checks"] and s["checks"][0]["state"] == "passing")
            before = self.status()["acknowledged"]
        self.wait_status(lambda s: s["checks"][0]["state"] == "failing")
        self.assertGreater(self.status()["sequence"], before)
        server.wait_for("report", sequence=self.status()["sequence"])


if __name__ == "__main__":
    import unittest
    unittest.main()
