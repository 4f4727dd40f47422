"""Requests that AWS would not accept are not accepted here either, in each protocol's own words."""

import time

from fake_aws.case import FakeCase
from fake_aws.caller import FORM, Caller
from fake_aws.sigv4 import Credential, sign

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


class Signatures(FakeCase):
    def errors(self, **overrides):
        """The codes of the three protocols: EC2, query (STS), JSON (SSM)."""
        caller = Caller(self.fake.environment(), **overrides)
        answers = (caller.ec2("DescribeInstances"), caller.query("sts", "GetCallerIdentity"),
                   caller.ssm("ListCommands"))
        return [(answer.status, answer.error) for answer in answers]

    def test_good_signature_is_accepted(self):
        self.assertEqual([(200, None)] * 3, self.errors())

    def test_wrong_secret_is_refused(self):
        self.assertEqual([(403, "SignatureDoesNotMatch"), (403, "SignatureDoesNotMatch"),
                          (400, "InvalidSignatureException")], self.errors(secret="x" * 40))

    def test_unknown_key_is_refused(self):
        self.assertEqual([(401, "AuthFailure"), (403, "InvalidClientTokenId"),
                          (400, "UnrecognizedClientException")], self.errors(key_id="AKIAOTHER"))

    def test_old_date_is_refused(self):
        self.assertEqual([(400, "RequestExpired"), (403, "SignatureDoesNotMatch"),
                          (400, "InvalidSignatureException")], self.errors(skew_s=-310))

    def test_future_date_is_refused(self):
        self.assertEqual((400, "RequestExpired"), self.errors(skew_s=310)[0])

    def test_skew_within_five_minutes_passes(self):
        self.assertEqual([(200, None)] * 3, self.errors(skew_s=-280))

    def test_wrong_region_in_scope_is_refused(self):
        self.assertEqual((403, "SignatureDoesNotMatch"), self.errors(region="eu-west-1")[0])

    def test_wrong_service_in_scope_is_refused(self):
        answer = self.caller.send("ec2", {"content-type": FORM}, IDENTITY)
        self.assertEqual((403, "SignatureDoesNotMatch"), (answer.status, answer.error))

    def test_unsigned_amz_header_is_refused(self):
        answer = self.caller.query("sts", "GetCallerIdentity",
                                   tamper=lambda headers: {**headers, "x-amz-extra": "1"})
        self.assertEqual((403, "SignatureDoesNotMatch"), (answer.status, answer.error))

    def test_changed_target_is_refused(self):
        answer = self.caller.ssm("ListCommands", tamper=lambda headers: {
            **headers, "x-amz-target": "AmazonSSM.SendCommand"})
        self.assertEqual("InvalidSignatureException", answer.error)

    def test_missing_authorization_is_refused(self):
        def drop(headers):
            return {key: value for key, value in headers.items() if key != "authorization"}
        self.assertEqual("AuthFailure", self.caller.ec2("DescribeInstances", tamper=drop).error)
        self.assertEqual("MissingAuthenticationTokenException",
                         self.caller.ssm("ListCommands", tamper=drop).error)

    def test_unsigned_content_type_is_refused(self):
        headers = sign(self.caller.credential, "us-east-1", "sts", "POST", "/", "",
                       {"host": self.caller.host}, IDENTITY, time.time())
        unsigned = dict(headers)

        def replace(_headers):
            return {**unsigned, "content-type": FORM}
        answer = self.caller.send("sts", {}, IDENTITY, tamper=replace)
        self.assertEqual("SignatureDoesNotMatch", answer.error)

    def test_session_token_must_match(self):
        self.fake.control("POST", "credentials", {"key_id": "ASIATEMP", "secret": "s" * 40,
                                                  "token": "right"})
        good = self.errors(key_id="ASIATEMP", secret="s" * 40, token="right")
        self.assertEqual([(200, None)] * 3, good)
        bad = self.errors(key_id="ASIATEMP", secret="s" * 40, token="wrong")
        self.assertEqual([(401, "AuthFailure"), (403, "InvalidClientTokenId"),
                          (400, "UnrecognizedClientException")], bad)

    def test_expired_token_is_refused(self):
        self.fake.control("POST", "credentials", {"key_id": "ASIATEMP", "secret": "s" * 40,
                                                  "token": "t", "expires_in_s": -1})
        self.assertEqual([(400, "ExpiredToken"), (403, "ExpiredToken"),
                          (400, "ExpiredTokenException")],
                         self.errors(key_id="ASIATEMP", secret="s" * 40, token="t"))

    def test_offset_clock_shows_in_date_and_in_the_verdict(self):
        self.fake.settings(clock_offset_s=3600)
        answer = self.caller.ec2("DescribeInstances")
        self.assertEqual("RequestExpired", answer.error)
        seen = time.mktime(time.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT"))
        self.assertLess(abs(seen - time.timezone - time.time() - 3600), 10)
        self.assertEqual([(200, None)] * 3, self.errors(skew_s=3600))

    def test_refused_request_is_journalled_as_not_executed(self):
        self.fake.create_instance(id="i-00000001")
        caller = Caller(self.fake.environment(), secret="x" * 40)
        caller.ec2("RebootInstances", {"InstanceId.1": "i-00000001"})
        entry = self.fake.journal(op="ec2:RebootInstances")[0]
        self.assertEqual(("SignatureDoesNotMatch", False), (entry["outcome"], entry["executed"]))
        self.assertEqual(0, self.fake.instance("i-00000001")["reboots_accepted"])

    def test_used_credential_is_named_by_sts(self):
        credential = Credential("ASIATEMP", "s" * 40, "t")
        self.fake.control("POST", "credentials", {"key_id": credential.key_id,
                                                  "secret": credential.secret, "token": "t"})
        caller = Caller(self.fake.environment(), key_id="ASIATEMP", secret="s" * 40, token="t")
        self.assertIn("assumed-role", caller.query("sts", "GetCallerIdentity").texts(".//Arn")[0])
        self.assertIn(":user/", self.caller.query("sts", "GetCallerIdentity").texts(".//Arn")[0])
