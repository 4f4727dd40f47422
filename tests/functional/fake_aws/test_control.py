"""The control API and the command line: initial state, seeds, reset, bad calls."""

import http.client
import socket

from fake_aws.case import FakeCase
from fake_aws.client import ControlFailed, FakeAws


class Control(FakeCase):
    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.fake.port), 10) as connection:
            connection.sendall(data)
            return connection.recv(65536)

    def test_reset_forgets_everything(self):
        self.fake.create_instance()
        self.fake.add_fault("*", "throttle", times=None)
        self.caller.ec2("DescribeInstances")
        self.fake.control("POST", "reset", {})
        self.assertEqual([], self.fake.control("GET", "instances")["instances"])
        self.assertEqual([], self.fake.control("GET", "faults")["faults"])
        self.assertEqual(200, self.caller.ec2("DescribeInstances").status)

    def test_same_seed_gives_the_same_ids(self):
        ids = []
        for seed in (7, 7, 8):
            with FakeAws(seed=seed) as fake:
                ids.append(fake.create_instance())
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], ids[2])

    def test_initial_state_is_loaded(self):
        state = {"instances": [{"id": "i-0000abcd", "tags": {"AutoRecovery": "enabled"}}],
                 "topics": ["other"], "faults": [{"op": "sts:*", "kind": "throttle"}],
                 "settings": {"ssm": {"hidden_calls": 3}}}
        with FakeAws(state=state) as fake:
            self.assertEqual("running", fake.instance("i-0000abcd")["state"])
            self.assertEqual(2, len(fake.control("GET", "sns/topics")["topics"]))
            self.assertEqual("throttle", fake.control("GET", "faults")["faults"][0]["kind"])
            self.assertEqual(3, fake.settings()["ssm"]["hidden_calls"])

    def test_wrong_calls_are_refused_with_a_reason(self):
        cases = [("POST", "instances", {"colour": "red"}, "colour"),
                 ("POST", "instances", {"pending_s": "soon"}, "pending_s"),
                 ("POST", "instances", {"guest": {"root": "relative"}}, "absolute"),
                 ("GET", "instances/i-00000bad", None, "404"),
                 ("POST", "checks", {"instance_ids": "*", "instance": "green"}, None),
                 ("POST", "settings", {"time_scale": 0}, "time_scale"),
                 ("GET", "nonsense", None, "404")]
        self.fake.create_instance()
        for method, path, body, word in cases:
            with self.assertRaisesRegex(ControlFailed, word or "green", msg=path):
                self.fake.control(method, path, body)

    def test_checks_of_many_change_at_once(self):
        ids = self.fake.create_instances([{} for _ in range(20)])
        self.fake.set_checks(ids[:10], instance="impaired")
        states = [row["checks"]["instance"]
                  for row in self.fake.control("GET", "instances")["instances"]]
        self.assertEqual((10, 10), (states.count("impaired"), states.count("ok")))
        self.assertEqual(20, self.fake.set_checks("*", instance=None)["changed"])
        self.assertEqual("ok", self.fake.instance(ids[0])["checks"]["instance"])

    def test_malformed_http_is_refused(self):
        for data in (b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                     b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                     b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n"):
            self.assertTrue(self.raw(data).startswith(b"HTTP/1.1 400 "), data[:40])

    def test_browsers_are_kept_out(self):
        def status(headers, body=b"{}"):
            connection = http.client.HTTPConnection("127.0.0.1", self.fake.port, timeout=10)
            connection.request("POST", "/_fake/instances", body, headers)
            answer = connection.getresponse().status
            connection.close()
            return answer
        kind = {"Content-Type": "application/json"}
        self.assertEqual(200, status(kind))
        self.assertEqual(403, status({"Content-Type": "text/plain"}))
        self.assertEqual(403, status({**kind, "Origin": "http://evil.example"}))
        self.assertEqual(403, status({**kind, "Host": "evil.example"}))
        self.assertEqual(1, len(self.fake.control("GET", "instances")["instances"]))

    def test_connection_serves_many_requests(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.fake.port, timeout=10)
        for _ in range(3):
            connection.request("GET", "/_fake/ready")
            answer = connection.getresponse()
            self.assertEqual((200, True), (answer.status, b'"ok": true' in answer.read()))
        connection.close()

    def test_time_scale_can_change_while_running(self):
        self.assertEqual(50.0, self.fake.settings()["time_scale"])
        self.assertEqual(5.0, self.fake.settings(time_scale=5)["time_scale"])
