"""What a stranger, or an agent gone wrong, can take: time, places, descriptors, memory."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402


def idle_sockets(port, count):
    sockets = []
    for _ in range(count):
        sockets.append(socket.create_connection(("127.0.0.1", port), timeout=rig.PATIENCE_S))
    return sockets


class Limits(rig.Case):
    def connect_in_time(self, server, context, seconds=5):
        """A valid agent gets its ack within `seconds`, trying again as an agent does."""
        start = time.monotonic()
        while True:
            try:
                peer = self.peer(server.port, context)
                self.assertEqual(rig.ack_sequence(peer.ask(rig.report(1))), 1)
                break
            except OSError:
                if time.monotonic() - start > seconds:
                    raise
        taken = time.monotonic() - start
        self.assertLess(taken, seconds)
        return taken

    def hold(self, sockets):
        for one in sockets:
            self.addCleanup(one.close)

    def test_idle_sockets_do_not_lock_an_agent_out(self):
        """F7: RLIMIT_NOFILE 256, 300 idle sockets."""
        pki = self.pki()
        server = self.serve_tls(pki, descriptors=256)
        self.hold(idle_sockets(server.port, 300))
        self.connect_in_time(server, rig.client_context(pki, pki.agent))
        used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        self.assertLessEqual(used, 256 - 64 + 1)

    def test_four_times_as_many_idle_sockets_as_descriptors_do_not_lock_an_agent_out(self):
        """F32."""
        pki = self.pki()
        server = self.serve_tls(pki, "--source-pending", 10000, "--pending", 10000,
                                descriptors=128)
        self.hold(idle_sockets(server.port, 512))
        self.connect_in_time(server, rig.client_context(pki, pki.agent))

    def test_half_handshakes_do_not_lock_an_agent_out(self):
        pki = self.pki()
        server = self.serve_tls(pki)
        sockets = idle_sockets(server.port, 60)
        self.hold(sockets)
        for one in sockets:  # the beginning of a ClientHello, never its end
            one.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        server.wait_counter("handshaking", 16)
        self.connect_in_time(server, rig.client_context(pki, pki.agent))
        self.assertGreater(server.counters()["shed"], 0)

    def test_idle_and_half_open_connections_are_closed_at_the_deadline(self):
        pki = self.pki()
        server = self.serve_tls(pki, "--handshake-ms", 300)
        idle = self.peer(server.port, greet=False)
        half = self.peer(server.port, greet=False)
        half.send(b"\x16\x03\x01\x02\x00\x01")
        for peer in (idle, half):
            self.assertLess(peer.wait_closed(), 3)
        server.wait_state(closed_deadline=2, pending=0)

    def test_trickled_handshake_is_closed_at_the_deadline(self):
        pki = self.pki()
        server = self.serve_tls(pki, "--handshake-ms", 300)
        peer = self.peer(server.port, greet=False)
        start = time.monotonic()
        with self.assertRaises(OSError):
            while time.monotonic() - start < rig.PATIENCE_S:
                peer.send(b"\x16" if time.monotonic() == start else b"\x03")
                time.sleep(0.02)
        self.assertLess(time.monotonic() - start, 5)

    def test_handshake_without_a_greeting_is_closed_at_the_deadline(self):
        pki = self.pki()
        server = self.serve_tls(pki, "--handshake-ms", 500)
        peer = self.peer(server.port, rig.client_context(pki, pki.agent), greet=False)
        self.assertLess(peer.wait_closed(), 4)

    def test_default_deadline_of_a_handshake_is_ten_seconds(self):
        server = self.serve_plain()
        peer = rig.Peer(server.port, greet=False)
        self.addCleanup(peer.close)
        peer.socket.settimeout(14)
        taken = peer.wait_closed()
        self.assertTrue(9.5 < taken < 11, taken)

    def test_frame_that_does_not_end_is_closed(self):
        server = self.serve_plain("--io-ms", 300)
        peer = self.peer(server.port)
        peer.send(peer.frame(rig.report(1))[:-1])
        self.assertLess(peer.wait_closed(), 3)
        self.assertEqual(server.counters()["closed_deadline"], 1)

    def test_reader_too_slow_for_its_acks_is_closed_and_others_go_on(self):
        server = self.serve_plain("--io-ms", 500, "--rate", 0, "--threads", 1)
        slow = self.peer(server.port)
        slow.socket.settimeout(0.2)
        batch = b"".join(slow.frame(rig.report(n), n) for n in range(1, 200))
        try:  # never reads an answer; stops when the server no longer reads
            for _ in range(2000):
                slow.send(batch)
        except OSError:
            pass
        other = self.peer(server.port)
        self.assertEqual(rig.ack_sequence(other.ask(rig.report(1, "i-0fedcba9876543210"))), 1)
        server.wait_counter("closed_deadline", 1)
        self.assertLess(server.resident_bytes(), 256 << 20)

    def test_silent_agent_is_closed_after_three_of_its_own_intervals(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        peer.ask(rig.report(1, interval_ms=1000))
        taken = peer.wait_closed()
        self.assertTrue(2.5 < taken < 5, taken)
        self.assertEqual(server.counters()["closed_idle"], 1)

    def test_connection_that_never_reports_is_closed(self):
        server = self.serve_plain("--first-ms", 300)
        peer = self.peer(server.port)
        self.assertLess(peer.wait_closed(), 3)

    def test_flooding_agent_is_held_to_its_rate_across_connections(self):
        """F26: 2 a second, 10 at once; a new connection brings no new burst."""
        server = self.serve_plain("--threads", 1)
        peer = self.peer(server.port)
        start = time.monotonic()
        peer.send(b"".join(peer.frame(rig.report(n), n) for n in range(1, 15)))
        for n in range(1, 13):
            peer.answer(n)
        self.assertGreater(time.monotonic() - start, 0.8)  # two beyond the burst, at 2 a second
        peer.close()
        server.wait_for("closed")
        again = self.peer(server.port)
        start = time.monotonic()
        for n in range(20, 23):
            again.ask(rig.report(n), n)
        self.assertGreater(time.monotonic() - start, 0.8)
        self.assertGreater(server.counters()["throttled"], 0)

    def test_flood_does_not_slow_another_agent(self):
        server = self.serve_plain("--threads", 1)
        flood = self.peer(server.port)
        flood.socket.settimeout(0.2)
        try:
            for _ in range(200):
                flood.send(b"".join(flood.frame(rig.report(n), n) for n in range(1, 100)))
        except OSError:
            pass
        other = self.peer(server.port)
        start = time.monotonic()
        for n in range(1, 11):
            other.ask(rig.report(n, "i-0fedcba9876543210"), n)
        self.assertLess(time.monotonic() - start, 0.5)

    def test_oversized_and_amplifying_messages_do_not_grow_memory(self):
        """F31: less than 1 MiB a connection."""
        server = self.serve_plain("--rate", 0, "--threads", 1)
        peers = [self.peer(server.port) for _ in range(20)]
        for n, peer in enumerate(peers):
            peer.ask(rig.report(1, f"i-{n:08x}"))
        before = server.resident_bytes()
        empty_checks = rig.field(13, b"") * 8000
        for peer in peers:
            peer.ask(rig.field(1, rig.speaker(rig.INSTANCE, 1) + empty_checks))
            peer.send(peer.frame(b"\0" * 16384)[:-1])
        self.assertLess(server.resident_bytes() - before, 20 << 20)
        self.assertEqual(server.counters()["malformed"], 20)

    def test_places_without_a_name_are_bounded_for_each_source(self):
        server = self.serve_plain("--source-pending", 5, "--threads", 1)
        self.hold(idle_sockets(server.port, 20))
        server.wait_state(accepted=20, pending=5, shed=15)

    def test_handshakes_of_one_source_are_held_to_their_rate(self):
        pki = self.pki()
        server = self.serve_tls(pki, "--source-rate", 2, "--source-burst", 2, "--threads", 1)
        context = rig.client_context(pki, pki.agent)
        start = time.monotonic()
        for _ in range(4):  # two at once, two more at two a second
            self.peer(server.port, context)
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual(server.counters()["handshakes"], 4)

    def test_full_of_named_agents_turns_newcomers_away(self):
        server = self.serve_plain("--connections", 4, "--threads", 1)
        agents = [self.peer(server.port) for _ in range(4)]
        for n, peer in enumerate(agents):
            peer.ask(rig.report(1, f"i-{n:08x}"))
        self.peer(server.port, greet=False).wait_closed()
        for n, peer in enumerate(agents):
            self.assertEqual(rig.ack_sequence(peer.ask(rig.report(2, f"i-{n:08x}"))), 2)
