"""https: who is believed. A connection that fails its checks has sent nothing, so nothing can have happened."""

import os
import ssl
import sys
import tempfile
import unittest
import warnings

sys.path.insert(0, os.path.dirname(__file__))
import aws_harness as aws
from aws_harness import ID, RESET, Server, certificate, probe


class Tls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.context, self.bundle = certificate(self.folder)

    def reboot(self, server, bundle, url=None):
        environment = {"AWS_CA_BUNDLE": bundle}
        return probe(url or server.url, "RebootInstances", f"id={ID}", "deadline_ms=4000", environment=environment)

    def assert_not_sent(self, out, server):
        self.assertEqual((out.status, out.result["http"], server.count()), ("unreachable", 0, 0))

    def test_bundle_of_the_environment_is_believed(self):
        with Server(aws.REBOOTED, tls=self.context) as server:
            out = self.reboot(server, self.bundle)
            self.assertEqual((out.status, server.count()), ("ok", 1))

    def test_unknown_authority_is_not(self):
        with Server(aws.REBOOTED, tls=self.context) as server:
            self.assert_not_sent(self.reboot(server, None), server)

    def test_certificate_of_another_name_is_not(self):
        context, bundle = certificate(self.folder, "other", "DNS:ec2.us-east-1.amazonaws.com")
        with Server(aws.REBOOTED, tls=context) as server:
            self.assert_not_sent(self.reboot(server, bundle), server)

    def test_old_protocol_versions_are_not(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        with Server(aws.REBOOTED, tls=self.context) as server:
            self.assert_not_sent(self.reboot(server, self.bundle), server)

    def test_server_that_speaks_no_tls_has_received_nothing(self):
        with Server(aws.REBOOTED) as server:
            out = self.reboot(server, self.bundle, url=server.url.replace("http:", "https:"))
            self.assertEqual((out.status, out.result["http"]), ("unreachable", 0))

    def test_missing_bundle_file_sends_nothing(self):
        with Server(aws.REBOOTED, tls=self.context) as server:
            self.assert_not_sent(self.reboot(server, os.path.join(self.folder, "none.pem")), server)

    def test_answer_lost_inside_tls_is_unknown(self):
        with Server(RESET, tls=self.context) as server:
            out = self.reboot(server, self.bundle)
            self.assertEqual((out.status, server.count()), ("unknown_outcome", 1))


if __name__ == "__main__":
    unittest.main()
