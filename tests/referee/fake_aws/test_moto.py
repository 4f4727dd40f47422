"""One scenario, two worlds: what the fake answers, moto must answer too, where moto plays the call.

moto checks no signatures and knows no delays, faults or guests; what is compared here is the shape
of answers, the states an instance ends in, and the error codes.
"""

import unittest
import urllib.request

import botocore.config
import botocore.session
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from fake_aws.client import FakeAws, wait_until
from fake_aws.server import ACCOUNT

AMI = "ami-12c6146b"


class World:
    """Clients, and the few things each side makes in its own way."""

    def __init__(self, environment):
        def make(service):
            return botocore.session.Session().create_client(
                service, region_name="us-east-1", endpoint_url=environment["AWS_ENDPOINT_URL"],
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                config=botocore.config.Config(retries={"total_max_attempts": 1},
                                              read_timeout=20, connect_timeout=5))
        self.ec2, self.ssm = make("ec2"), make("ssm")
        self.sns, self.sts = make("sns"), make("sts")

    def state(self, instance_id):
        answer = self.ec2.describe_instances(InstanceIds=[instance_id])
        return answer["Reservations"][0]["Instances"][0]["State"]["Name"]

    def wait_state(self, instance_id, state):
        wait_until(lambda: self.state(instance_id) == state, 20, state)


class FakeWorld(World):
    def __init__(self):
        self.fake = FakeAws(time_scale=100).start()
        super().__init__(self.fake.environment())

    def launch(self, tags):
        return self.fake.create_instance(
            tags=tags, guest={"root": str(self.fake.folder / f"g{tags['Name']}"),
                              "processes": [{"unit": "web", "argv": ["/usr/bin/sleep", "999"]}]})

    def topic(self):
        return self.fake.topic_arn

    def close(self):
        self.fake.close()


class MotoWorld(World):
    def __init__(self):
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        # moto keeps its state in the process, also from one server to the next.
        request = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=20).close()
        super().__init__({"AWS_ENDPOINT_URL": f"http://{host}:{port}",
                          "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})

    def launch(self, tags):
        answer = self.ec2.run_instances(
            ImageId=AMI, MinCount=1, MaxCount=1, InstanceType="m5.large", TagSpecifications=[
                {"ResourceType": "instance",
                 "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}])
        return answer["Instances"][0]["InstanceId"]

    def topic(self):
        return self.sns.create_topic(Name="t")["TopicArn"]

    def close(self):
        self.server.stop()


class SameScenario(unittest.TestCase):
    def setUp(self):
        self.worlds = []
        for make in (FakeWorld, MotoWorld):
            world = make()
            self.worlds.append(world)
            self.addCleanup(world.close)

    def same(self, scenario):
        """scenario(world) must return an equal, non-empty value in both worlds."""
        ours, theirs = (scenario(world) for world in self.worlds)
        self.assertEqual(theirs, ours)
        self.assertTrue(ours)
        return ours

    @staticmethod
    def error(call, **params):
        try:
            call(**params)
        except ClientError as error:
            return (error.response["Error"]["Code"],
                    error.response["ResponseMetadata"]["HTTPStatusCode"])
        return "no error"

    def test_tag_and_state_filters_select_the_same(self):
        def scenario(world):
            names = {}
            for name, value in (("a", "enabled"), ("b", "no"), ("c", "enabled")):
                names[world.launch({"Name": name, "AutoRecovery": value})] = name
            answer = world.ec2.describe_instances(Filters=[
                {"Name": "tag:AutoRecovery", "Values": ["enabled"]},
                {"Name": "instance-state-name", "Values": ["running", "pending"]}])
            return sorted(names[row["InstanceId"]] for part in answer["Reservations"]
                          for row in part["Instances"])
        self.assertEqual(["a", "c"], self.same(scenario))

    def test_stop_and_start_pass_the_same_states(self):
        def scenario(world):
            one = world.launch({"Name": "a"})
            world.wait_state(one, "running")
            seen = []
            change = world.ec2.stop_instances(InstanceIds=[one])["StoppingInstances"][0]
            seen.append((change["CurrentState"]["Name"], change["PreviousState"]["Name"]))
            world.wait_state(one, "stopped")
            change = world.ec2.start_instances(InstanceIds=[one])["StartingInstances"][0]
            seen.append((change["CurrentState"], change["PreviousState"]))
            world.wait_state(one, "running")
            return seen
        self.same(scenario)

    def test_reboot_keeps_the_instance_running(self):
        def scenario(world):
            one = world.launch({"Name": "a"})
            world.wait_state(one, "running")
            answer = world.ec2.reboot_instances(InstanceIds=[one])
            return answer["ResponseMetadata"]["HTTPStatusCode"], world.state(one)
        self.same(scenario)

    def test_status_lists_stopped_instances_only_when_asked(self):
        def scenario(world):
            one, two = world.launch({"Name": "a"}), world.launch({"Name": "b"})
            world.wait_state(two, "running")
            world.ec2.stop_instances(InstanceIds=[two])
            world.wait_state(two, "stopped")
            rows = {}
            for everything in (False, True):
                answer = world.ec2.describe_instance_status(IncludeAllInstances=everything)
                rows[everything] = [
                    (row["InstanceId"] == one, row["InstanceState"]["Name"],
                     row["SystemStatus"]["Status"], row["InstanceStatus"]["Status"])
                    for row in answer["InstanceStatuses"]]
            return rows[False], sorted(rows[True])
        self.same(scenario)

    def test_the_same_errors_have_the_same_codes(self):
        def scenario(world):
            one = world.launch({"Name": "a"})
            world.wait_state(one, "running")
            return [self.error(world.ec2.describe_instances,
                               InstanceIds=["i-0123456789abcdef0"]),
                    self.error(world.ec2.stop_instances, InstanceIds=["i-0123456789abcdef0"]),
                    self.error(world.ec2.reboot_instances, InstanceIds=[one], DryRun=True),
                    self.error(world.ec2.stop_instances, InstanceIds=[one], DryRun=True),
                    self.error(world.sns.publish, Message="m",
                               TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:missing")]
        self.same(scenario)

    def test_pages_hold_the_same_numbers(self):
        def scenario(world):
            for number in range(7):
                world.launch({"Name": str(number)})
            pages = world.ec2.get_paginator("describe_instances").paginate(
                PaginationConfig={"PageSize": 5})
            return [sum(len(part["Instances"]) for part in page["Reservations"])
                    for page in pages]
        self.assertEqual([5, 2], self.same(scenario))

    def test_command_answers_have_the_same_members(self):
        def scenario(world):
            one = world.launch({"Name": "a"})
            world.wait_state(one, "running")
            sent = world.ssm.send_command(
                DocumentName="p-restart-services", InstanceIds=[one], Comment="act-1",
                Parameters={"serviceName": ["web"]}, TimeoutSeconds=60)["Command"]

            def look():
                row = world.ssm.get_command_invocation(CommandId=sent["CommandId"],
                                                       InstanceId=one)
                return row if row["Status"] == "Success" else None
            row = wait_until(look, 20)
            rows = world.ssm.list_commands(CommandId=sent["CommandId"])["Commands"]
            return (sent["Comment"], sent["DocumentName"], sent["InstanceIds"] == [one],
                    sent["Parameters"], row["StatusDetails"], row["ResponseCode"],
                    row["Comment"], row["DocumentName"], len(rows), rows[0]["Comment"],
                    rows[0]["CommandId"] == sent["CommandId"])
        self.same(scenario)

    def test_unknown_invocation_is_refused(self):
        def scenario(world):
            return self.error(world.ssm.get_command_invocation, InstanceId="i-0123456789abcdef0",
                              CommandId="01234567-89ab-4def-8123-456789abcdef")[1]
        self.assertEqual(400, self.same(scenario))

    def test_publish_gives_a_message_id(self):
        def scenario(world):
            answer = world.sns.publish(TopicArn=world.topic(), Message="m", Subject="s")
            return len(answer["MessageId"])
        self.same(scenario)

    def test_identity_names_the_account(self):
        def scenario(world):
            return world.sts.get_caller_identity()["Account"]
        self.assertEqual(ACCOUNT, self.same(scenario))
