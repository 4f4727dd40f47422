"""A small signing AWS client for tests: one call, its status and its parsed answer."""

import http.client
import json
import time
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlencode, urlsplit

from .sigv4 import Credential, sign

FORM = "application/x-www-form-urlencoded; charset=utf-8"
VERSIONS = {"ec2": "2016-11-15", "sns": "2010-03-31", "sts": "2011-06-15"}


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def xml(self):
        """The document without its namespace."""
        root = ElementTree.fromstring(self.body)
        for node in root.iter():
            node.tag = node.tag.rsplit("}", 1)[-1]
        return root

    def texts(self, path):
        return [node.text or "" for node in self.xml.findall(path)]

    @property
    def error(self):
        """The error code, None for a good answer."""
        if self.status < 300:
            return None
        if self.headers.get("content-type", "").startswith("application/x-amz-json"):
            return self.json.get("__type")
        node = self.xml.find(".//Error/Code")
        return node.text if node is not None else "?"


class Caller:
    """credentials and endpoint as in FakeAws.environment()."""

    def __init__(self, environment, **overrides):
        self.host = urlsplit(environment["AWS_ENDPOINT_URL"]).netloc
        self.region = overrides.get("region", environment["AWS_REGION"])
        self.credential = Credential(
            overrides.get("key_id", environment["AWS_ACCESS_KEY_ID"]),
            overrides.get("secret", environment["AWS_SECRET_ACCESS_KEY"]),
            overrides.get("token", environment.get("AWS_SESSION_TOKEN", "")))
        self.skew_s = overrides.get("skew_s", 0.0)
        self.timeout_s = overrides.get("timeout_s", 30.0)

    def query(self, service, op, params=None, tamper=None):
        body = urlencode({"Action": op, "Version": VERSIONS[service], **(params or {})}).encode()
        return self.send(service, {"content-type": FORM}, body, tamper)

    def ec2(self, op, params=None, **more):
        return self.query("ec2", op, params, **more)

    def ssm(self, op, params=None, tamper=None):
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"AmazonSSM.{op}"}
        return self.send("ssm", headers, json.dumps(params or {}).encode(), tamper)

    def send(self, service, headers, body, tamper=None):
        """tamper(headers) -> headers, after signing."""
        headers = sign(self.credential, self.region, service, "POST", "/", "",
                       {"host": self.host, **headers}, body, time.time() + self.skew_s)
        if tamper:
            headers = tamper(headers)
        connection = http.client.HTTPConnection(self.host, timeout=self.timeout_s)
        try:
            connection.request("POST", "/", body, headers)
            raw = connection.getresponse()
            lower = {name.lower(): value for name, value in raw.getheaders()}
            return Answer(raw.status, lower, raw.read())
        finally:
            connection.close()
