"""SNS Publish and STS GetCallerIdentity."""

import re
import uuid
from collections import deque

from .clock import iso
from .errors import ApiError

MESSAGE_BYTES_MAX = 262_144
SUBJECT_MAX = 100
MESSAGES_MAX = 10_000
SNS_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
ATTRIBUTE = re.compile(r"MessageAttributes\.entry\.([1-9][0-9]?)\."
                       r"(Name|Value\.DataType|Value\.StringValue|Value\.BinaryValue)")


class Sns:
    """Topics must exist; messages are kept for the control API."""

    def __init__(self, clock, random, region, account):
        self.clock = clock
        self.random = random
        self.prefix = f"arn:aws:sns:{region}:{account}:"
        self.topics = set()
        self.messages = deque(maxlen=MESSAGES_MAX)

    def create_topic(self, name):
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name):
            raise ApiError("InvalidParameter", "Invalid parameter: Topic Name")
        self.topics.add(self.prefix + name)
        return self.prefix + name

    def call(self, op, params):
        if op != "Publish":
            raise ApiError("InvalidAction", f"The action {op} is not valid for this endpoint.")
        return self._publish(params)

    def _publish(self, params):
        allowed = {"Action", "Version", "TopicArn", "Message", "Subject"}
        for name in params:
            if name not in allowed and not ATTRIBUTE.fullmatch(name):
                raise ApiError("InvalidParameter", f"Invalid parameter: {name}")
        topic, message = params.get("TopicArn", ""), params.get("Message", "")
        if not topic.startswith("arn:aws:sns:"):
            raise ApiError("InvalidParameter", "Invalid parameter: TopicArn")
        if topic not in self.topics:
            raise ApiError("NotFound", "Topic does not exist", 404)
        if not message or len(message.encode()) > MESSAGE_BYTES_MAX:
            raise ApiError("InvalidParameter", "Invalid parameter: Message empty or too long")
        subject = params.get("Subject")
        if subject is not None and not re.fullmatch(r"[!-~][ -~]{0,98}", subject):
            raise ApiError("InvalidParameter", "Invalid parameter: Subject")
        attributes = self._attributes(params)
        message_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.messages.append({"id": message_id, "topic": topic, "subject": subject,
                              "message": message, "attributes": attributes,
                              "time": iso(self.clock.wall())})
        return {"MessageId": message_id}

    @staticmethod
    def _attributes(params):
        rows = {}
        for name, value in params.items():
            match = ATTRIBUTE.fullmatch(name)
            if match:
                rows.setdefault(match.group(1), {})[match.group(2)] = value
        result = {}
        for row in rows.values():
            if not row.get("Name") or "Value.DataType" not in row or not (
                    row.get("Value.StringValue") or row.get("Value.BinaryValue")):
                raise ApiError("ParameterValueInvalid", "The message attribute is incomplete")
            result[row["Name"]] = row.get("Value.StringValue") or row.get("Value.BinaryValue")
        return result


def get_caller_identity(account, credential):
    if credential.token:
        arn = f"arn:aws:sts::{account}:assumed-role/ear/ear-session"
        return {"Arn": arn, "UserId": "AROAEAR:ear-session", "Account": account}
    return {"Arn": f"arn:aws:iam::{account}:user/ear", "UserId": "AIDAEAR", "Account": account}
