"""Starts a fake AWS and drives it: for tests and for the demo. Standard library only."""

import ctypes
import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlencode

from .server import ACCOUNT, KEY_ID, REGION, SECRET, TOPIC

SUPPORT = Path(__file__).resolve().parents[1]
START_S = 30.0
STOP_S = 10.0
POLL_S = 0.02


def wait_until(predicate, timeout_s=10.0, what="the condition"):
    """The first true value of predicate(); TimeoutError after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} did not come true within {timeout_s} s")
        time.sleep(POLL_S)


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


class ControlFailed(Exception):
    """The control API refused a call."""


class FakeAws:
    """with FakeAws(time_scale=50) as fake: ... The process ends with the block, and with its parent
    unless die_with_parent is false."""

    def __init__(self, folder=None, time_scale=1.0, seed=1, state=None, documents=None,
                 die_with_parent=True):
        self._own = tempfile.TemporaryDirectory(prefix="fake-aws-") if folder is None else None
        self.folder = Path(self._own.name if self._own else folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self.process = None
        self._arguments = ["--time-scale", str(time_scale), "--seed", str(seed),
                           "--journal", str(self.folder / "journal.jsonl")]
        if documents is not None:
            self._arguments += ["--documents", str(documents)]
        if state is not None:
            (self.folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
            self._arguments += ["--state", str(self.folder / "state.json")]
        self._die_with_parent = die_with_parent

    # -- the process ----------------------------------------------------------------------------

    def start(self):
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        self.log = open(self.folder / "fake_aws.log", "ab")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "fake_aws", "--port", "0", "--ready-file", str(ready),
             *self._arguments],
            env={"PYTHONPATH": str(SUPPORT), "PYTHONDONTWRITEBYTECODE": "1",
                 "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=_die_with_parent if self._die_with_parent else None)

        def is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"fake_aws ended with {self.process.returncode}:\n"
                                   + self.log_text())
            return ready.exists()

        wait_until(is_ready, START_S, "the ready file of fake_aws")
        self.port = int(ready.read_text(encoding="utf-8"))
        return self

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.log.close()
        if self._own:
            self._own.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.close()

    def log_text(self):
        return (self.folder / "fake_aws.log").read_text(encoding="utf-8", errors="replace")

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def environment(self):
        """What a program under test needs to call this fake instead of AWS."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": KEY_ID,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION}

    @property
    def topic_arn(self):
        return f"arn:aws:sns:{REGION}:{ACCOUNT}:{TOPIC}"

    # -- control --------------------------------------------------------------------------------

    def control(self, method, path, body=None, timeout_s=30.0):
        """One call under /_fake/; path without that prefix."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, "/_fake/" + path, data,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlFailed(f"{method} {path}: {answer.status} {text}")
        return json.loads(text)

    def wait_until(self, predicate, timeout_s=10.0, what="the condition"):
        try:
            return wait_until(predicate, timeout_s, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; fake_aws said:\n{self.log_text()[-4000:]}") from None

    def create_instance(self, **spec):
        """The new instance's id."""
        return self.control("POST", "instances", spec)["ids"][0]

    def create_instances(self, specs):
        return self.control("POST", "instances", {"instances": list(specs)})["ids"]

    def instance(self, instance_id):
        return self.control("GET", f"instances/{instance_id}")

    def configure(self, instance_id, **settings):
        return self.control("POST", f"instances/{instance_id}", settings)

    def settings(self, **settings):
        return self.control("POST", "settings", settings)

    def hang(self, *instance_ids):
        return self.control("POST", "hang", {"instance_ids": list(instance_ids)})

    def resume(self, instance_id):
        return self.control("POST", f"instances/{instance_id}/resume", {})

    def set_checks(self, instance_ids, clears_on=None, **checks):
        """set_checks(ids, instance="impaired"); None unpins; clears_on: None, reboot, start."""
        return self.control("POST", "checks", {"instance_ids": instance_ids,
                                               "clears_on": clears_on, **checks})

    def kill_unit(self, instance_id, unit, signal_name="KILL"):
        return self.unit(instance_id, unit, "kill", signal=signal_name)["killed"]

    def unit(self, instance_id, unit, verb, **body):
        """verb: kill, start, stop, restart, configure."""
        path = f"instances/{instance_id}/units/{quote(unit)}/{verb}"
        return self.control("POST", path, body)

    def unit_state(self, instance_id, unit):
        return self.instance(instance_id)["guest"]["units"][unit]

    def add_event(self, instance_id, **event):
        return self.control("POST", f"instances/{instance_id}/events", event)

    def add_fault(self, op, kind, times=1, **options):
        return self.control("POST", "faults", {"op": op, "kind": kind, "times": times,
                                               **options})["id"]

    def clear_faults(self):
        return self.control("DELETE", "faults")

    def journal(self, **query):
        """Entries by op, instance_id, since, outcome, executed ("true")."""
        return self.control("GET", "journal?" + urlencode(query))["entries"]

    def journal_seq(self):
        return self.control("GET", "journal/counts")["seq"]

    def counts(self, **query):
        """{"ec2:RebootInstances": {"total", "executed", "ok", "errors"}}"""
        return self.control("GET", "journal/counts?" + urlencode(query))["counts"]

    def count(self, op, **query):
        """Executed calls of one operation, for example count("ec2:RebootInstances")."""
        return self.counts(op=op, **query).get(op, {}).get("executed", 0)

    def forbidden(self):
        return self.control("GET", "journal/counts")["forbidden"]

    def ssm_result(self, sequence, instance_id="*", times=1, run=False):
        return self.control("POST", "ssm/results", {"sequence": sequence, "times": times,
                                                    "instance_id": instance_id, "run": run})

    def ssm_commands(self):
        return self.control("GET", "ssm/commands")["commands"]

    def sns_messages(self):
        return self.control("GET", "sns/messages")["messages"]

    def webhook_url(self, name):
        return f"{self.endpoint}/_fake/webhook/{quote(name)}"

    def webhook(self, name, **mode):
        """Tells a receiver how to answer: mode="status", status=429, retry_after=2, times=3."""
        return self.control("POST", f"webhooks/{quote(name)}", mode)

    def webhook_received(self, name):
        return self.control("GET", f"webhooks/{quote(name)}")["received"]
