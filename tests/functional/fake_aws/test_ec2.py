"""EC2 reads: filters, pages, explicit ids, errors; and what a write refuses."""

from fake_aws.case import FakeCase


class Reads(FakeCase):
    def ids(self, params=None, op="DescribeInstances"):
        answer = self.caller.ec2(op, params)
        self.assertEqual(200, answer.status, answer.body)
        path = ".//instancesSet/item/instanceId" if op == "DescribeInstances" else \
            ".//instanceStatusSet/item/instanceId"
        return answer.texts(path)

    def two(self):
        one, two = "i-00000000000000011", "i-00000000000000022"
        self.fake.create_instances([
            {"id": one, "tags": {"AutoRecovery": "enabled", "Name": "web 1"}, "az": "us-east-1a"},
            {"id": two, "tags": {"AutoRecovery": "no"}, "az": "us-east-1b", "state": "stopped"}])
        return one, two

    def test_tag_filter_selects(self):
        one, _two = self.two()
        self.assertEqual([one], self.ids({"Filter.1.Name": "tag:AutoRecovery",
                                          "Filter.1.Value.1": "enabled"}))

    def test_values_of_a_filter_are_alternatives(self):
        one, two = self.two()
        self.assertEqual([one, two], self.ids({
            "Filter.1.Name": "instance-state-name", "Filter.1.Value.1": "running",
            "Filter.1.Value.2": "stopped"}))

    def test_filters_must_all_hold(self):
        _one, two = self.two()
        self.assertEqual([two], self.ids({
            "Filter.1.Name": "tag-key", "Filter.1.Value.1": "AutoRecovery",
            "Filter.2.Name": "availability-zone", "Filter.2.Value.1": "us-east-1b"}))

    def test_filter_values_take_wildcards(self):
        one, _two = self.two()
        self.assertEqual([one], self.ids({"Filter.1.Name": "tag:Name",
                                          "Filter.1.Value.1": "web*"}))

    def test_unknown_filter_is_refused(self):
        self.two()
        answer = self.caller.ec2("DescribeInstances", {"Filter.1.Name": "colour",
                                                       "Filter.1.Value.1": "red"})
        self.assertEqual("InvalidParameterValue", answer.error)

    def test_pages_join_to_the_whole(self):
        made = self.fake.create_instances([{} for _ in range(13)])
        seen, token, pages = [], None, 0
        while True:
            params = {"MaxResults": "5", **({"NextToken": token} if token else {})}
            answer = self.caller.ec2("DescribeInstances", params)
            seen += answer.texts(".//instanceId")
            pages += 1
            token = (answer.texts("nextToken") or [None])[0]
            if not token:
                break
        self.assertEqual((3, sorted(made)), (pages, seen))

    def test_token_of_another_question_is_refused(self):
        self.fake.create_instances([{} for _ in range(6)])
        token = self.caller.ec2("DescribeInstances", {"MaxResults": "5"}).texts("nextToken")[0]
        answer = self.caller.ec2("DescribeInstanceStatus", {"MaxResults": "5", "NextToken": token})
        self.assertEqual("InvalidParameterValue", answer.error)

    def test_unknown_id_is_not_found(self):
        one, _two = self.two()
        answer = self.caller.ec2("DescribeInstances", {"InstanceId.1": one,
                                                       "InstanceId.2": "i-000000000000000ff"})
        self.assertEqual((400, "InvalidInstanceID.NotFound"), (answer.status, answer.error))
        self.assertIn("i-000000000000000ff", answer.texts(".//Message")[0])

    def test_malformed_id_is_refused(self):
        answer = self.caller.ec2("DescribeInstances", {"InstanceId.1": "web-1"})
        self.assertEqual("InvalidInstanceID.Malformed", answer.error)

    def test_ids_and_max_results_do_not_mix(self):
        one, _two = self.two()
        for op in ("DescribeInstances", "DescribeInstanceStatus"):
            answer = self.caller.ec2(op, {"InstanceId.1": one, "MaxResults": "5"})
            self.assertEqual("InvalidParameterCombination", answer.error)

    def test_unknown_parameter_is_refused(self):
        self.assertEqual("UnknownParameter",
                         self.caller.ec2("DescribeInstances", {"Filters.1": "x"}).error)

    def test_unknown_action_is_refused(self):
        self.assertEqual("InvalidAction", self.caller.ec2("DescribeEverything").error)

    def test_status_shows_only_running_unless_asked(self):
        one, two = self.two()
        self.assertEqual([one], self.ids(op="DescribeInstanceStatus"))
        self.assertEqual([one, two], self.ids({"IncludeAllInstances": "true"},
                                              "DescribeInstanceStatus"))

    def test_status_takes_at_most_100_ids(self):
        made = self.fake.create_instances([{} for _ in range(101)])
        params = {f"InstanceId.{n + 1}": made[n] for n in range(101)}
        self.assertEqual("InvalidParameterValue",
                         self.caller.ec2("DescribeInstanceStatus", params).error)
        params.pop("InstanceId.101")
        self.assertEqual(100, len(self.ids(params, "DescribeInstanceStatus")))

    def test_status_carries_checks_and_events(self):
        one, two = self.two()
        self.fake.set_checks([one], system="impaired", application="initializing")
        self.fake.add_event(one, code="instance-retirement", description="retires",
                            notBefore="2026-12-01T00:00:00.000Z")
        answer = self.caller.ec2("DescribeInstanceStatus", {"IncludeAllInstances": "true"})
        rows = {row.findtext("instanceId"): row for row in answer.xml.iter("item")
                if row.find("instanceId") is not None}
        self.assertEqual("impaired", rows[one].findtext("systemStatus/status"))
        self.assertEqual("failed", rows[one].findtext("systemStatus/details/item/status"))
        self.assertTrue(rows[one].findtext("systemStatus/details/item/impairedSince"))
        self.assertEqual("ok", rows[one].findtext("instanceStatus/status"))
        self.assertEqual("initializing", rows[one].findtext("applicationStatus/status"))
        self.assertEqual("instance-retirement", rows[one].findtext("eventsSet/item/code"))
        self.assertEqual("not-applicable", rows[two].findtext("systemStatus/status"))

    def test_lag_delays_what_readers_see(self):
        one, _two = self.two()
        self.fake.configure(one, lag_s=150.0, stopping_s=0.01)  # 150 / 50 = 3 s real
        self.caller.ec2("StopInstances", {"InstanceId.1": one})
        self.wait_state(one, "stopped")
        state = self.caller.ec2("DescribeInstances", {"InstanceId.1": one}).texts(
            ".//instanceState/name")
        self.assertEqual(["running"], state)
        self.wait(lambda: self.caller.ec2("DescribeInstances", {"InstanceId.1": one}).texts(
            ".//instanceState/name") == ["stopped"])

    def test_new_instance_is_not_found_for_a_while(self):
        new = self.fake.create_instance(visible_after_s=100.0)
        self.assertEqual("InvalidInstanceID.NotFound",
                         self.caller.ec2("DescribeInstances", {"InstanceId.1": new}).error)
        self.wait(lambda: self.caller.ec2("DescribeInstances",
                                          {"InstanceId.1": new}).status == 200)

    def test_member_of_a_group_carries_its_tag(self):
        self.fake.create_instance(asg="web-group")
        answer = self.caller.ec2("DescribeInstances", {
            "Filter.1.Name": "tag:aws:autoscaling:groupName", "Filter.1.Value.1": "web-group"})
        self.assertEqual(1, len(answer.texts(".//instanceId")))


class Refusals(FakeCase):
    def test_every_answer_carries_its_request_id(self):
        good, bad = self.caller.ec2("DescribeInstances"), self.caller.ec2("Nothing")
        self.assertEqual(good.texts("requestId"), [good.headers["x-amzn-requestid"]])
        self.assertEqual(bad.texts("RequestID"), [bad.headers["x-amzn-requestid"]])
        ssm = self.caller.ssm("ListCommands")
        ids = {answer.headers["x-amzn-requestid"] for answer in (good, bad, ssm)}
        self.assertEqual(3, len(ids))
        self.assertEqual(ids, {entry["request_id"] for entry in self.fake.journal()})

    def test_terminate_is_refused_and_remembered(self):
        one = self.fake.create_instance()
        answer = self.caller.ec2("TerminateInstances", {"InstanceId.1": one})
        self.assertEqual((403, "UnauthorizedOperation"), (answer.status, answer.error))
        self.assertEqual("running", self.fake.instance(one)["state"])
        self.assertIn(one, self.fake.forbidden()[0])
        self.assertIn("FORBIDDEN", self.fake.log_text())
        self.assertFalse(self.fake.journal(op="ec2:TerminateInstances")[0]["executed"])

    def test_dry_run_changes_nothing(self):
        one = self.fake.create_instance()
        stopped = self.fake.create_instance(state="stopped")
        for op, target in (("RebootInstances", one), ("StopInstances", one),
                           ("StartInstances", stopped), ("DescribeInstances", one),
                           ("DescribeInstanceStatus", one)):
            answer = self.caller.ec2(op, {"InstanceId.1": target, "DryRun": "true"})
            self.assertEqual((412, "DryRunOperation"), (answer.status, answer.error), op)
        self.assertEqual(0, self.fake.instance(one)["reboots_accepted"])
        self.assertEqual("running", self.fake.instance(one)["state"])
        self.assertEqual("stopped", self.fake.instance(stopped)["state"])
        self.assertTrue(all(not row["executed"] for row in self.fake.journal()))

    def test_stop_protection_is_respected(self):
        one = self.fake.create_instance(disable_api_stop=True)
        self.assertEqual("OperationNotPermitted",
                         self.caller.ec2("StopInstances", {"InstanceId.1": one}).error)

    def test_instance_store_root_cannot_be_stopped(self):
        one = self.fake.create_instance(root_device_type="instance-store")
        self.assertEqual("UnsupportedOperation",
                         self.caller.ec2("StopInstances", {"InstanceId.1": one}).error)

    def test_wrong_state_is_refused(self):
        stopped = self.fake.create_instance(state="stopped")
        self.assertEqual("IncorrectInstanceState",
                         self.caller.ec2("RebootInstances", {"InstanceId.1": stopped}).error)
        self.fake.configure(stopped, pending_s=1000.0)
        self.caller.ec2("StartInstances", {"InstanceId.1": stopped})
        self.assertEqual("IncorrectInstanceState",
                         self.caller.ec2("StopInstances", {"InstanceId.1": stopped}).error)

    def test_one_unknown_id_refuses_the_whole_call(self):
        one = self.fake.create_instance()
        answer = self.caller.ec2("RebootInstances", {"InstanceId.1": one, "InstanceId.2": "i-000000000000000ff"})
        self.assertEqual("InvalidInstanceID.NotFound", answer.error)
        self.assertEqual(0, self.fake.instance(one)["reboots_accepted"])
