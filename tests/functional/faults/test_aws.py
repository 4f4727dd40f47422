"""AWS away, slow, refusing, lying: one line, nothing is called, and all goes on when it is back (F11,
F24, R12, R15)."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import FaultCase, wait_until  # noqa: E402

WRONG_CLOCK_S = 600
SOON = {"status_max_age": "3s", "inventory_max_age": "3s"}


class Aws(FaultCase):
    def observes_only(self, world, timeout_s=45):
        world.wait(lambda: world.ask("status")["observe_only"]["on"], timeout_s, "observe-only")

    def away_and_back(self, world, host, line, words=(), timeout_s=45):
        """While the fault lasts: observe-only, watching, no call, one line. Afterwards: the recovery."""
        since = world.fake.journal_seq()
        self.one_event(world, line, *words, timeout_s=timeout_s)
        self.observes_only(world, timeout_s)
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        self.watches(world, host)
        self.still_one(world, line)
        world.fake.clear_faults()
        self.acts_again(world, host, since, 60)
        self.still_one(world, line)

    def healthy_world(self, **settings):
        world, host = self.web_world(**SOON, **settings)
        world.wait_healthy(host)
        return world, host

    # -- unreachable ----------------------------------------------------------------------------

    def test_closed_port_from_the_start_means_observing_only(self):
        world, host = self.web_world(start=False)
        closed = world.new_port()
        address = f"http://127.0.0.1:{closed.number}"
        since = world.fake.journal_seq()
        world.start_aggregator(aws_endpoint_url=address,
                               environment={"AWS_ENDPOINT_URL": address}, **SOON)
        self.one_event(world, "aws.failing", "watching goes on")
        self.observes_only(world)
        self.watches(world, host)
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        self.still_one(world, "aws.failing")
        # Each attempt's own line would be a flood: they are as many as the lines of trouble.
        self.assertLessEqual(len(world.log_events("aws.failed")), 4,
                             [row["operation"] for row in world.log_events("aws.failed")])

    def test_server_errors_mean_observing_only_until_they_end(self):
        world, host = self.healthy_world()
        world.fake.add_fault("*", "unavailable", times=None)
        self.away_and_back(world, host, "aws.failing", ["watching goes on"])

    def test_calls_that_hang_mean_observing_only_until_they_end(self):
        world, host = self.healthy_world()
        world.fake.add_fault("*", "hang", times=None)
        since = world.fake.journal_seq()
        self.observes_only(world)
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        self.watches(world, host)
        self.one_event(world, "aws.failing", "watching goes on", timeout_s=60)
        world.fake.clear_faults()
        self.acts_again(world, host, since, 60)

    def test_answers_in_html_are_no_answers(self):
        world, host = self.healthy_world()
        world.fake.add_fault("*", "html", times=None)
        self.away_and_back(world, host, "aws.failing", ["watching goes on"])

    def test_truncated_answers_are_no_answers(self):
        world, host = self.healthy_world()
        for operation in ("ec2:DescribeInstances", "ec2:DescribeInstanceStatus"):
            world.fake.add_fault(operation, "truncate", times=None)
        self.away_and_back(world, host, "aws.failing", ["watching goes on"])

    # -- credentials ----------------------------------------------------------------------------

    def test_no_credentials_at_all_means_observing_only(self):
        world, host = self.web_world(start=False)
        since = world.fake.journal_seq()
        world.start_aggregator(environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
                                            "AWS_EC2_METADATA_DISABLED": "true"}, **SOON)
        self.one_event(world, "aws.failing", "watching goes on")
        self.observes_only(world)
        world.fake.kill_unit(host.id, host.unit)
        self.nothing_called(world, host, since)
        self.watches(world, host)
        self.still_one(world, "aws.failing")
        # One line for each of the two reads that says what is missing and where it was looked for.
        rows = [row for row in world.log_events("aws.failed") if row["operation"] != "Publish"]
        self.assertEqual(["DescribeInstanceStatus", "DescribeInstances"],
                         sorted(row["operation"] for row in rows))
        for row in rows:
            self.assertEqual("NoCredentials", row["code"])
            self.assertIn("AWS_ACCESS_KEY_ID", row["message"])

    def test_credentials_that_expire_in_a_workflow_never_escalate(self):
        world, host = self.web_world(start=False)
        world.fake.control("POST", "credentials", {
            "key_id": "AKIASHORTLIVEDKEY000", "secret": "short-lived-secret",
            "expires_in_s": 1000000})
        since = world.fake.journal_seq()
        world.start_aggregator(environment={"AWS_ACCESS_KEY_ID": "AKIASHORTLIVEDKEY000",
                                            "AWS_SECRET_ACCESS_KEY": "short-lived-secret"})
        world.wait_healthy(host)
        # The command is accepted and stays open; then the key is gone.
        world.fake.ssm_result([{"status": "InProgress", "after_s": 0}], host.id)
        world.fake.kill_unit(host.id, host.unit)
        world.wait(lambda: world.changing_calls(host, since), 30, "SendCommand")
        world.fake.control("DELETE", "credentials/AKIASHORTLIVEDKEY000")
        self.one_event(world, "aws.failing", timeout_s=30)
        self.observes_only(world)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            calls = [call["op"] for call in world.changing_calls(host, since)]
            self.assertEqual(["SendCommand"], calls)
            time.sleep(0.2)
        self.watches(world, host)
        attempts = [row for row in world.fake.journal(since=since)
                    if row["op"] in ("RebootInstances", "StopInstances")]
        self.assertEqual([], attempts)

    # -- clock ----------------------------------------------------------------------------------

    def clock_off(self, seconds):
        world, host = self.healthy_world()
        since = world.fake.journal_seq()
        world.fake.settings(clock_offset_s=seconds)
        self.one_event(world, "clock.skew", "skewed")
        world.fake.kill_unit(host.id, host.unit)
        refused = wait_until(lambda: [row for row in world.decisions(host)
                                      if row["rule"] == "clock_skew"], 25, "a decision")
        self.assertIn("ms off AWS's", refused[0]["text"])
        self.nothing_called(world, host, since)
        self.watches(world, host)
        self.still_one(world, "clock.skew")
        world.fake.settings(clock_offset_s=0)
        self.acts_again(world, host, since, 60)

    def test_clock_ten_minutes_behind_means_observing_only(self):
        self.clock_off(WRONG_CLOCK_S)

    def test_clock_ten_minutes_ahead_means_observing_only(self):
        self.clock_off(-WRONG_CLOCK_S)

    # -- notifications --------------------------------------------------------------------------

    def test_webhook_that_hangs_delays_no_answer_of_the_engine(self):
        world, host = self.web_world(slack=True)
        world.wait_healthy(host)

        def slowest(count=60):
            took = []
            for _ in range(count):
                began = time.monotonic()
                self.assertEqual(0, world.earctl("status").returncode)
                took.append(time.monotonic() - began)
            return sorted(took)[count * 9 // 10]
        before = slowest()
        world.fake.webhook("ops", mode="hang", times=None)
        self.assertEqual(0, world.earctl("pause", "--reason", "one message").returncode)
        self.assertEqual(0, world.earctl("resume", "--reason", "and another").returncode)
        world.wait(lambda: world.records("outbox"), 10, "messages that wait")
        during = slowest()
        self.assertTrue(world.records("outbox"), "the receiver hangs no more: nothing was measured")
        # earctl's own start dominates; an engine that waited would add the receiver's 10 s.
        self.assertLess(during, before * 3 + 0.2)
        since = world.fake.journal_seq()
        world.fake.kill_unit(host.id, host.unit)
        self.acts_again(world, host, since)
        self.assertTrue(world.records("outbox"))  # it hung for all of that


if __name__ == "__main__":
    unittest.main()
