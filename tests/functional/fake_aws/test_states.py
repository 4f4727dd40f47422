"""The instance state machine: stop, start, reboot, and the ways in which they go wrong."""

from fake_aws.case import FakeCase


class States(FakeCase):
    def call(self, op, instance_id, **params):
        answer = self.caller.ec2(op, {"InstanceId.1": instance_id, **params})
        self.assertEqual(200, answer.status, answer.body)
        return answer

    def test_stop_passes_through_stopping(self):
        one = self.fake.create_instance()
        answer = self.call("StopInstances", one)
        self.assertEqual((["stopping"], ["running"]), (answer.texts(".//currentState/name"),
                                                       answer.texts(".//previousState/name")))
        self.wait_state(one, "stopped")
        described = self.call("DescribeInstances", one)
        self.assertEqual(["Client.UserInitiatedShutdown"], described.texts(".//stateReason/code"))

    def test_start_gives_a_new_launch_time_and_boot(self):
        one = self.fake.create_instance(state="stopped", launch_time=1_700_000_000)
        before = self.fake.instance(one)
        self.assertEqual(["pending"], self.call("StartInstances", one).texts(
            ".//currentState/name"))
        self.wait_state(one, "running")
        after = self.fake.instance(one)
        self.assertEqual("2023-11-14T22:13:20.000Z", before["launch_time"])
        self.assertGreater(after["launch_time"], before["launch_time"])
        self.assertNotEqual(before["boot_id"], after["boot_id"])

    def test_stop_of_a_stopped_instance_answers_normally(self):
        one = self.fake.create_instance(state="stopped")
        self.assertEqual(["stopped"], self.call("StopInstances", one).texts(
            ".//currentState/name"))

    def test_start_of_a_running_instance_keeps_its_boot(self):
        one = self.fake.create_instance()
        boot = self.fake.instance(one)["boot_id"]
        self.assertEqual(["running"], self.call("StartInstances", one).texts(
            ".//currentState/name"))
        self.assertEqual(boot, self.fake.instance(one)["boot_id"])

    def test_stuck_stopping_ends_only_with_force(self):
        one = self.fake.create_instance(stuck_stopping=True, stopping_s=1.0)
        other = self.fake.create_instance(stopping_s=10.0)
        self.call("StopInstances", one)
        self.call("StopInstances", other)
        self.wait_state(other, "stopped")  # ten times as long as the stuck one would need
        self.assertEqual("stopping", self.fake.instance(one)["state"])
        self.call("StopInstances", one)
        self.assertEqual("stopping", self.fake.instance(one)["state"])
        self.call("StopInstances", one, Force="true")
        self.wait_state(one, "stopped")

    def test_capacity_failure_leaves_the_instance_stopped(self):
        one = self.fake.create_instance(
            state="stopped", start_failures=[{"code": "InsufficientInstanceCapacity", "times": 2}])
        for _ in range(2):
            answer = self.caller.ec2("StartInstances", {"InstanceId.1": one})
            self.assertEqual((500, "InsufficientInstanceCapacity"), (answer.status, answer.error))
        self.assertEqual("stopped", self.fake.instance(one)["state"])
        self.call("StartInstances", one)
        self.wait_state(one, "running")

    def test_reboot_keeps_state_and_launch_time(self):
        one = self.fake.create_instance()
        before = self.fake.instance(one)
        self.assertEqual(["true"], self.call("RebootInstances", one).texts("return"))
        self.wait(lambda: self.fake.instance(one)["boot_count"] == 2)
        after = self.fake.instance(one)
        self.assertEqual(("running", before["launch_time"]),
                         (after["state"], after["launch_time"]))
        self.assertNotEqual(before["boot_id"], after["boot_id"])

    def test_swallowed_reboot_is_accepted_and_lost(self):
        one = self.fake.create_instance(swallow_reboots=1, reboot_s=0.5)
        self.call("RebootInstances", one)
        self.assertEqual((1, 1), (self.fake.instance(one)["reboots_accepted"],
                                  self.fake.instance(one)["boot_count"]))
        self.call("RebootInstances", one)  # the second one works; had both, there were 3 boots
        self.wait(lambda: self.fake.instance(one)["boot_count"] == 2)

    def test_reboot_forgotten_when_the_instance_is_stopped_first(self):
        one = self.fake.create_instance(reboot_s=100.0, stopping_s=0.1, pending_s=0.1)
        self.call("RebootInstances", one)
        self.call("StopInstances", one)
        self.wait_state(one, "stopped")
        self.call("StartInstances", one)
        self.wait_state(one, "running")
        marker = self.fake.create_instance(state="stopped", pending_s=150.0)
        self.call("StartInstances", marker)
        self.wait_state(marker, "running")
        self.assertEqual(2, self.fake.instance(one)["boot_count"])

    def test_checks_initialise_after_a_boot(self):
        one = self.fake.create_instance(state="stopped", initializing_s=100.0)
        self.call("StartInstances", one)
        self.wait_state(one, "running")
        self.assertEqual("initializing", self.fake.instance(one)["checks"]["instance"])
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "ok")

    def test_failed_boot_shows_as_impaired(self):
        one = self.fake.create_instance(state="stopped", boot_failures=1, initializing_s=1.0)
        self.call("StartInstances", one)
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "impaired")
        self.assertEqual("ok", self.fake.instance(one)["checks"]["system"])
        self.call("RebootInstances", one)
        self.wait(lambda: self.fake.instance(one)["checks"]["instance"] == "ok")

    def test_pinned_check_clears_at_the_boot_it_names(self):
        both = [self.fake.create_instance(initializing_s=0.1, pending_s=0.1, stopping_s=0.1)
                for _ in range(2)]
        self.fake.set_checks(both[:1], clears_on="reboot", instance="impaired")
        self.fake.set_checks(both[1:], clears_on="start", system="impaired")
        for one in both:
            self.call("RebootInstances", one)
            self.wait(lambda one=one: self.fake.instance(one)["boot_count"] == 2)
        self.wait(lambda: self.fake.instance(both[0])["checks"]["instance"] == "ok")
        self.assertEqual("impaired", self.fake.instance(both[1])["checks"]["system"])
        self.call("StopInstances", both[1])
        self.wait_state(both[1], "stopped")
        self.assertEqual("not-applicable", self.fake.instance(both[1])["checks"]["system"])
        self.call("StartInstances", both[1])
        self.wait(lambda: self.fake.instance(both[1])["checks"]["system"] == "ok")
