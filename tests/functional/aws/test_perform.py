"""The engine's calls carried out: what goes out for each, and what comes back in the model's words."""

import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import aws_harness as aws
from aws_harness import ID, RESET, Server, probe

ACTION = "INC-01/restart-service/1"


def status_answer(instance=ID, system="impaired"):
    return aws.answer(200, f"<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>{instance}"
                           f"</instanceId><systemStatus><status>{system}</status></systemStatus></item>"
                           f"</instanceStatusSet></DescribeInstanceStatusResponse>")


def world(request):
    return status_answer() if request.operation == "DescribeInstanceStatus" else aws.instances()


def perform(server, kind, *arguments):
    return probe(server.url, "perform", f"kind={kind}", f"id={ID}", f"action={ACTION}", *arguments)


class Perform(unittest.TestCase):
    def test_describe_joins_facts_and_checks_of_the_one_instance(self):
        with Server(world) as server:
            out = perform(server, "describe")
            self.assertEqual(out.status, "ok")
            self.assertEqual((out.answer["facts_id"], out.answer["state"], out.answer["checks_id"],
                              out.answer["system"], out.answer["serial"], out.answer["action"]),
                             (ID, "running", ID, "impaired", 7, ACTION))
            self.assertEqual([r.form["InstanceId.1"] for r in server.requests], [ID, ID])

    def test_describe_fails_whole_when_the_checks_cannot_be_read(self):
        def half(request):
            if request.operation == "DescribeInstanceStatus":
                return aws.ec2_error("UnauthorizedOperation", status=403)
            return aws.instances()
        with Server(half) as server:
            out = perform(server, "describe")
            self.assertEqual((out.status, out.answer["code"]), ("denied", "UnauthorizedOperation"))

    def test_describe_of_an_instance_that_is_gone_is_not_found(self):
        with Server(aws.instances([])) as server:
            self.assertEqual(perform(server, "describe").status, "not_found")
        with Server(aws.ec2_error("InvalidInstanceID.NotFound")) as server:
            self.assertEqual(perform(server, "describe").status, "not_found")

    def test_document_runs_with_unit_and_action_id(self):
        with Server(aws.command(ACTION)) as server:
            out = perform(server, "run_document", "unit=nginx.service")
            self.assertEqual((out.status, out.answer["found"], out.answer["run"]), ("ok", False, "pending"))
            self.assertEqual(out.answer["command_id"], "11111111-2222-3333-4444-555555555555")
            self.assertEqual(json.loads(server.requests[0].body), {
                "DocumentName": "ear-restart-services", "InstanceIds": [ID],
                "Parameters": {"serviceName": ["nginx.service"]}, "TimeoutSeconds": 30, "Comment": ACTION})

    def test_parameter_is_one_of_the_document(self):
        with open(os.path.join(os.environ["EAR_SOURCE"], "ssm-documents", "restart-services.json"),
                  encoding="utf-8") as file:
            document = json.load(file)
        self.assertEqual(list(document["parameters"]), ["serviceName"])
        # GetCommandInvocation names no step, which is right for one step only.
        self.assertEqual(len(document["mainSteps"]), 1)

    def test_lost_command_is_unknown_then_found_by_its_comment(self):
        commands = [{"CommandId": "old", "Comment": ACTION, "Status": "Success", "RequestedDateTime": 1000.0},
                    {"CommandId": "other", "Comment": ACTION + "0", "Status": "Success", "RequestedDateTime": 9999.0},
                    {"CommandId": "new", "Comment": ACTION, "Status": "InProgress", "RequestedDateTime": 2000.0}]
        with Server(RESET, aws.answer(200, json.dumps({"Commands": commands}))) as server:
            self.assertEqual(perform(server, "run_document", "unit=u").status, "unknown_outcome")
            since_ms = int(time.time() * 1000)
            out = perform(server, "find_run", f"since_ms={since_ms}")
            self.assertEqual((out.status, out.answer["found"], out.answer["command_id"], out.answer["run"]),
                             ("ok", True, "new", "in_progress"))
            body = json.loads(server.requests[1].body)
            filters = {f["key"]: f["value"] for f in body["Filters"]}
            self.assertEqual((filters["DocumentName"], body["InstanceId"]), ("ear-restart-services", ID))
            after = time.mktime(time.strptime(filters["InvokedAfter"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
            self.assertAlmostEqual(after, since_ms / 1000 - 300, delta=2)

    def test_absent_command_is_an_answer_and_a_failed_look_is_none(self):
        with Server(aws.answer(200, "{\"Commands\":[]}")) as server:
            out = perform(server, "find_run")
            self.assertEqual((out.status, out.answer["found"]), ("ok", False))
        with Server(aws.json_error("AccessDeniedException")) as server:
            out = perform(server, "find_run")
            self.assertEqual((out.status, out.answer["found"]), ("denied", False))

    def test_runs_are_told_in_the_models_words(self):
        rows = [("Pending", "Pending", "pending"), ("InProgress", "InProgress", "in_progress"),
                ("Success", "Success", "success"), ("Failed", "Failed", "failed"),
                ("Failed", "Undeliverable", "undeliverable"), ("TimedOut", "Execution Timed Out", "timed_out"),
                ("TimedOut", "DeliveryTimedOut", "undeliverable"), ("Cancelled", "Cancelled", "failed"),
                ("BrandNew", "", "unknown")]
        for status, details, run in rows:
            body = {"CommandId": "c", "InstanceId": ID, "Status": status, "StatusDetails": details,
                    "ResponseCode": 3, "StandardOutputContent": "line\n" + "x" * 2000}
            with self.subTest(status, details=details), Server(aws.answer(200, json.dumps(body))) as server:
                out = perform(server, "poll_run", "command_id=c")
                self.assertEqual((out.status, out.answer["run"], out.answer["response_code"]), ("ok", run, 3))
                self.assertEqual(len(out.answer["output"]), 511)

    def test_invocation_that_is_not_there_yet_is_not_found(self):
        with Server(aws.json_error("InvocationDoesNotExist")) as server:
            self.assertEqual(perform(server, "poll_run", "command_id=c").status, "not_found")

    def test_changes_send_what_they_are_named_for(self):
        rows = [("reboot", "RebootInstances", aws.REBOOTED, None),
                ("stop", "StopInstances", aws.changed("StopInstances"), None),
                ("stop_force", "StopInstances", aws.changed("StopInstances"), "true"),
                ("start", "StartInstances", aws.changed("StartInstances", "stopped", "pending"), None)]
        for kind, operation, answer, force in rows:
            with self.subTest(kind), Server(answer) as server:
                self.assertEqual(perform(server, kind).status, "ok")
                form = server.requests[0].form
                self.assertEqual((form["Action"], form["InstanceId.1"], form.get("Force")), (operation, ID, force))
                self.assertEqual([name for name in form if name.startswith("InstanceId")], ["InstanceId.1"])

    def test_calls_without_their_fields_are_refused_unsent(self):
        with Server(aws.REBOOTED) as server:
            for kind in ("reboot", "stop", "start", "poll_run", "nonsense"):
                out = probe(server.url, "perform", f"kind={kind}")
                self.assertEqual([line["submit"] in ("out_of_range", "internal") for line in out.lines
                                  if "submit" in line], [True])
            self.assertEqual(server.count(), 0)

    def test_destroying_in_the_middle_of_a_describe_calls_back_once(self):
        with Server(lambda r: aws.HANG if r.operation == "DescribeInstanceStatus" else aws.instances()) as server:
            out = perform(server, "describe", "destroy_ms=600")
            self.assertEqual(([r["result"]["status"] for r in out.results], out.code), (["cancelled"], 0))


if __name__ == "__main__":
    unittest.main()
