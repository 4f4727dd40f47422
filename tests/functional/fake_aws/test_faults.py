"""The fault script: each kind does what it says, so many times, and says in the journal what was done."""

import http.client
import time

from fake_aws.case import FakeCase
from fake_aws.caller import Caller

GONE = (http.client.RemoteDisconnected, ConnectionResetError)


class Faults(FakeCase):
    def setUp(self):
        super().setUp()
        self.one = self.fake.create_instance()
        self.reboot = {"InstanceId.1": self.one}

    def accepted(self):
        return self.fake.instance(self.one)["reboots_accepted"]

    def test_throttle_speaks_each_protocol(self):
        self.fake.add_fault("*", "throttle", times=3)
        seen = [self.caller.ec2("DescribeInstances"),
                self.caller.query("sts", "GetCallerIdentity"), self.caller.ssm("ListCommands")]
        self.assertEqual([(503, "RequestLimitExceeded"), (400, "Throttling"),
                          (400, "ThrottlingException")], [(a.status, a.error) for a in seen])
        self.assertEqual(200, self.caller.ec2("DescribeInstances").status)

    def test_fault_hits_its_operation_only_and_so_many_times(self):
        self.fake.add_fault("ec2:RebootInstances", "throttle", times=2)
        self.assertEqual(200, self.caller.ec2("DescribeInstances").status)
        codes = [self.caller.ec2("RebootInstances", self.reboot).status for _ in range(3)]
        self.assertEqual(([503, 503, 200], 1), (codes, self.accepted()))

    def test_fault_may_last_for_ever_until_removed(self):
        number = self.fake.add_fault("ec2:*", "unavailable", times=None)
        codes = {self.caller.ec2("DescribeInstances").status for _ in range(5)}
        self.fake.control("DELETE", f"faults/{number}")
        self.assertEqual(({503}, 200), (codes, self.caller.ec2("DescribeInstances").status))

    def test_fault_may_end_by_time(self):
        self.fake.add_fault("ec2:*", "throttle", times=None, for_s=100)  # 100 / 50 = 2 s real
        self.assertEqual(503, self.caller.ec2("DescribeInstances").status)
        self.wait(lambda: self.caller.ec2("DescribeInstances").status == 200)
        self.assertEqual([], self.fake.control("GET", "faults")["faults"])

    def test_fault_may_let_calls_pass_first(self):
        self.fake.add_fault("ec2:DescribeInstances", "error", after=2)
        codes = [self.caller.ec2("DescribeInstances").status for _ in range(4)]
        self.assertEqual([200, 200, 500, 200], codes)

    def test_fault_may_name_an_instance(self):
        other = self.fake.create_instance()
        self.fake.add_fault("ec2:RebootInstances", "error", times=None, instance_id=self.one,
                            code="UnauthorizedOperation", status=403)
        self.assertEqual(200, self.caller.ec2("RebootInstances", {"InstanceId.1": other}).status)
        answer = self.caller.ec2("RebootInstances", self.reboot)
        self.assertEqual((403, "UnauthorizedOperation"), (answer.status, answer.error))

    def test_error_may_come_although_the_call_was_executed(self):
        self.fake.add_fault("ec2:RebootInstances", "error", executed=True)
        answer = self.caller.ec2("RebootInstances", self.reboot)
        self.assertEqual((500, "InternalError", 1),
                         (answer.status, answer.error, self.accepted()))
        self.assertTrue(self.fake.journal(op="ec2:RebootInstances")[0]["executed"])

    def test_html_body_does_not_parse(self):
        self.fake.add_fault("ssm:*", "html")
        answer = self.caller.ssm("ListCommands")
        self.assertEqual((502, "text/html"), (answer.status, answer.headers["content-type"]))
        self.assertIn(b"<html>", answer.body)

    def test_close_before_executing(self):
        self.fake.add_fault("ec2:RebootInstances", "close")
        with self.assertRaises(GONE):
            self.caller.ec2("RebootInstances", self.reboot)
        self.assertEqual(0, self.accepted())

    def test_executed_but_the_answer_is_lost(self):
        self.fake.add_fault("ec2:RebootInstances", "reset")
        with self.assertRaises(GONE):
            self.caller.ec2("RebootInstances", self.reboot)
        self.assertEqual(1, self.accepted())
        entry = self.fake.journal(op="ec2:RebootInstances")[0]
        self.assertEqual(("reset", True, 0), (entry["fault"], entry["executed"],
                                              entry["status"]))

    def test_hang_gives_no_answer(self):
        self.fake.add_fault("ec2:RebootInstances", "hang")
        caller = Caller(self.fake.environment(), timeout_s=0.3)
        with self.assertRaises(TimeoutError):
            caller.ec2("RebootInstances", self.reboot)
        self.assertEqual(0, self.accepted())

    def test_truncated_body_ends_early(self):
        self.fake.add_fault("ec2:DescribeInstances", "truncate")
        with self.assertRaises(http.client.IncompleteRead):
            self.caller.ec2("DescribeInstances")

    def test_wrong_length_cuts_the_body(self):
        self.fake.add_fault("ec2:DescribeInstances", "wrong_length")
        body = self.caller.ec2("DescribeInstances").body
        self.assertFalse(body.endswith(b"DescribeInstancesResponse>"))

    def test_slow_first_byte(self):
        self.fake.add_fault("ec2:DescribeInstances", "slow", seconds=20)  # 0.4 s real
        began = time.monotonic()
        self.assertEqual(200, self.caller.ec2("DescribeInstances").status)
        self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_date_header_may_be_off_alone(self):
        self.fake.add_fault("ec2:DescribeInstances", "date_offset", seconds=-86400)
        answer = self.caller.ec2("DescribeInstances")
        yesterday = time.strftime("%d %b", time.gmtime(time.time() - 86400))
        self.assertEqual(200, answer.status)
        self.assertIn(yesterday, answer.headers["date"])

    def test_one_item_a_page(self):
        self.fake.create_instances([{} for _ in range(3)])
        self.fake.add_fault("ec2:DescribeInstances", "page_size", times=None, value=1)
        seen, token, calls = [], None, 0
        while token is not None or calls == 0:
            answer = self.caller.ec2("DescribeInstances", {"NextToken": token} if token else {})
            seen += answer.texts(".//instanceId")
            token = (answer.texts("nextToken") or [None])[0]
            calls += 1
        self.assertEqual((4, 4), (calls, len(set(seen))))

    def test_empty_page_still_carries_a_token(self):
        self.fake.add_fault("ec2:DescribeInstanceStatus", "empty_page", times=None, value=2)
        token, sizes = None, []
        for _ in range(3):
            answer = self.caller.ec2("DescribeInstanceStatus",
                                     {"NextToken": token} if token else {})
            sizes.append(len(answer.texts(".//instanceId")))
            token = (answer.texts("nextToken") or [None])[0]
        self.assertEqual(([0, 0, 1], None), (sizes, token))

    def test_bucket_throttles_above_its_rate(self):
        self.fake.add_fault("ec2:*", "bucket", times=None, size=3, refill_per_s=0.005)
        codes = [self.caller.ec2("DescribeInstances").status for _ in range(4)]
        self.assertEqual([200, 200, 200, 503], codes)
        self.wait(lambda: self.caller.ec2("DescribeInstances").status == 200)

    def test_journal_tells_what_was_asked_and_done(self):
        self.fake.add_fault("ec2:RebootInstances", "throttle")
        for _ in range(3):
            self.caller.ec2("RebootInstances", self.reboot)
        self.assertEqual({"total": 3, "executed": 2, "ok": 2,
                          "errors": {"RequestLimitExceeded": 1}},
                         self.fake.counts()["ec2:RebootInstances"])
        self.assertEqual(2, self.fake.count("ec2:RebootInstances", instance_id=self.one))
        entry = self.fake.journal()[0]
        self.assertEqual(({"InstanceId.1": self.one}, [self.one]),
                         (entry["params"], entry["instance_ids"]))
        lines = (self.fake.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
        self.assertEqual(3, len(lines))

    def test_unknown_kind_is_refused(self):
        with self.assertRaisesRegex(Exception, "unknown fault kind"):
            self.fake.add_fault("ec2:*", "explode")
