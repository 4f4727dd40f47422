"""The edge against the stateful fake AWS, which checks every signature and counts what took effect: after
each fault the world is changed as often as it should be (SAFETY F14, F16, F17, F18)."""

import os
import sys
import unittest

from fake_aws.client import FakeAws

sys.path.insert(0, os.path.dirname(__file__))
import aws_harness as aws

DOCUMENT = "ec2-auto-recovery-restart-services"
ACTION = "INC-01/restart-service/1"
CHANGES = {"RebootInstances": "running", "StopInstances": "running", "StartInstances": "stopped"}


class AgainstFake(unittest.TestCase):
    def setUp(self):
        self.fake = FakeAws(time_scale=50.0).start()
        self.addCleanup(self.fake.close)

    def probe(self, call, *arguments, **environment):
        words = dict(self.fake.environment())
        words.update(environment)
        return aws.probe(self.fake.endpoint, call, *arguments, environment=words)

    def executed(self, call, service="ec2"):
        return self.fake.count(f"{service}:{call}", executed="true")

    def test_every_call_passes_the_checks_of_signature_and_parameters(self):
        one = self.fake.create_instance(tags={"AutoRecovery": "enabled", "Name": "caf\u00e9"}, asg="g")
        out = self.probe("DescribeInstances", "filter=tag:AutoRecovery=enabled")
        self.assertEqual([(i["id"], i["name"], i["asg"], i["opted_in"]) for i in out.answer],
                         [(one, "caf\u00e9", "g", True)])
        out = self.probe("DescribeInstanceStatus", f"id={one}")
        self.assertEqual([(s["id"], s["state"]) for s in out.answer], [(one, "running")])
        self.assertEqual(self.probe("RebootInstances", f"id={one}").status, "ok")
        for call in ("RebootInstances", "StopInstances", "StartInstances"):
            dry = self.probe(call, f"id={one}", "dry_run=1")
            self.assertEqual((dry.status, dry.result["code"], dry.answer), ("ok", "DryRunOperation", None))
        self.assertEqual(self.probe("GetCallerIdentity").answer["account"], "123456789012")
        out = self.probe("Publish", f"topic={self.fake.topic_arn}", "subject=s", "message=m & \u20ac")
        self.assertEqual((out.status, self.fake.sns_messages()[0]["message"]), ("ok", "m & \u20ac"))
        self.assertEqual(self.fake.forbidden(), [])

    def test_effect_with_a_lost_answer_is_unknown_and_happened_once(self):
        for call, state in CHANGES.items():
            with self.subTest(call):
                one = self.fake.create_instance(state=state)
                self.fake.add_fault(f"ec2:{call}", "reset")
                out = self.probe(call, f"id={one}")
                self.assertEqual((out.status, self.executed(call)), ("unknown_outcome", 1))

    def test_fault_that_took_effect_all_the_same_is_not_repeated(self):
        one = self.fake.create_instance()
        self.fake.add_fault("ec2:StopInstances", "error", code="InternalError", status=500, executed=True)
        out = self.probe("StopInstances", f"id={one}")
        self.assertEqual((out.status, self.executed("StopInstances")), ("unknown_outcome", 1))

    def test_throttling_does_not_double_and_does_not_lose(self):
        for call, state in CHANGES.items():
            with self.subTest(call):
                one = self.fake.create_instance(state=state)
                self.fake.add_fault(f"ec2:{call}", "throttle", times=2)
                out = self.probe(call, f"id={one}")
                self.assertEqual((out.status, out.result["attempts"], self.executed(call)), ("ok", 3, 1))

    def test_wrong_clock_of_ours_costs_one_refused_request(self):
        one = self.fake.create_instance()
        self.fake.settings(clock_offset_s=3000)
        out = self.probe("RebootInstances", f"id={one}", "sequence=2")
        self.assertEqual([r["result"]["status"] for r in out.results], ["ok", "ok"])
        self.assertEqual((self.executed("RebootInstances"), len(out.attempts)), (2, 3))

    def test_wrong_secret_is_denied_and_nothing_happens(self):
        one = self.fake.create_instance()
        out = self.probe("RebootInstances", f"id={one}", AWS_SECRET_ACCESS_KEY="wrong")
        self.assertEqual((out.status, self.executed("RebootInstances")), ("denied", 0))

    def test_one_item_pages_and_empty_pages_come_to_the_whole(self):
        ids = self.fake.create_instances([{} for _ in range(7)])
        for call in ("DescribeInstances", "DescribeInstanceStatus"):
            self.fake.add_fault(f"ec2:{call}", "page_size", times=None, value=1)
            self.fake.add_fault(f"ec2:{call}", "empty_page", times=None, value=2)
            out = self.probe(call)
            self.assertEqual((out.status, sorted(row["id"] for row in out.answer)), ("ok", sorted(ids)))
            self.assertGreaterEqual(self.fake.count(f"ec2:{call}"), 7)

    def test_read_cut_short_is_read_again(self):
        one = self.fake.create_instance()
        for kind in ("truncate", "wrong_length", "html", "close"):
            with self.subTest(kind):
                self.fake.add_fault("ec2:DescribeInstances", kind)
                out = self.probe("DescribeInstances")
                self.assertEqual((out.status, [i["id"] for i in out.answer]), ("ok", [one]))

    def test_lost_command_is_found_by_its_comment(self):
        one = self.fake.create_instance(ssm="online")
        self.fake.add_fault("ssm:SendCommand", "reset")
        sent = self.probe("SendCommand", f"document={DOCUMENT}", f"id={one}", "parameter=serviceName",
                          "value=nginx", f"comment={ACTION}")
        self.assertEqual((sent.status, self.executed("SendCommand", "ssm")), ("unknown_outcome", 1))
        listed = self.probe("ListCommands", f"document={DOCUMENT}", f"id={one}")
        found = [c for c in listed.answer if c["comment"] == ACTION]
        self.assertEqual([c["id"] for c in found], [c["id"] for c in self.fake.ssm_commands()])

    def test_states_and_checks_are_told_as_they_are(self):
        one = self.fake.create_instance()
        self.fake.set_checks([one], system="impaired", application="impaired")
        self.fake.add_event(one, code="instance-retirement", description="old hardware")
        row = self.probe("DescribeInstanceStatus", f"id={one}").answer[0]
        self.assertEqual((row["system"]["check"], row["instance"]["check"], row["application"]["check"]),
                         ("impaired", "ok", "impaired"))
        self.assertEqual([e["code"] for e in row["events"]], ["instance-retirement"])
        out = self.probe("StopInstances", f"id={one}")
        self.assertEqual((out.answer["previous"], out.answer["current"]), ("running", "stopping"))

    def test_refusals_are_told_apart(self):
        one = self.fake.create_instance(disable_api_stop=True)
        out = self.probe("StopInstances", f"id={one}")
        self.assertEqual((out.status, out.result["code"]), ("refused", "OperationNotPermitted"))
        two = self.fake.create_instance(state="stopped", start_failures=[
            {"code": "InsufficientInstanceCapacity", "times": -1}])
        out = self.probe("StartInstances", f"id={two}")
        self.assertEqual((out.status, out.result["code"]), ("no_capacity", "InsufficientInstanceCapacity"))
        out = self.probe("RebootInstances", "id=i-0a0a0a0a0a0a0a0a0")
        self.assertEqual((out.status, out.result["code"]), ("not_found", "InvalidInstanceID.NotFound"))


if __name__ == "__main__":
    unittest.main()
