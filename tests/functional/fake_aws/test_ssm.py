"""SSM Run Command: what is refused, how a command goes its way, how an answer fails to come."""

import time

from fake_aws.case import IDLE, FakeCase

WEB = {"unit": "web", "argv": IDLE}


class Ssm(FakeCase):
    def document(self, *lines, timeout="300", parameters=None):
        self.fake.control("POST", "documents", {"name": "t-test", "content": {
            "schemaVersion": "2.2", "description": "t", "parameters": parameters or {},
            "mainSteps": [{"action": "aws:runShellScript", "name": "step",
                           "inputs": {"timeoutSeconds": timeout, "runCommand": list(lines)}}]}})

    def run_document(self, instance_id, timeout_s=3600, **parameters):
        answer = self.caller.ssm("SendCommand", {
            "DocumentName": "t-test", "InstanceIds": [instance_id], "TimeoutSeconds": timeout_s,
            "Parameters": {name: [value] for name, value in parameters.items()}})
        self.assertEqual(200, answer.status, answer.body)
        return answer.json["Command"]["CommandId"]

    def refused(self, **changes):
        params = {"DocumentName": "p-restart-services", "InstanceIds": [self.one], **changes}
        answer = self.caller.ssm("SendCommand", params)
        self.assertEqual(400, answer.status, answer.body)
        return answer.error

    def test_restart_runs_the_real_script_in_the_guest(self):
        one = self.guest(WEB)
        before = self.fake.unit_state(one, "web.service")["pid"]
        row = self.finished(self.send(one, Comment="act-7"), one)
        after = self.fake.unit_state(one, "web.service")
        self.assertEqual(("Success", 0, "act-7"),
                         (row["Status"], row["ResponseCode"], row["Comment"]))
        self.assertTrue(row["StandardOutputContent"].startswith(
            '{"action":"restart-service","result":"restarted","manager":"systemd"'))
        self.assertEqual("active", after["active"])
        self.assertNotEqual(before, after["pid"])

    def test_restart_of_an_unknown_service_fails_with_its_code(self):
        one = self.guest(WEB)
        row = self.finished(self.send(one, "nothere"), one)
        self.assertEqual(("Failed", "Failed", 66),
                         (row["Status"], row["StatusDetails"], row["ResponseCode"]))
        self.assertIn('"result":"not-found"', row["StandardOutputContent"])

    def test_restart_of_a_service_that_does_not_start_fails(self):
        one = self.guest({**WEB, "start_failures": -1, "autostart": False})
        row = self.finished(self.send(one), one)
        self.assertEqual(("Failed", 69), (row["Status"], row["ResponseCode"]))

    def test_status_goes_from_pending_over_in_progress_to_success(self):
        self.fake.settings(ssm={"delivery_s": 100})
        one = self.guest(WEB)
        command = self.send(one)
        self.assertEqual("Pending", self.invocation(command, one).json["Status"])
        self.assertEqual(-1, self.invocation(command, one).json["ResponseCode"])
        self.wait(lambda: self.invocation(command, one).json["Status"] == "InProgress")
        self.assertEqual("Success", self.finished(command, one)["Status"])

    def test_first_reads_may_not_find_the_invocation(self):
        self.fake.settings(ssm={"hidden_calls": 2})
        one = self.guest(WEB)
        command = self.send(one)
        errors = [self.invocation(command, one).error for _ in range(3)]
        self.assertEqual(["InvocationDoesNotExist", "InvocationDoesNotExist", None], errors)

    def test_offline_agent_ends_in_delivery_time_out(self):
        one = self.guest(WEB, ssm="offline")
        before = self.fake.unit_state(one, "web.service")["pid"]
        row = self.finished(self.send(one, TimeoutSeconds=30), one)
        self.assertEqual(("TimedOut", "DeliveryTimedOut", -1),
                         (row["Status"], row["StatusDetails"], row["ResponseCode"]))
        self.assertEqual(before, self.fake.unit_state(one, "web.service")["pid"])

    def test_hung_guest_does_not_get_the_command(self):
        one = self.guest(WEB)
        self.fake.hang(one)
        row = self.finished(self.send(one, TimeoutSeconds=30), one)
        self.assertEqual("DeliveryTimedOut", row["StatusDetails"])

    def test_guest_stopped_under_the_script_never_reports_success(self):
        one = self.guest(WEB, stopping_s=0.1, pending_s=0.1)
        self.document("echo begun >&2", "sleep 1000", timeout="60")
        command = self.run_document(one, timeout_s=150)  # 150 / 50 = 3 s real
        self.wait(lambda: self.invocation(command, one).json["Status"] == "InProgress")
        self.caller.ec2("StopInstances", {"InstanceId.1": one})
        self.assertEqual("ExecutionTimedOut", self.finished(command, one)["StatusDetails"])

    def test_script_over_its_limit_times_out(self):
        one = self.guest(WEB)
        self.document("sleep 1000", timeout="1")
        row = self.finished(self.run_document(one), one)
        self.assertEqual(("TimedOut", "ExecutionTimedOut"), (row["Status"],
                                                             row["StatusDetails"]))

    def test_output_is_cut_at_its_limits(self):
        one = self.guest(WEB)
        self.document("head -c 30000 /dev/zero | tr '\\0' o",
                      "head -c 30000 /dev/zero | tr '\\0' e >&2")
        row = self.finished(self.run_document(one), one)
        out, err = row["StandardOutputContent"], row["StandardErrorContent"]
        self.assertEqual((24000, 8000), (len(out), len(err)))
        self.assertTrue(out.startswith("ooo") and out.endswith("--output truncated--"))

    def test_parameters_are_pasted_and_set_as_ssm_does(self):
        one = self.guest(WEB)
        spec = {"type": "String", "allowedPattern": "^[a-z ]*$"}
        self.document('printf "%s|%s|%s" "{{ a }}" "{{b}}" "${SSM_b:-unset}${SSM_a:-unset}"',
                      parameters={"a": spec, "b": {**spec, "interpolationType": "ENV_VAR"}})
        row = self.finished(self.run_document(one, a="x y", b="z"), one)
        self.assertEqual("x y|z|zunset", row["StandardOutputContent"])

    def test_old_agent_leaves_the_variable_unset_and_the_restart_still_works(self):
        one = self.guest(WEB, ssm_agent="old")
        self.document('echo "${SSM_b:-unset}"', parameters={"b": {
            "type": "String", "allowedPattern": "^[a-z]*$", "interpolationType": "ENV_VAR"}})
        row = self.finished(self.run_document(one, b="z"), one)
        self.assertEqual("unset\n", row["StandardOutputContent"])
        self.assertEqual("Success", self.finished(self.send(one), one)["Status"])

    def test_script_sees_no_environment_of_the_fake(self):
        one = self.guest(WEB)
        self.document("env")
        row = self.finished(self.run_document(one), one)
        names = {line.split("=")[0] for line in row["StandardOutputContent"].splitlines()}
        self.assertEqual({"PATH", "PWD"}, names - {"OLDPWD", "SHLVL", "_"})

    def test_bad_requests_are_refused_by_name(self):
        self.one = self.guest(WEB)
        bare = self.fake.create_instance()
        stopped = self.fake.create_instance(state="stopped", ssm="online")
        self.assertEqual("InvalidInstanceId", self.refused(InstanceIds=["i-000000000000000ff"]))
        self.assertEqual("InvalidInstanceId", self.refused(InstanceIds=[bare]))
        self.assertEqual("InvalidInstanceId", self.refused(InstanceIds=[stopped]))
        self.assertEqual("InvalidDocument", self.refused(DocumentName="p-nothing"))
        self.assertEqual("InvalidDocument", self.refused(DocumentName="restart-services"))
        self.assertEqual("InvalidDocument", self.refused(DocumentHash="00"))
        self.assertEqual("InvalidDocumentVersion", self.refused(DocumentVersion="9"))
        self.assertEqual("InvalidParameters", self.refused(Parameters={"other": ["x"]}))
        self.assertEqual("InvalidParameters", self.refused(
            Parameters={"serviceName": ["a", "b"]}))
        self.assertEqual("ValidationException", self.refused(Comment="x" * 101))
        self.assertEqual("ValidationException", self.refused(TimeoutSeconds=29))
        self.assertEqual("ValidationException", self.refused(InstanceIds=[]))
        self.assertEqual("ValidationException", self.refused(Instances=[self.one]))
        self.assertEqual([], self.fake.ssm_commands())

    def test_hostile_names_never_reach_the_shell(self):
        self.one = self.guest(WEB)
        for name in ("a;b", "$(id)", "`id`", "a b", "a\nb", "web\n", "'", '"', "", "-x", "../x",
                     "a" * 65, "a" * 1_000_000, "wéb", "a\0b"):
            self.assertEqual("InvalidParameters", self.refused(
                Parameters={"serviceName": [name]}), repr(name[:20]))
        self.assertEqual([], self.fake.ssm_commands())

    def test_list_filters_by_document_and_time_newest_first(self):
        one = self.guest(WEB)
        first = self.send(one, Comment="first")
        time.sleep(0.002)  # so that "between" is a time of its own
        between = time.time()
        second = self.send(one, Comment="second")
        self.document("true")
        self.run_document(one)
        row = [{"key": "DocumentName", "value": "ec2-auto-recovery-restart-services"}]
        answer = self.caller.ssm("ListCommands", {"Filters": row}).json["Commands"]
        self.assertEqual([(second, "second"), (first, "first")],
                         [(entry["CommandId"], entry["Comment"]) for entry in answer])
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(between))
        stamp += f".{int(between % 1 * 1e6):06d}Z"
        row.append({"key": "InvokedAfter", "value": stamp})
        answer = self.caller.ssm("ListCommands", {"Filters": row}).json["Commands"]
        self.assertEqual([second], [entry["CommandId"] for entry in answer])

    def test_list_pages_join_to_the_whole(self):
        one = self.guest(WEB)
        sent = [self.send(one) for _ in range(5)]
        seen, token = [], None
        while True:
            params = {"MaxResults": 2, **({"NextToken": token} if token else {})}
            answer = self.caller.ssm("ListCommands", params).json
            seen += [row["CommandId"] for row in answer["Commands"]]
            token = answer.get("NextToken")
            if not token:
                break
        self.assertEqual(sent[::-1], seen)

    def test_list_may_lag(self):
        self.fake.settings(ssm={"list_lag_s": 100})
        one = self.guest(WEB)
        self.send(one)
        self.assertEqual([], self.caller.ssm("ListCommands").json["Commands"])
        self.wait(lambda: self.caller.ssm("ListCommands").json["Commands"])

    def test_unknown_filter_is_refused(self):
        one = self.guest(WEB)
        self.send(one)
        answer = self.caller.ssm("ListCommands", {"Filters": [{"key": "Comment", "value": "x"}]})
        self.assertEqual("InvalidFilterKey", answer.error)

    def test_scripted_result_stands_for_the_script(self):
        one = self.guest(WEB)
        before = self.fake.unit_state(one, "web.service")["pid"]
        self.fake.ssm_result([{"status": "InProgress"}, {"status": "Failed", "code": 3,
                                                         "stderr": "no"}])
        row = self.finished(self.send(one), one)
        self.assertEqual(("Failed", 3, "no"), (row["Status"], row["ResponseCode"],
                                               row["StandardErrorContent"]))
        self.assertEqual(before, self.fake.unit_state(one, "web.service")["pid"])
        self.assertEqual("Success", self.finished(self.send(one), one)["Status"])

    def test_answer_may_never_come_although_the_script_ran(self):
        one = self.guest(WEB)
        before = self.fake.unit_state(one, "web.service")["pid"]
        self.fake.ssm_result([{"status": "InProgress"}], run=True)
        command = self.send(one)
        self.wait(lambda: self.fake.unit_state(one, "web.service")["pid"] not in (0, before))
        self.wait(lambda: self.fake.instance(one)["guest"]["scripts_running"] == 0)
        self.assertEqual("InProgress", self.invocation(command, one).json["Status"])

    def test_answer_may_come_late(self):
        one = self.guest(WEB)
        self.fake.ssm_result([{"status": "InProgress"}, {"status": "Success", "code": 0,
                                                         "after_s": 50}])
        command = self.send(one)
        self.wait(lambda: self.invocation(command, one).json["Status"] == "InProgress")
        self.assertEqual("Success", self.finished(command, one)["Status"])
