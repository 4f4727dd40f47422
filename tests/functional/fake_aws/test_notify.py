"""SNS and the webhook receivers."""

import http.client
import json
import time

from fake_aws.case import FakeCase


class Sns(FakeCase):
    def publish(self, **params):
        return self.caller.query("sns", "Publish", params)

    def test_published_message_is_kept(self):
        answer = self.publish(TopicArn=self.fake.topic_arn, Message="höre", Subject="alert", **{
            "MessageAttributes.entry.1.Name": "severity",
            "MessageAttributes.entry.1.Value.DataType": "String",
            "MessageAttributes.entry.1.Value.StringValue": "high"})
        message = self.fake.sns_messages()[0]
        self.assertEqual([message["id"]], answer.texts("PublishResult/MessageId"))
        self.assertEqual(("höre", "alert", {"severity": "high"}),
                         (message["message"], message["subject"], message["attributes"]))

    def test_unknown_topic_is_not_found(self):
        answer = self.publish(TopicArn=self.fake.topic_arn + "x", Message="m")
        self.assertEqual((404, "NotFound"), (answer.status, answer.error))

    def test_bad_messages_are_refused(self):
        arn = self.fake.topic_arn
        for params in ({"Message": ""}, {"Message": "x" * 262_145}, {"Message": "m", "Other": "1"},
                       {"Message": "m", "Subject": "x" * 101}, {"Message": "m", "Subject": "a\nb"},
                       {"Message": "m", "Subject": "ä"}):
            self.assertEqual("InvalidParameter", self.publish(TopicArn=arn, **params).error)
        self.assertEqual([], self.fake.sns_messages())


class Webhooks(FakeCase):
    def post(self, body, timeout_s=10.0):
        connection = http.client.HTTPConnection("127.0.0.1", self.fake.port, timeout=timeout_s)
        try:
            connection.request("POST", "/_fake/webhook/slack", json.dumps(body).encode(),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Retry-After"), answer.read()
        finally:
            connection.close()

    def test_message_is_recorded_and_answered_as_slack_does(self):
        self.assertEqual((200, None, b"ok"), self.post({"text": "hello"}))
        self.assertEqual((400, None, b"invalid_payload"), self.post({"words": "hello"}))
        first = self.fake.webhook_received("slack")[0]
        self.assertEqual({"text": "hello"}, first["json"])

    def test_throttled_so_many_times(self):
        self.fake.webhook("slack", mode="status", status=429, retry_after=7, times=2)
        answers = [self.post({"text": "x"})[:2] for _ in range(3)]
        self.assertEqual([(429, "7"), (429, "7"), (200, None)], answers)

    def test_hang_gives_no_answer_but_keeps_the_message(self):
        self.fake.webhook("slack", mode="hang")
        with self.assertRaises(TimeoutError):
            self.post({"text": "x"}, timeout_s=0.3)
        self.assertEqual(1, len(self.fake.webhook_received("slack")))

    def test_reset_breaks_the_connection(self):
        self.fake.webhook("slack", mode="reset")
        with self.assertRaises((ConnectionResetError, http.client.RemoteDisconnected)):
            self.post({"text": "x"})

    def test_drip_sends_byte_after_byte(self):
        self.fake.webhook("slack", mode="drip", drip_s=0.004)
        began = time.monotonic()
        self.assertEqual(200, self.post({"text": "x"})[0])
        self.assertGreater(time.monotonic() - began, 0.3)
