"""Unit checks over a real dbus-daemon of this test's own; a stand-in on it answers for systemd."""
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

AGENT = os.path.join(os.environ["EAR_BIN"], "ear-agent")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
DAEMON = shutil.which("dbus-daemon", path="/usr/bin:/bin")
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/><allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""


def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def string(text):
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


class Message:
    """A little-endian message with string, path, uint32 and signature fields."""

    def __init__(self, kind, serial, fields, body=b""):
        packed = b""
        for code, sort, value in fields:
            packed = pad(packed, 8) + bytes([code, 1]) + sort.encode() + b"\0"
            if sort == "u":
                packed += struct.pack("<I", value)
            elif sort == "g":
                packed += bytes([len(value)]) + value.encode() + b"\0"
            else:
                packed += string(value)
        self.bytes = pad(b"l" + bytes([kind, 0, 1])
                         + struct.pack("<III", len(body), serial, len(packed)) + packed, 8) + body


def read_message(stream):
    head = stream.read(16)
    if len(head) < 16:
        return None
    body_length, serial, fields_length = struct.unpack("<III", head[4:])
    fields = stream.read(fields_length + -fields_length % 8)[:fields_length]
    body, at, found = stream.read(body_length), 0, {}
    while at < len(fields):
        at += -at % 8
        code, sort = fields[at], chr(fields[at + 2])
        at += 4
        if sort == "g":
            length = fields[at]
            found[code] = fields[at + 1:at + 1 + length].decode()
            at += length + 2
        else:
            number = struct.unpack("<I", fields[at:at + 4])[0]
            at += 4
            if sort != "u":
                found[code] = fields[at:at + number].decode()
                at += number + 1
    return head[1], serial, found, body


class Systemd:
    """Owns org.freedesktop.systemd1 on the bus and answers Properties.Get with `states`."""

    def __init__(self, path, states):
        self.states = states
        self.asked = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")
        uid = str(os.getuid()).encode().hex()
        self.socket.sendall(b"\0AUTH EXTERNAL " + uid.encode() + b"\r\n")
        assert self.stream.readline().startswith(b"OK ")
        bus = [(6, "s", "org.freedesktop.DBus"), (1, "o", "/org/freedesktop/DBus"),
               (2, "s", "org.freedesktop.DBus")]
        self.socket.sendall(b"BEGIN\r\n" + Message(1, 1, bus + [(3, "s", "Hello")]).bytes)
        body = string("org.freedesktop.systemd1")
        body = pad(body, 4) + struct.pack("<I", 4)
        self.socket.sendall(Message(1, 2, bus + [(3, "s", "RequestName"), (8, "g", "su")], body).bytes)
        while True:
            kind, _, fields, _ = read_message(self.stream)
            if kind == 2 and "NameAcquired" not in fields.values() and fields.get(8) == "u":
                break
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        serial = 10
        while (message := read_message(self.stream)) is not None:
            kind, asked, fields, body = message
            if kind != 1:
                continue
            serial += 1
            unit = fields[1].rsplit("/", 1)[1]
            self.asked.append((fields[1], fields[2], fields[3], body))
            reply = [(5, "u", asked), (6, "s", fields[7])]
            state = self.states.get(unit)
            if state is None:
                answer = Message(3, serial, reply + [(4, "s", "org.freedesktop.DBus.Error.UnknownObject")])
            else:
                variant = pad(b"\1s\0", 4) + string(state)
                answer = Message(2, serial, reply + [(8, "g", "v")], variant)
            self.socket.sendall(answer.bytes)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.stream.close()
        self.socket.close()


@unittest.skipUnless(DAEMON, "dbus-daemon is not installed")
class UnitBusTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ear_bus_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "bus")
        config = os.path.join(self.folder, "bus.conf")
        with open(config, "w") as file:
            file.write(CONFIG.format(path=self.path))
        self.daemon = subprocess.Popen([DAEMON, "--config-file=" + config, "--nofork", "--print-address"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={})
        self.addCleanup(self.end)
        self.assertIn(b"unix:path=", self.daemon.stdout.readline())

    def end(self):
        self.daemon.terminate()
        self.daemon.wait(10)
        self.daemon.stdout.close()

    def check(self, *units):
        config = os.path.join(self.folder, "agent.json")
        with open(config, "w") as file:
            json.dump({"checks": [{"name": "c%d" % i, "type": "unit", "target": unit}
                                  for i, unit in enumerate(units)]}, file)
        environment = dict(ENVIRONMENT, DBUS_SYSTEM_BUS_ADDRESS="unix:path=" + self.path)
        result = subprocess.run([AGENT, "-c", config, "--once", "--json"], env=environment,
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [(c["state"], c["detail"]) for c in json.loads(result.stdout)["checks"]]

    def test_states_come_through_a_real_bus(self):
        systemd = Systemd(self.path, {"web_2eservice": "active", "db_2d1_40x_2eservice": "failed",
                                      "slow_2eservice": "activating"})
        self.addCleanup(systemd.close)
        self.assertEqual(self.check("web.service", "db-1@x.service", "slow.service", "no.service"), [
            ("passing", ""), ("failing", "unit is failed"), ("failing", "unit is activating"),
            ("failing", "systemd: org.freedesktop.DBus.Error.UnknownObject")])
        path, interface, member, body = systemd.asked[0]
        self.assertTrue(path.startswith("/org/freedesktop/systemd1/unit/"))
        self.assertEqual((interface, member), ("org.freedesktop.DBus.Properties", "Get"))
        self.assertEqual(body, pad(string("org.freedesktop.systemd1.Unit"), 4) + string("ActiveState"))

    def test_a_bus_without_systemd_says_so(self):
        self.assertEqual(self.check("web.service"),
                         [("failing", "systemd: org.freedesktop.DBus.Error.ServiceUnknown")])


if __name__ == "__main__":
    unittest.main()
