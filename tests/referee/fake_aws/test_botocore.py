"""botocore as referee: it signs, sends, parses and retries; its models know every element's name."""

import datetime
import unittest

import botocore.config
import botocore.session
from botocore.exceptions import ClientError, ConnectionClosedError

from fake_aws.case import IDLE, FakeCase

WEB = {"unit": "web", "argv": IDLE}


def client(fake, service, retries=1):
    env = fake.environment()
    return botocore.session.Session().create_client(
        service, region_name=env["AWS_REGION"], endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(retries={"total_max_attempts": retries, "mode": "standard"},
                                      read_timeout=10, connect_timeout=5))


class RefereeCase(FakeCase):
    def setUp(self):
        super().setUp()
        self.ec2, self.ssm = client(self.fake, "ec2"), client(self.fake, "ssm")
        self.sns, self.sts = client(self.fake, "sns"), client(self.fake, "sts")

    def code(self, call, **params):
        """(error code, HTTP status) that botocore reads from a refused call."""
        with self.assertRaises(ClientError) as caught:
            call(**params)
        return (caught.exception.response["Error"]["Code"],
                caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])


class Ec2(RefereeCase):
    def test_describe_instances_is_read_in_full(self):
        one = self.fake.create_instance(
            tags={"AutoRecovery": "enabled", "Name": "a <b> & c"}, az="us-east-1b",
            type="t3.large", private_ip="10.1.2.3", public_ip="203.0.113.9", lifecycle="spot",
            launch_time=1_767_323_045, profile_arn="arn:aws:iam::123456789012:instance-profile/p",
            volumes=[{"device": "/dev/xvda", "id": "vol-1"}, {"device": "/dev/sdf", "id": "vol-2",
                                                              "delete_on_termination": False}])
        answer = self.ec2.describe_instances(InstanceIds=[one])
        row = answer["Reservations"][0]["Instances"][0]
        when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        expected = {
            "InstanceId": one, "InstanceType": "t3.large", "PrivateIpAddress": "10.1.2.3",
            "PublicIpAddress": "203.0.113.9", "InstanceLifecycle": "spot", "LaunchTime": when,
            "State": {"Code": 16, "Name": "running"}, "RootDeviceType": "ebs",
            "RootDeviceName": "/dev/xvda", "HibernationOptions": {"Configured": False},
            "MaintenanceOptions": {"AutoRecovery": "default"}, "Operator": {"Managed": False},
            "Placement": {"AvailabilityZone": "us-east-1b", "GroupName": "",
                          "Tenancy": "default"}}
        self.assertEqual(expected, {key: row[key] for key in expected})
        self.assertEqual({"AutoRecovery": "enabled", "Name": "a <b> & c"},
                         {tag["Key"]: tag["Value"] for tag in row["Tags"]})
        self.assertEqual([("/dev/xvda", "vol-1", True), ("/dev/sdf", "vol-2", False)],
                         [(v["DeviceName"], v["Ebs"]["VolumeId"], v["Ebs"]["DeleteOnTermination"])
                          for v in row["BlockDeviceMappings"]])
        self.assertEqual(("required", 2, "enabled"), (
            row["MetadataOptions"]["HttpTokens"], row["MetadataOptions"]["HttpPutResponseHopLimit"],
            row["MetadataOptions"]["InstanceMetadataTags"]))
        self.assertEqual(0, row["NetworkInterfaces"][0]["Attachment"]["DeviceIndex"])
        self.assertTrue(row["IamInstanceProfile"]["Arn"].endswith("/p"))
        self.assertTrue(answer["ResponseMetadata"]["RequestId"])

    def test_instance_status_is_read_in_full(self):
        one = self.fake.create_instance()
        self.fake.set_checks([one], system="impaired", attached_ebs="insufficient-data",
                             application="impaired")
        self.fake.add_event(one, code="system-reboot", description="[Completed] x",
                            notBefore="2026-01-02T03:04:05.000Z", notAfter="2026-01-02T05:00:00Z")
        row = self.ec2.describe_instance_status(InstanceIds=[one])["InstanceStatuses"][0]
        self.assertEqual("impaired", row["SystemStatus"]["Status"])
        detail = row["SystemStatus"]["Details"][0]
        self.assertEqual(("reachability", "failed"), (detail["Name"], detail["Status"]))
        self.assertIsInstance(detail["ImpairedSince"], datetime.datetime)
        self.assertEqual(("ok", "insufficient-data", "impaired"), (
            row["InstanceStatus"]["Status"], row["AttachedEbsStatus"]["Status"],
            row["ApplicationStatus"]["Status"]))
        self.assertIsInstance(row["ApplicationStatus"]["ImpairedSince"], datetime.datetime)
        event = row["Events"][0]
        self.assertEqual(("system-reboot", 2026), (event["Code"], event["NotBefore"].year))

    def test_paginators_see_every_instance_once(self):
        made = sorted(self.fake.create_instances([{} for _ in range(23)]))
        self.fake.add_fault("ec2:*", "page_size", times=None, value=4)
        self.fake.add_fault("ec2:*", "empty_page", times=None, value=1)
        pages = list(self.ec2.get_paginator("describe_instances").paginate())
        seen = [row["InstanceId"] for page in pages for part in page["Reservations"]
                for row in part["Instances"]]
        self.assertEqual((made, 7), (seen, len(pages)))
        pages = self.ec2.get_paginator("describe_instance_status").paginate(
            IncludeAllInstances=True)
        self.assertEqual(made, [row["InstanceId"] for page in pages
                                for row in page["InstanceStatuses"]])

    def test_filters_travel_as_botocore_writes_them(self):
        one = self.fake.create_instance(tags={"AutoRecovery": "enabled"})
        self.fake.create_instance(tags={"AutoRecovery": "enabled"}, state="stopped")
        answer = self.ec2.describe_instances(Filters=[
            {"Name": "tag:AutoRecovery", "Values": ["enabled"]},
            {"Name": "instance-state-name", "Values": ["running", "pending"]}])
        self.assertEqual([one], [row["InstanceId"] for part in answer["Reservations"]
                                 for row in part["Instances"]])

    def test_stop_start_reboot_are_read_in_full(self):
        one = self.fake.create_instance(stopping_s=1.0, pending_s=1.0)
        answer = self.ec2.stop_instances(InstanceIds=[one], Force=True, SkipOsShutdown=True)
        change = answer["StoppingInstances"][0]
        self.assertEqual((one, "stopping", "running"), (
            change["InstanceId"], change["CurrentState"]["Name"], change["PreviousState"]["Name"]))
        self.wait_state(one, "stopped")
        row = self.ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
        self.assertEqual("Client.UserInitiatedShutdown", row["StateReason"]["Code"])
        change = self.ec2.start_instances(InstanceIds=[one])["StartingInstances"][0]
        self.assertEqual("pending", change["CurrentState"]["Name"])
        self.wait_state(one, "running")
        answer = self.ec2.reboot_instances(InstanceIds=[one])
        self.assertEqual(200, answer["ResponseMetadata"]["HTTPStatusCode"])

    def test_waiters_of_botocore_come_to_their_end(self):
        one = self.fake.create_instance(stopping_s=5.0, pending_s=5.0, initializing_s=5.0)
        self.ec2.stop_instances(InstanceIds=[one])
        quick = {"Delay": 1, "MaxAttempts": 20}
        self.ec2.get_waiter("instance_stopped").wait(InstanceIds=[one], WaiterConfig=quick)
        self.ec2.start_instances(InstanceIds=[one])
        self.ec2.get_waiter("instance_status_ok").wait(InstanceIds=[one], WaiterConfig=quick)

    def test_error_codes_are_read(self):
        stopped = self.fake.create_instance(state="stopped",
                                            start_failures=[{"times": 1}])
        self.assertEqual(("InvalidInstanceID.NotFound", 400), self.code(
            self.ec2.describe_instances, InstanceIds=["i-000000000000000ff"]))
        self.assertEqual(("IncorrectInstanceState", 400), self.code(
            self.ec2.reboot_instances, InstanceIds=[stopped]))
        self.assertEqual(("DryRunOperation", 412), self.code(
            self.ec2.start_instances, InstanceIds=[stopped], DryRun=True))
        self.assertEqual(("InsufficientInstanceCapacity", 500), self.code(
            self.ec2.start_instances, InstanceIds=[stopped]))
        self.assertEqual(("UnauthorizedOperation", 403), self.code(
            self.ec2.terminate_instances, InstanceIds=[stopped]))
        self.fake.add_fault("ec2:*", "throttle")
        self.assertEqual(("RequestLimitExceeded", 503), self.code(self.ec2.describe_instances))

    def test_botocore_retries_what_it_knows_as_passing(self):
        patient = client(self.fake, "ec2", retries=4)
        for kind in ("throttle", "unavailable", "close"):
            self.fake.add_fault("ec2:DescribeInstances", kind)
            self.assertEqual([], patient.describe_instances()["Reservations"], kind)
        self.assertEqual(6, self.fake.counts()["ec2:DescribeInstances"]["total"])

    def test_lost_answer_is_a_closed_connection(self):
        one = self.fake.create_instance()
        self.fake.add_fault("ec2:RebootInstances", "reset")
        with self.assertRaises(ConnectionClosedError):
            self.ec2.reboot_instances(InstanceIds=[one])
        self.assertEqual(1, self.fake.count("ec2:RebootInstances"))


class Others(RefereeCase):
    def test_command_is_followed_from_send_to_success(self):
        one = self.guest(WEB)
        sent = self.ssm.send_command(
            DocumentName="ec2-auto-recovery-restart-services", DocumentVersion="$DEFAULT",
            InstanceIds=[one], Parameters={"serviceName": ["web"]}, TimeoutSeconds=60,
            Comment="inc-1.restart.1")["Command"]
        self.assertEqual(("Pending", "inc-1.restart.1", [one]),
                         (sent["Status"], sent["Comment"], sent["InstanceIds"]))
        self.assertIsInstance(sent["ExpiresAfter"], datetime.datetime)

        def look():
            row = self.ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=one,
                                                  PluginName="restartService")
            return row if row["Status"] == "Success" else None
        row = self.wait(look, 20)
        self.assertEqual((0, "Success", "inc-1.restart.1"),
                         (row["ResponseCode"], row["StatusDetails"], row["Comment"]))
        self.assertIn('"result":"restarted"', row["StandardOutputContent"])

    def test_list_commands_finds_the_action_by_its_comment(self):
        one = self.guest(WEB)
        for comment in ("a", "b", "c"):
            self.ssm.send_command(DocumentName="p-restart-services", InstanceIds=[one],
                                  Parameters={"serviceName": ["web"]}, Comment=comment)
        self.fake.add_fault("ssm:ListCommands", "page_size", times=None, value=1)
        after = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        pages = self.ssm.get_paginator("list_commands").paginate(Filters=[
            {"key": "DocumentName", "value": "p-restart-services"},
            {"key": "InvokedAfter", "value": after.strftime("%Y-%m-%dT%H:%M:%SZ")}])
        rows = [row for page in pages for row in page["Commands"]]
        self.assertEqual(["c", "b", "a"], [row["Comment"] for row in rows])
        self.assertIsInstance(rows[0]["RequestedDateTime"], datetime.datetime)

    def test_ssm_errors_are_botocores_exceptions(self):
        one = self.guest(WEB)
        errors = self.ssm.exceptions
        with self.assertRaises(errors.InvalidInstanceId):
            self.ssm.send_command(DocumentName="p-restart-services",
                                  InstanceIds=["i-000000000000000ff"])
        with self.assertRaises(errors.InvalidDocument):
            self.ssm.send_command(DocumentName="p-none", InstanceIds=[one])
        with self.assertRaises(errors.InvalidDocumentVersion):
            self.ssm.send_command(DocumentName="p-restart-services", InstanceIds=[one],
                                  DocumentVersion="7")
        with self.assertRaises(errors.InvalidParameters):
            self.ssm.send_command(DocumentName="p-restart-services", InstanceIds=[one],
                                  Parameters={"serviceName": ["a;b"]})
        with self.assertRaises(errors.InvocationDoesNotExist):
            self.ssm.get_command_invocation(CommandId="0" * 8 + "-0000" * 3 + "-" + "0" * 12,
                                            InstanceId=one)

    def test_publish_with_attributes_is_taken(self):
        answer = self.sns.publish(
            TopicArn=self.fake.topic_arn, Subject="s", Message="m & <n>", MessageAttributes={
                "severity": {"DataType": "String", "StringValue": "high"},
                "instance_id": {"DataType": "String", "StringValue": "i-1"}})
        message = self.fake.sns_messages()[0]
        self.assertEqual((answer["MessageId"], "m & <n>",
                          {"severity": "high", "instance_id": "i-1"}),
                         (message["id"], message["message"], message["attributes"]))
        with self.assertRaises(self.sns.exceptions.NotFoundException):
            self.sns.publish(TopicArn=self.fake.topic_arn + "-x", Message="m")

    def test_caller_identity_is_read(self):
        answer = self.sts.get_caller_identity()
        self.assertEqual(("123456789012", "arn:aws:iam::123456789012:user/ear"),
                         (answer["Account"], answer["Arn"]))

    def test_wrong_secret_is_refused_in_each_protocol(self):
        wrong = dict(self.fake.environment(), AWS_SECRET_ACCESS_KEY="x" * 40)
        self.fake.environment = lambda: wrong
        self.assertEqual(("SignatureDoesNotMatch", 403), self.code(
            client(self.fake, "sts").get_caller_identity))
        self.assertEqual(("InvalidSignatureException", 400), self.code(
            client(self.fake, "ssm").list_commands))


class Names(RefereeCase):
    """botocore drops what it does not know without a word; here that is an error."""

    def check_xml(self, node, shape, path):
        if shape.type_name == "structure":
            members = {member.serialization.get("name", key): member
                       for key, member in shape.members.items()}
            for child in node:
                self.assertIn(child.tag, members, f"{path}: unknown element")
                self.check_xml(child, members[child.tag], f"{path}/{child.tag}")
        elif shape.type_name == "list":
            for child in node:
                self.check_xml(child, shape.member, path)
        else:
            self.assertEqual(0, len(node), f"{path} is a scalar")
            self.check_scalar(node.text or "", shape, path)

    def check_json(self, value, shape, path):
        if shape.type_name == "structure":
            for key, part in value.items():
                self.assertIn(key, shape.members, f"{path}: unknown member")
                self.check_json(part, shape.members[key], f"{path}.{key}")
        elif shape.type_name == "list":
            for part in value:
                self.check_json(part, shape.member, path)
        elif shape.type_name != "map":
            self.check_scalar(value, shape, path)

    def check_scalar(self, value, shape, path):
        enum = shape.metadata.get("enum")
        if enum and value != "":
            self.assertIn(value, enum, path)
        if shape.type_name == "integer":
            int(value)
        if shape.type_name == "boolean":
            self.assertIn(value, ("true", "false", True, False), path)

    def test_every_element_of_our_xml_is_in_the_model(self):
        one = self.fake.create_instance(
            tags={"a": "b"}, public_ip="203.0.113.9", lifecycle="spot",
            profile_arn="arn:aws:iam::123456789012:instance-profile/p")
        self.fake.create_instance(state="stopped")
        self.fake.set_checks([one], system="impaired", application="impaired")
        self.fake.add_event(one, code="instance-stop", description="d",
                            notBefore="2026-01-02T03:04:05Z", notAfter="2026-01-02T03:04:05Z",
                            notBeforeDeadline="2026-01-02T03:04:05Z")
        calls = [("DescribeInstances", {"MaxResults": "5"}),
                 ("DescribeInstanceStatus", {"IncludeAllInstances": "true"}),
                 ("RebootInstances", {"InstanceId.1": one}),
                 ("StopInstances", {"InstanceId.1": one}), ("DescribeInstances", {})]
        for op, params in calls:
            root = self.caller.ec2(op, params).xml
            shape = self.ec2.meta.service_model.operation_model(op).output_shape
            for child in list(root):
                # requestId is metadata; RebootInstances has no modelled output at all.
                if child.tag == "requestId" or shape is None:
                    root.remove(child)
            if shape is not None:
                self.check_xml(root, shape, op)

    def test_every_member_of_our_json_is_in_the_model(self):
        one = self.guest(WEB)
        command = self.send(one, Comment="c")
        self.finished(command, one)
        model = self.ssm.meta.service_model
        for op, params in (("ListCommands", {}), ("GetCommandInvocation", {
                "CommandId": command, "InstanceId": one}), ("SendCommand", {
                    "DocumentName": "p-restart-services", "InstanceIds": [one]})):
            self.check_json(self.caller.ssm(op, params).json,
                            model.operation_model(op).output_shape, op)


if __name__ == "__main__":
    unittest.main()
