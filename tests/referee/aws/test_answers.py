"""Answers that are not ours: made by moto, and judged against botocore's reading of the same bytes."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import botocore.parsers
import botocore.session

sys.path.insert(0, os.path.join(os.environ["EAR_SOURCE"], "tests", "functional", "aws"))
import aws_harness as aws
from aws_harness import Server, probe

VENV = os.path.dirname(sys.executable)
SESSION = botocore.session.get_session()


class Moto:
    """One moto server a test run, stopped by its pid."""

    def __enter__(self):
        with socket.socket() as finder:
            finder.bind(("127.0.0.1", 0))
            self.port = finder.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([os.path.join(VENV, "moto_server"), "-H", "127.0.0.1", "-p", str(self.port)],
                                        stdout=self.log, stderr=self.log,
                                        env={"PATH": "/usr/bin:/bin", "MOTO_ACCOUNT_ID": "123456789012"})
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.url + "/moto-api/data.json", timeout=5).close()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.__exit__()
                    raise
                time.sleep(0.1)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def client(self, service):
        return SESSION.create_client(service, "us-east-1", endpoint_url=self.url, aws_access_key_id="a",
                                     aws_secret_access_key="b")


def ms(when):
    return int(when.timestamp() * 1000)


class AgainstMoto(unittest.TestCase):
    def setUp(self):
        self.moto = Moto()
        self.moto.__enter__()
        self.addCleanup(self.moto.__exit__)
        self.ec2 = self.moto.client("ec2")

    def launch(self, count, **more):
        image = "ami-12c6146b"  # one of moto's own; listing them all takes seconds
        tags = [{"Key": "AutoRecovery", "Value": "enabled"}, {"Key": "Name", "Value": "caf\u00e9 & <b>"}]
        run = self.ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, InstanceType="t3.micro",
                                     TagSpecifications=[{"ResourceType": "instance", "Tags": tags}], **more)
        return [instance["InstanceId"] for instance in run["Instances"]]

    def test_instances_are_read_as_botocore_reads_them(self):
        for _ in range(7):  # moto pages by launches
            self.launch(1)
        out = probe(self.moto.url, "DescribeInstances", "filter=tag:AutoRecovery=enabled", "page_size=5")
        self.assertEqual(out.status, "ok")
        self.assertEqual(out.result["attempts"], 2)
        theirs = [i for r in self.ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        expected = [{"id": i["InstanceId"], "name": "caf\u00e9 & <b>", "auto_recovery": "enabled", "opted_in": True, "asg": "",
                     "state": i["State"]["Name"], "state_reason": i.get("StateReason", {}).get("Code", ""),
                     "launched_ms": ms(i["LaunchTime"]), "zone": i["Placement"]["AvailabilityZone"],
                     "type": i["InstanceType"], "tenancy": i["Placement"]["Tenancy"], "image": i["ImageId"],
                     "subnet": i["SubnetId"], "vpc": i["VpcId"], "private_ip": i["PrivateIpAddress"],
                     "public_ip": i.get("PublicIpAddress", ""), "spot": i.get("InstanceLifecycle") == "spot",
                     "root_is_ebs": i["RootDeviceType"] == "ebs",
                     "operator_managed": i.get("Operator", {}).get("Managed", False)} for i in theirs]
        key = lambda i: i["id"]
        self.assertEqual(sorted(out.answer, key=key), sorted(expected, key=key))

    def test_stop_start_and_reboot_do_what_they_say(self):
        one, other = self.launch(2)
        state = lambda i: self.ec2.describe_instances(InstanceIds=[i])["Reservations"][0]["Instances"][0]["State"]["Name"]
        out = probe(self.moto.url, "StopInstances", f"id={one}")
        self.assertEqual((out.status, out.answer), ("ok", {"id": one, "previous": "running", "current": "stopping"}))
        self.assertEqual((state(one), state(other)), ("stopped", "running"))
        out = probe(self.moto.url, "StartInstances", f"id={one}")
        self.assertEqual((out.status, out.answer["id"], out.answer["current"]), ("ok", one, "pending"))
        self.assertEqual(state(one), "running")
        self.assertEqual(probe(self.moto.url, "RebootInstances", f"id={one}").status, "ok")

    def test_errors_are_told_as_botocore_tells_them(self):
        for call in ("RebootInstances", "StopInstances", "StartInstances"):
            out = probe(self.moto.url, call, "id=i-0a0a0a0a0a0a0a0a0")
            self.assertEqual((out.status, out.result["code"]), ("not_found", "InvalidInstanceID.NotFound"))
        one = self.launch(1, DisableApiStop=True)[0]
        out = probe(self.moto.url, "StopInstances", f"id={one}")
        if out.status != "ok":  # moto 5.2.5 does not know stop protection
            self.assertEqual((out.status, out.result["code"]), ("refused", "OperationNotPermitted"))

    def test_statuses_are_read_as_botocore_reads_them(self):
        ids = self.launch(3)
        self.ec2.stop_instances(InstanceIds=ids[:1])
        out = probe(self.moto.url, "DescribeInstanceStatus", *[f"id={i}" for i in ids])
        self.assertEqual(out.status, "ok")
        theirs = self.ec2.describe_instance_status(InstanceIds=ids, IncludeAllInstances=True)["InstanceStatuses"]
        ours = {s["id"]: (s["state"], s["system"]["check"], s["instance"]["check"], s["zone"]) for s in out.answer}
        self.assertEqual(ours, {s["InstanceId"]: (s["InstanceState"]["Name"], s["SystemStatus"]["Status"],
                                                  s["InstanceStatus"]["Status"], s["AvailabilityZone"]) for s in theirs})
        self.assertEqual(ours[ids[0]][0], "stopped")

    def test_commands_are_sent_found_by_comment_and_read(self):
        one = self.launch(1)[0]
        out = probe(self.moto.url, "SendCommand", "document=AWS-RunShellScript", f"id={one}", "parameter=commands",
                    "value=true", "comment=INC-7/restart-service/1", "delivery_timeout_s=60")
        self.assertEqual((out.status, out.answer["comment"]), ("ok", "INC-7/restart-service/1"))
        ssm = self.moto.client("ssm")
        theirs = ssm.list_commands(CommandId=out.answer["id"])["Commands"][0]
        self.assertEqual((theirs["Comment"], theirs["InstanceIds"], theirs["Parameters"], theirs["TimeoutSeconds"]),
                         ("INC-7/restart-service/1", [one], {"commands": ["true"]}, 60))
        self.assertEqual(out.answer["requested_ms"] // 1000, ms(theirs["RequestedDateTime"]) // 1000)
        listed = probe(self.moto.url, "ListCommands", f"id={one}")
        self.assertEqual([(c["id"], c["comment"]) for c in listed.answer],
                         [(out.answer["id"], "INC-7/restart-service/1")])
        read = probe(self.moto.url, "GetCommandInvocation", f"command_id={out.answer['id']}", f"id={one}")
        invocation = ssm.get_command_invocation(CommandId=out.answer["id"], InstanceId=one)
        self.assertEqual((read.answer["status"], read.answer["response_code"], read.answer["output"]),
                         (invocation["Status"], invocation["ResponseCode"], invocation["StandardOutputContent"]))
        lost = probe(self.moto.url, "GetCommandInvocation", "command_id=11111111-2222-3333-4444-555555555555", f"id={one}")
        self.assertNotEqual(lost.status, "ok")

    def test_messages_and_identity(self):
        sns = self.moto.client("sns")
        sqs = self.moto.client("sqs")
        topic = sns.create_topic(Name="t")["TopicArn"]
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q")
        message = "caf\u00e9 & = + \U0001f600\nline"
        out = probe(self.moto.url, "Publish", f"topic={topic}", "subject=sub", f"message={message}",
                    "attribute=severity", "value=high")
        self.assertEqual(out.status, "ok")
        body = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
        self.assertEqual((body["MessageId"], body["Message"], body["Subject"]), (out.answer, message, "sub"))
        self.assertEqual(body["MessageAttributes"]["severity"]["Value"], "high")
        absent = probe(self.moto.url, "Publish", "topic=arn:aws:sns:us-east-1:123456789012:no", "message=m")
        self.assertEqual((absent.status, absent.result["code"]), ("not_found", "NotFound"))
        who = probe(self.moto.url, "GetCallerIdentity")
        theirs = self.moto.client("sts").get_caller_identity()
        self.assertEqual(who.answer, {"account": theirs["Account"], "arn": theirs["Arn"], "user_id": theirs["UserId"]})


STATUS_BODY = b"""<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstanceStatusResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
<instanceStatusSet><item><instanceId>i-0123456789abcdef0</instanceId><availabilityZone>eu-west-1b</availabilityZone>
<instanceState><code>16</code><name>running</name></instanceState>
<systemStatus><status>impaired</status><details><item><name>reachability</name><status>failed</status>
<impairedSince>2026-01-02T03:04:05.678Z</impairedSince></item></details></systemStatus>
<instanceStatus><status>insufficient-data</status><details/></instanceStatus>
<attachedEbsStatus><status>ok</status></attachedEbsStatus>
<eventsSet><item><instanceEventId>instance-event-0d59937288b749b32</instanceEventId><code>system-reboot</code>
<description>The instance is scheduled for a reboot</description><notBefore>2026-03-15T22:00:00.000Z</notBefore>
<notAfter>2026-03-15T23:00:00.000Z</notAfter><notBeforeDeadline>2026-04-05T11:00:00.000Z</notBeforeDeadline></item>
</eventsSet></item></instanceStatusSet></DescribeInstanceStatusResponse>"""


class AgainstParser(unittest.TestCase):
    """What moto does not make: the same bytes to us and to botocore's parser."""

    @staticmethod
    def parsed(service, call, body, status=200, headers=None):
        model = SESSION.get_service_model(service)
        parser = botocore.parsers.create_parser(model.metadata["protocol"])
        return parser.parse({"body": body, "headers": headers or {}, "status_code": status},
                            model.operation_model(call).output_shape)

    def test_impaired_checks_and_events(self):
        with Server(aws.answer(200, STATUS_BODY)) as server:
            ours = probe(server.url, "DescribeInstanceStatus").answer[0]
        theirs = self.parsed("ec2", "DescribeInstanceStatus", STATUS_BODY)["InstanceStatuses"][0]
        self.assertEqual(ours["system"], {"check": theirs["SystemStatus"]["Status"], "impaired_since_ms": ms(
            theirs["SystemStatus"]["Details"][0]["ImpairedSince"])})
        self.assertEqual(ours["instance"]["check"], theirs["InstanceStatus"]["Status"])
        self.assertEqual(ours["ebs"]["check"], theirs["AttachedEbsStatus"]["Status"])
        event = theirs["Events"][0]
        self.assertEqual(ours["events"], [{
            "id": event["InstanceEventId"], "code": event["Code"], "description": event["Description"],
            "not_before_ms": ms(event["NotBefore"]), "not_after_ms": ms(event["NotAfter"]),
            "deadline_ms": ms(event["NotBeforeDeadline"])}])

    def test_error_forms(self):
        forms = [
            ("ec2", "RebootInstances", [f"id={aws.ID}"], aws.ec2_error("IncorrectInstanceState", "a & b".replace("&", "&amp;"))),
            ("sns", "Publish", ["topic=t", "message=m"], aws.answer(400, (
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>"
                "<Code>InvalidParameter</Code><Message>Invalid parameter: t</Message></Error><RequestId>r-2</RequestId>"
                "</ErrorResponse>"))),
            ("ssm", "ListCommands", [], aws.json_error("InvalidFilterKey", "no", headers=[("x-amzn-RequestId", "r-3")])),
        ]
        for service, call, arguments, raw in forms:
            with self.subTest(service), Server(raw) as server:
                result = probe(server.url, call, *arguments).result
                head, body = raw.split(b"\r\n\r\n", 1)
                headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
                headers = {name.lower(): value for name, value in headers.items()}
                theirs = self.parsed(service, call, body, 400, headers)
                self.assertEqual((result["code"], result["message"]), (theirs["Error"]["Code"], theirs["Error"]["Message"]))
                self.assertEqual(result["request_id"], theirs["ResponseMetadata"].get("RequestId", ""))


if __name__ == "__main__":
    unittest.main()
