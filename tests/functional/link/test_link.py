"""The agent's link (link_agent: the real one without an agent) against the real agents' port, and
against servers that misbehave."""

import contextlib
import os
import random
import select
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

QUICK = ("--dial-min-ms", 20, "--dial-max-ms", 100)
CUT_SEED = 20260303


class CuttingRelay:
    """Relays to `port`, and cuts each of the first connections after some bytes of either side:
    within the TLS handshake, the greeting, the request or the answer."""

    def __init__(self, port, cuts):
        self.port = port
        self.cuts = list(cuts)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):  # closed: the end
            while True:
                connection = self.listener.accept()[0]
                with connection, socket.create_connection(("127.0.0.1", self.port)) as server:
                    self.relay(connection, server, self.cuts.pop(0) if self.cuts else None)

    def relay(self, connection, server, left):
        other = {connection: server, server: connection}
        while left is None or left > 0:
            for one in select.select(list(other), [], [])[0]:
                try:
                    data = one.recv(left or 65536)
                    if not data:
                        return
                    other[one].sendall(data)
                except OSError:
                    return
                left = None if left is None else left - len(data)
                if left == 0:
                    return


class Agent(rig.Server):
    """link_agent as a child, read as the server is."""

    PROGRAM = "link_agent"


class Link(rig.Case):
    def agent(self, url, *words):
        agent = Agent("--url", url, *words)
        self.addCleanup(agent.close)
        return agent

    def tls_agent(self, pki, port, *words, identity=None, name="localhost", ca=None):
        certificate, key = identity or pki.agent
        return self.agent(f"tls+tcp://127.0.0.1:{port}", "--certificate", certificate, "--key", key,
                          "--ca", ca or pki.ca, "--name", name, *QUICK, *words)

    def send(self, agent, name="report_plain"):
        agent.command("send " + os.path.join(rig.VECTORS, name + ".bin"))
        return agent.wait_for("sent")["status"]

    def assert_acked(self, agent, sequence=42):
        self.assertEqual(self.send(agent), "ok")
        self.assertEqual(rig.ack_sequence(bytes.fromhex(agent.wait_for("ack")["bytes"])), sequence)

    def listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener, listener.getsockname()[1]

    def test_request_is_acknowledged_over_tcp_and_tls(self):
        plain = self.serve_plain()
        agent = self.agent(f"tcp://127.0.0.1:{plain.port}", *QUICK)
        agent.wait_for("connected")
        self.assert_acked(agent)
        pki = self.pki()
        server = self.serve_tls(pki)
        agent = self.tls_agent(pki, server.port)
        agent.wait_for("connected")
        for _ in range(5):
            self.assert_acked(agent)
        server.wait_for("report", instance=rig.INSTANCE, account=rig.ACCOUNT)

    def test_only_one_request_is_outstanding(self):
        listener, port = self.listener()
        agent = self.agent(f"tcp://127.0.0.1:{port}", *QUICK)
        with listener.accept()[0] as connection:
            connection.sendall(b"\0SP\0\0\x31\0\0")
            agent.wait_for("connected")
            self.assertEqual(self.send(agent), "ok")
            self.assertEqual(self.send(agent), "busy")

    def test_nothing_is_sent_while_not_connected(self):
        _, port = self.listener()
        agent = self.agent(f"tcp://127.0.0.1:{port}", *QUICK)
        self.assertEqual(self.send(agent), "unreachable")

    def test_connection_comes_back_after_the_aggregator_restarts(self):
        pki = self.pki()
        server = self.serve_tls(pki)
        agent = self.tls_agent(pki, server.port)
        agent.wait_for("connected")
        self.assert_acked(agent)
        server.close()
        agent.wait_for("lost")
        agent.wait_for("dial_failed", status="unreachable")  # known at once, not at a time-out
        second = self.serve_tls(pki, "--port", server.port)
        self.assertIsNone(second.failure)
        agent.wait_for("connected")
        self.assert_acked(agent)

    def test_request_whose_connection_dies_is_lost_and_not_sent_again_by_itself(self):
        listener, port = self.listener()
        agent = self.agent(f"tcp://127.0.0.1:{port}", *QUICK)
        connection = listener.accept()[0]
        connection.sendall(b"\0SP\0\0\x31\0\0")
        agent.wait_for("connected")
        self.assertEqual(self.send(agent), "ok")
        connection.recv(8 + 12)
        connection.close()
        self.assertEqual(agent.wait_for("lost")["had_request"], "1")
        connection = listener.accept()[0]
        self.addCleanup(connection.close)
        connection.sendall(b"\0SP\0\0\x31\0\0")
        agent.wait_for("connected")
        connection.settimeout(0.3)
        self.assertEqual(connection.recv(8), b"\0SP\0\0\x30\0\0")
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        self.assertEqual(self.send(agent), "ok")  # the agent decides, and may

    def test_ack_that_does_not_come_ends_the_connection(self):
        listener, port = self.listener()
        agent = self.agent(f"tcp://127.0.0.1:{port}", "--ack-ms", 200, *QUICK)
        connection = listener.accept()[0]
        self.addCleanup(connection.close)
        connection.sendall(b"\0SP\0\0\x31\0\0")
        agent.wait_for("connected")
        self.assertEqual(self.send(agent), "ok")
        lost = agent.wait_for("lost")
        self.assertEqual((lost["status"], lost["had_request"]), ("timeout", "1"))
        again = listener.accept()[0]
        again.close()

    def test_peer_that_never_speaks_is_given_up_at_the_dial_timeout(self):
        pki = self.pki()
        listener, port = self.listener()
        agent = self.tls_agent(pki, port, "--dial-ms", 200)
        silent = listener.accept()[0]
        self.addCleanup(silent.close)
        agent.wait_for("dial_failed", status="timeout")
        listener.accept()[0].close()

    def test_pauses_grow_and_are_spread(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        agent = self.agent(f"tcp://127.0.0.1:{port}", "--dial-min-ms", 10, "--dial-max-ms", 200)
        pauses = [int(agent.wait_for("dial_failed")["retry_ms"]) for _ in range(30)]
        self.assertLessEqual(max(pauses[:1]), 20)
        self.assertTrue(all(10 <= pause <= 200 for pause in pauses), pauses)
        self.assertGreater(max(pauses), 100)
        self.assertGreater(len(set(pauses[10:])), 10)

    def test_server_of_another_ca_or_name_is_not_talked_to(self):
        pki = self.pki()
        foreign = pki.authority("foreign")
        server = self.serve_tls(pki)
        agent = self.tls_agent(pki, server.port, ca=foreign)
        self.assertIn(agent.wait_for("dial_failed")["status"], ("identity", "closed"))
        agent = self.tls_agent(pki, server.port, name="elsewhere.example")
        self.assertIn(agent.wait_for("dial_failed")["status"], ("identity", "closed"))
        self.assertEqual(server.counters()["reports"], 0)

    def test_renewed_certificate_is_used_by_the_next_connection(self):
        pki = self.pki()
        expired = pki.agent_of(rig.INSTANCE, name="expired",
                               dates=("-startdate", "20200101000000Z",
                                      "-enddate", "20200102000000Z"))
        server = self.serve_tls(pki)
        agent = self.tls_agent(pki, server.port, identity=expired)
        agent.wait_for("dial_failed")
        agent.command(f"reload {pki.agent[0]} {pki.agent[1]} {pki.ca}")
        agent.wait_for("reload", status="ok")
        agent.wait_for("connected")
        self.assert_acked(agent)

    def test_bad_files_and_addresses_are_named(self):
        pki = self.pki()
        good = ["--certificate", pki.agent[0], "--key", pki.agent[1], "--ca", pki.ca]
        rows = (
            ("tls+tcp://127.0.0.1:1", {0: pki.path("none.pem")}, "not_found", "none.pem"),
            ("tls+tcp://127.0.0.1:1", {0: pki.agent[1]}, "malformed", pki.agent[1]),
            ("tls+tcp://127.0.0.1:1", {1: pki.server[1]}, "identity", pki.server[1]),
            ("tcp://192.0.2.1:1", {}, "refused", "192.0.2.1"),
            ("http://127.0.0.1:1", {}, "malformed", "http://"),
            ("tls+tcp://127.0.0.1:70000", {}, "malformed", "70000"),
        )
        for url, changes, status, named in rows:
            words = list(good)
            for place, value in changes.items():
                words[2 * place + 1] = value
            failure = self.agent(url, *words).failure or ""
            self.assertIn(f"status={status}", failure)
            self.assertIn(named, failure)

    def test_few_threads_whatever_the_machine(self):
        plain = self.serve_plain()
        agent = self.agent(f"tcp://127.0.0.1:{plain.port}", *QUICK)
        agent.wait_for("connected")
        agent.command("threads")
        self.assertLessEqual(int(agent.wait_for("threads")["count"]), 12)

    def test_it_ends_at_once_in_every_state(self):
        pki = self.pki()
        server = self.serve_tls(pki)
        listener, port = self.listener()
        waiting = self.agent("tcp://127.0.0.1:1", "--dial-min-ms", 60000)
        waiting.wait_for("dial_failed")
        dialling = self.tls_agent(pki, port)
        self.addCleanup(listener.accept()[0].close)
        up = self.tls_agent(pki, server.port)
        up.wait_for("connected")
        for agent in (waiting, dialling, up):
            start = time.monotonic()
            agent.close()
            self.assertLess(time.monotonic() - start, 3)
            self.assertIn("destroyed", list(agent.lines.queue))

    def test_connection_cut_anywhere_comes_back(self):
        """40 connections cut after a random number of bytes, then one that is left alone."""
        pki = self.pki()
        server = self.serve_tls(pki, "--rate", 0)
        chance = random.Random(CUT_SEED)
        relay = CuttingRelay(server.port, [chance.randint(1, 4500) for _ in range(40)])
        self.addCleanup(relay.listener.close)
        agent = self.tls_agent(pki, relay.own_port, "--dial-min-ms", 1, "--dial-max-ms", 5,
                               "--ack-ms", 1000)
        file = os.path.join(rig.VECTORS, "report_plain.bin")
        while True:
            word = agent.next_line().split(" ")[0]
            if word == "connected" or (word == "ack" and relay.cuts):
                agent.command(f"send {file}")
            elif word == "ack":
                break
        self.assertGreater(server.counters()["reports"], 0)

    def test_connections_come_and_go_many_times(self):
        """The server hangs up after each greeting, at random moments: nothing sticks, nothing leaks."""
        listener, port = self.listener()
        agent = self.agent(f"tcp://127.0.0.1:{port}", "--dial-min-ms", 1, "--dial-max-ms", 3)
        stop = threading.Event()

        def hang_up():
            turn = 0
            while not stop.is_set():
                connection = listener.accept()[0]
                turn += 1
                with connection, contextlib.suppress(OSError):  # it may be gone already
                    if turn % 3:
                        connection.sendall(b"\0SP\0\0\x31\0\0")
                    if turn % 2:
                        connection.recv(8)

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        for _ in range(60):
            self.assertEqual(agent.wait_for("lost")["had_request"], "0")
        descriptors = len(os.listdir(f"/proc/{agent.process.pid}/fd"))
        stop.set()
        self.assertLess(descriptors, 40)
