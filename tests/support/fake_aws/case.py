"""A unittest base class: a fake of its own for each test, a signing caller, small guests."""

import sys
import unittest

from .caller import Caller
from .client import FakeAws

PYTHON = "/usr/bin/python3"
# A service that does nothing for ever and ends on SIGTERM.
IDLE = ["/usr/bin/sleep", "100000"]


class FakeCase(unittest.TestCase):
    time_scale = 50.0
    state = None

    def setUp(self):
        self.fake = FakeAws(time_scale=self.time_scale, state=self.state).start()
        self.addCleanup(self._close)
        self.caller = Caller(self.fake.environment())

    def _close(self):
        log = self.fake.log_text()
        self.fake.close()
        if "Traceback" in log or "a state machine step failed" in log:
            print(log, file=sys.stderr)
            self.fail("fake_aws logged a bug of its own")

    def guest(self, *units, name="g", **spec):
        """An instance with a booted guest; its id."""
        root = str(self.fake.folder / name)
        instance_id = self.fake.create_instance(
            guest={"root": root, "processes": list(units)}, **spec)
        self.wait(lambda: self.fake.instance(instance_id)["guest"]["ready"])
        return instance_id

    def wait(self, predicate, timeout_s=10.0):
        return self.fake.wait_until(predicate, timeout_s)

    def wait_state(self, instance_id, state):
        self.wait(lambda: self.fake.instance(instance_id)["state"] == state)

    def send(self, instance_id, service="web", **more):
        answer = self.caller.ssm("SendCommand", {
            "DocumentName": "ec2-auto-recovery-restart-services", "InstanceIds": [instance_id],
            "Parameters": {"serviceName": [service]}, **more})
        self.assertEqual(200, answer.status, answer.body)
        return answer.json["Command"]["CommandId"]

    def invocation(self, command_id, instance_id):
        return self.caller.ssm("GetCommandInvocation", {"CommandId": command_id,
                                                        "InstanceId": instance_id})

    def finished(self, command_id, instance_id, timeout_s=20.0):
        def look():
            answer = self.invocation(command_id, instance_id)
            row = answer.json if answer.status == 200 else {"Status": "Pending"}
            return row if row["Status"] not in ("Pending", "InProgress") else None
        return self.wait(look, timeout_s)
