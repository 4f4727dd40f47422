"""Every request the edge builds, judged by botocore: its serializer, its signer, its endpoints."""

import datetime
import json
import os
import random
import subprocess
import sys
import unittest
import urllib.parse

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.serialize import create_serializer

sys.path.insert(0, os.path.join(os.environ["EAR_SOURCE"], "tests", "functional", "aws"))
import aws_harness as aws
from aws_harness import HANG, ID, Server, probe

TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN//w=="
SESSION = botocore.session.get_session()

# One entry a call of the table: the probe's arguments, the parameters botocore would be given, and an answer.
UTF8 = "caf\u00e9 & =+/%?#\"\\ \u20ac \U0001f600"
ARN = "arn:aws:sns:us-east-1:123456789012:t"
CALLS = {
    "DescribeInstances": [
        (["filter=tag:AutoRecovery=enabled", "filter=instance-state-name=running,stopped", "page_size=1000"],
         {"Filters": [{"Name": "tag:AutoRecovery", "Values": ["enabled"]},
                      {"Name": "instance-state-name", "Values": ["running", "stopped"]}], "MaxResults": 1000}),
        ([f"id={ID}", "id=i-0a0a0a0a"], {"InstanceIds": [ID, "i-0a0a0a0a"]}),
    ],
    "DescribeInstanceStatus": [
        ([], {"IncludeAllInstances": True, "MaxResults": 1000}),
        ([f"id=i-{n:08x}" for n in range(100)],
         {"IncludeAllInstances": True, "InstanceIds": [f"i-{n:08x}" for n in range(100)]}),
    ],
    "RebootInstances": [
        ([f"id={ID}"], {"InstanceIds": [ID]}),
        ([f"id={ID}", "dry_run=1"], {"InstanceIds": [ID], "DryRun": True}),
    ],
    "StopInstances": [
        ([f"id={ID}"], {"InstanceIds": [ID]}),
        ([f"id={ID}", "force=1", "skip=1", "dry_run=1"],
         {"InstanceIds": [ID], "Force": True, "SkipOsShutdown": True, "DryRun": True}),
    ],
    "StartInstances": [([f"id={ID}"], {"InstanceIds": [ID]})],
    "SendCommand": [
        (["document=AutoRecovery-RestartService", "document_version=3", f"id={ID}", "parameter=Service",
          "value=nginx", "parameter=Odd", f"value={UTF8}", "delivery_timeout_s=60", "comment=INC-01/restart-service/1"],
         {"DocumentName": "AutoRecovery-RestartService", "DocumentVersion": "3", "InstanceIds": [ID],
          "Parameters": {"Service": ["nginx"], "Odd": [UTF8]}, "TimeoutSeconds": 60,
          "Comment": "INC-01/restart-service/1"}),
        (["document=d", f"id={ID}"], {"DocumentName": "d", "InstanceIds": [ID]}),
    ],
    "GetCommandInvocation": [
        (["command_id=11111111-2222-3333-4444-555555555555", f"id={ID}", "plugin=restart"],
         {"CommandId": "11111111-2222-3333-4444-555555555555", "InstanceId": ID, "PluginName": "restart"}),
    ],
    "ListCommands": [
        (["document=d", "invoked_after_ms=1767323045000", f"id={ID}"],
         {"InstanceId": ID, "MaxResults": 50, "Filters": [{"key": "DocumentName", "value": "d"},
                                                          {"key": "InvokedAfter", "value": "2026-01-02T03:04:05Z"}]}),
        ([], {"MaxResults": 50}),
    ],
    "Publish": [
        ([f"topic={ARN}", "subject=s u", f"message={UTF8}", "attribute=severity", "value=high", "attribute=b", "value=2"],
         {"TopicArn": ARN, "Subject": "s u", "Message": UTF8, "MessageAttributes": {
             "severity": {"DataType": "String", "StringValue": "high"}, "b": {"DataType": "String", "StringValue": "2"}}}),
        ([f"topic={ARN}", "message=" + "%" * 60000], {"TopicArn": ARN, "Message": "%" * 60000}),
    ],
    "GetCallerIdentity": [([], {})],
}


def table():
    run = subprocess.run([aws.PROBE, "list"], env={"AWS_REGION": "us-east-1"}, capture_output=True, text=True,
                         check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def sent(call, arguments, environment=None):
    """The one request aws_probe sends; the answer does not matter."""
    with Server(aws.ec2_error("UnauthorizedOperation", status=403)) as server:
        probe(server.url, call, *arguments, environment=environment)
        if len(server.requests) != 1:
            raise AssertionError(f"{len(server.requests)} requests")
        return server, server.requests[0]


def check_signature(case, request, port, service, token):
    """Recomputes the signature with botocore from the bytes that came, and checks what had to be signed."""
    words = request.headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    fields = dict(word.split("=", 1) for word in words)
    signed = fields["SignedHeaders"].split(";")
    must = {"host", "content-type"} | {name for name in request.headers if name.startswith(("x-amz-", "x-amzn-"))}
    case.assertEqual(set(signed), must)
    case.assertEqual(request.headers["host"], f"127.0.0.1:{port}")
    case.assertEqual(request.headers.get("x-amz-security-token"), token)
    theirs = AWSRequest("POST", f"http://127.0.0.1:{port}/", data=request.body,
                        headers={name: request.headers[name] for name in signed})
    theirs.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(aws.KEY, aws.SECRET, token), service, "us-east-1")
    string = auth.string_to_sign(theirs, auth.canonical_request(theirs))
    case.assertEqual(fields["Signature"], auth.signature(string, theirs))
    date = request.headers["x-amz-date"][:8]
    case.assertEqual(fields["Credential"], f"{aws.KEY}/{date}/us-east-1/{service}/aws4_request")


class Requests(unittest.TestCase):
    maxDiff = None

    def test_every_call_of_the_table_has_a_case_here(self):
        self.assertEqual({row["operation"] for row in table()}, set(CALLS))

    def test_table_agrees_with_the_service_models(self):
        for row in table():
            model = SESSION.get_service_model(row["service"])
            operation = model.operation_model(row["operation"])
            if model.metadata["protocol"] != "json":
                self.assertEqual(row["version"], model.api_version)
            self.assertEqual(row["action"], f"{row['service']}:{row['operation']}")
            members = operation.input_shape.members if operation.input_shape else {}
            self.assertEqual(row["token"], "NextToken" if "NextToken" in members else "")

    def test_bodies_and_headers_are_those_of_the_serializer(self):
        services = {row["operation"]: row["service"] for row in table()}
        for call, cases in CALLS.items():
            model = SESSION.get_service_model(services[call])
            serializer = create_serializer(model.metadata["protocol"])
            for arguments, parameters in cases:
                with self.subTest(call, arguments=arguments[:3]):
                    _, request = sent(call, arguments)
                    expected = serializer.serialize_to_request(parameters, model.operation_model(call))
                    self.assertEqual((request.method, request.path), ("POST", expected["url_path"]))
                    for name in ("Content-Type", "X-Amz-Target"):
                        self.assertEqual(request.headers.get(name.lower()), expected["headers"].get(name))
                    if model.metadata["protocol"] == "json":
                        self.assertEqual(json.loads(request.body), json.loads(expected["body"]))
                    else:
                        # bytes, not only meaning: what the handbook's golden bodies look like
                        theirs = {k: v if isinstance(v, str) else str(v) for k, v in expected["body"].items()}
                        self.assertEqual(request.form, theirs)
                        pairs = request.body.decode().split("&")
                        self.assertEqual(sorted(pairs), sorted(f"{k}={urllib.parse.quote(v, safe='-_.~')}"
                                                               for k, v in theirs.items()))

    def test_signatures_are_those_of_the_signer(self):
        services = {row["operation"]: row["service"] for row in table()}
        for call, cases in CALLS.items():
            for token in (None, TOKEN):
                with self.subTest(call, token=token):
                    server, request = sent(call, cases[0][0], {"AWS_SESSION_TOKEN": token})
                    check_signature(self, request, server.port, services[call], token)

    def test_second_pages_are_signed_anew(self):
        def paged(request):
            if request.operation == "ListCommands":
                last = "NextToken" in json.loads(request.body)
                return aws.answer(200, json.dumps({"Commands": []} if last else {"Commands": [], "NextToken": "t+/="}))
            return aws.instances(token="" if "NextToken" in request.form else "t+/=")

        for call, service in (("DescribeInstances", "ec2"), ("ListCommands", "ssm")):
            with Server(paged) as server:
                self.assertEqual(probe(server.url, call).status, "ok")
                self.assertEqual(server.count(), 2)
                for request in server.requests:
                    check_signature(self, request, server.port, service, None)
                second = server.requests[1]
                token = json.loads(second.body)["NextToken"] if service == "ssm" else second.form["NextToken"]
                self.assertEqual(token, "t+/=")

    def test_endpoints_are_those_of_the_resolver(self):
        regions = ["us-east-1", "eu-west-3", "ap-southeast-2", "cn-north-1", "cn-northwest-1", "us-gov-west-1",
                   "us-gov-east-1", "eusc-de-east-1", "mx-central-1", "il-central-1"]
        for region in regions:
            for fips in (False, True):
                for dual in (False, True):
                    run = subprocess.run([aws.PROBE, "list"], capture_output=True, text=True, check=True, env={
                        "AWS_REGION": region, "AWS_USE_FIPS_ENDPOINT": str(fips).lower(),
                        "AWS_USE_DUALSTACK_ENDPOINT": str(dual).lower()})
                    ours = {row["service"]: row["endpoint"] for row in map(json.loads, run.stdout.splitlines())}
                    for service, url in ours.items():
                        client = SESSION.create_client(service, region, aws_access_key_id="a",
                                                       aws_secret_access_key="b", config=Config(
                                                           use_fips_endpoint=fips, use_dualstack_endpoint=dual))
                        with self.subTest(region=region, fips=fips, dual=dual, service=service):
                            self.assertEqual(url, client.meta.endpoint_url.rstrip("/") + "/")


class Signer(unittest.TestCase):
    COUNT = 2000

    @staticmethod
    def random_text(rng, longest):
        alphabet = "abcXYZ019 -_.~/+=%&?\t  \u00e9\u20ac\U0001f600,;:\"'"
        return "".join(rng.choice(alphabet) for _ in range(rng.randrange(longest)))

    def random_request(self, rng):
        host = rng.choice(["ec2.us-east-1.amazonaws.com", "127.0.0.1:4566", "h", f"x{rng.randrange(99)}.example:8443"])
        when = datetime.datetime.fromtimestamp(rng.randrange(0, 4102444800), datetime.timezone.utc)
        headers = [["Host", host], ["X-Amz-Date", when.strftime("%Y%m%dT%H%M%SZ")]]
        if rng.random() < 0.8:
            headers.append(["Content-Type", rng.choice(["application/x-amz-json-1.1", "text/plain;  charset=utf-8"])])
        for number in range(rng.randrange(6)):
            name = rng.choice(["X-Amz-Meta", "x-amz-a", "X-AMZN-B", "x-amz-security-token", "X-Other"]) + f"-{number}"
            headers.append([name, self.random_text(rng, 60)])
        rng.shuffle(headers)
        return {"method": rng.choice(["POST", "GET", "PUT"]), "path": "/", "query": "",
                "region": rng.choice(["us-east-1", "cn-north-1", "eusc-de-east-1"]),
                "service": rng.choice(["ec2", "ssm", "dynamodb", "monitoring"]),
                "access_key": "AKID" + "".join(rng.choice("ABC123") for _ in range(16)),
                "secret": "".join(rng.choice("abcABC123+/=") for _ in range(rng.randrange(1, 60))),
                "date": when.strftime("%Y%m%dT%H%M%SZ"), "body": rng.randbytes(rng.choice([0, 1, 7, 300, 5000])).hex(),
                "headers": headers}

    @staticmethod
    def theirs(request):
        host = dict((name.lower(), value) for name, value in request["headers"])["host"]
        theirs = AWSRequest(request["method"], f"https://{host}/", data=bytes.fromhex(request["body"]),
                            headers=dict(request["headers"]))
        theirs.context["timestamp"] = request["date"]
        auth = SigV4Auth(Credentials(request["access_key"], request["secret"]), request["service"], request["region"])
        return auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)

    def test_random_requests_get_the_signature_botocore_gives(self):
        seed = random.SystemRandom().randrange(1 << 32)
        rng = random.Random(seed)
        requests = [self.random_request(rng) for _ in range(self.COUNT)]
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        run = subprocess.run([aws.PROBE, "sign"], input=lines, capture_output=True, text=True, check=True, env={})
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len(answers), self.COUNT)
        for request, answer in zip(requests, answers):
            self.assertEqual((answer["status"], answer["signature"]), ("ok", self.theirs(request)),
                             f"seed {seed}: {request}")


if __name__ == "__main__":
    unittest.main()
