"""The agents' port over plain sockets: frames, names, acks."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

OTHER = "i-0fedcba9876543210"


class Ingest(rig.Case):
    def test_report_reaches_the_sink_and_its_ack_comes_back(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.report(7), request=99)[:]), 7)
        got = server.wait_for("report", instance=rig.INSTANCE, sequence=7)
        self.assertEqual(got["present"], "3")
        self.assertEqual(server.counters()["reports"], 1)

    def test_every_kind_of_message_is_served(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.vector("report_full"))), 2**64 - 1)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.vector("dictionary"))), 42)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.vector("notice_stopping"))), 42)
        server.wait_for("report", further=3, checks=3, events=2)
        server.wait_for("dictionary", generation=3, count=3)
        server.wait_for("notice", kind="stopping")

    def test_message_in_single_bytes_is_served(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        for byte in peer.frame(rig.report(5)):
            peer.send(bytes([byte]))
        self.assertEqual(rig.ack_sequence(peer.answer()), 5)

    def test_many_requests_at_once_are_answered_in_order(self):
        server = self.serve_plain("--rate", 0)
        peer = self.peer(server.port)
        peer.send(b"".join(peer.frame(rig.report(n), n) for n in range(1, 501)))
        for n in range(1, 501):
            self.assertEqual(rig.ack_sequence(peer.answer(n)), n)

    def test_what_the_sink_does_not_take_is_answered_with_sequence_0(self):
        server = self.serve_plain("--not-taken-below", 3)
        peer = self.peer(server.port)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.report(2))), 0)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.report(3))), 3)
        self.assertEqual(server.counters()["not_taken"], 1)

    def test_message_of_a_newer_kind_is_answered_and_not_held_against_the_agent(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        for _ in range(5):
            self.assertEqual(rig.ack_sequence(peer.ask(rig.field(9, b"x"))), 0)
        self.assertEqual(rig.ack_sequence(peer.ask(rig.report(1))), 1)
        self.assertEqual(server.counters()["unsupported"], 5)

    def test_third_malformed_message_closes(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        peer.ask(rig.report(1))
        self.assertEqual(rig.ack_sequence(peer.ask(b"\xff\xff")), 0)
        self.assertEqual(rig.ack_sequence(peer.ask(b"")), 0)
        peer.send(peer.frame(b"junk"))
        peer.wait_closed()
        server.wait_for("refused", reason="malformed")
        server.wait_for("closed", instance=rig.INSTANCE)

    def test_frame_that_claims_too_much_closes_before_it_is_sent(self):
        server = self.serve_plain()
        for length in (16384 + 5, 2**31, 2**64 - 1):
            peer = self.peer(server.port)
            peer.send(length.to_bytes(8, "big"))
            self.assertLess(peer.wait_closed(), 5)
        self.assertEqual(server.counters()["malformed"], 3)

    def test_largest_frame_is_read(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        padding = 16384 - len(rig.report(1)) - 4  # a tag and a length of two bytes each
        body = rig.report(1) + rig.field(50, b"x" * padding)  # a newer peer's field
        self.assertEqual(len(body), 16384)
        self.assertEqual(rig.ack_sequence(peer.ask(body)), 1)

    def test_other_protocols_are_closed(self):
        server = self.serve_plain()
        for first in (b"GET / HTTP/1.1\r\n\r\n", b"\0SP\0\0\x20\0\0", b"\x16\x03\x01\x02\0"):
            peer = self.peer(server.port, greet=False)
            peer.send(first)
            self.assertLess(peer.wait_closed(), 5)

    def test_message_in_anothers_name_is_refused_alarmed_and_closes(self):
        server = self.serve_plain()
        peer = self.peer(server.port)
        peer.ask(rig.report(1))
        peer.send(peer.frame(rig.report(2, instance=OTHER)))
        peer.wait_closed()
        refused = server.wait_for("refused", reason="name", instance=rig.INSTANCE)
        self.assertEqual(refused["claimed"], OTHER)
        counters = server.counters()
        self.assertEqual((counters["refused_name"], counters["reports"]), (1, 1))

    def test_newer_connection_of_an_instance_closes_the_older(self):
        for threads in (1, 4):
            server = self.serve_plain("--threads", threads)
            older = [self.peer(server.port) for _ in range(8)]
            for n, peer in enumerate(older, 1):
                peer.ask(rig.report(n))
            for peer in older[:-1]:
                peer.wait_closed()
            self.assertEqual(rig.ack_sequence(older[-1].ask(rig.report(9))), 9)
            server.wait_state(replaced=7, connections=1)
            numbers = [int(rig.parse_fields(line)["connection"]) for line in server.seen
                       if line.startswith("report ")]
            self.assertEqual(numbers, sorted(numbers))  # newer is greater, whichever thread

    def test_plain_listener_refuses_an_address_that_others_reach(self):
        server = self.serve_plain("--address", "0.0.0.0")
        self.assertIn("refused", server.failure)

    def test_port_in_use_is_said_so(self):
        server = self.serve_plain("--threads", 1)
        second = self.serve_plain("--threads", 1, "--port", server.port)
        self.assertIn("status=busy", second.failure)
