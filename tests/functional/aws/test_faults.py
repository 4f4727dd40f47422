"""Faults on the wire and what the edge makes of them (SAFETY R2, R3, R21, F17, F18, F24)."""

import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import aws_harness as aws
from aws_harness import HANG, ID, RESET, Server, probe

HTML = aws.answer(500, "<html><body><h1>Internal Server Error</h1></body></html>")


class Faults(unittest.TestCase):
    def test_throttled_read_is_sent_again_and_succeeds(self):
        with Server(aws.ec2_error("RequestLimitExceeded", status=503), aws.instances()) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, server.count(), out.result["attempts"]), ("ok", 2, 2))
            self.assertEqual([a["again"] for a in out.attempts], [True, False])
            self.assertEqual([i["id"] for i in out.answer], [ID])

    def test_throttled_reboot_is_sent_again_because_it_was_refused_unread(self):
        with Server(aws.ec2_error("RequestLimitExceeded", status=503), aws.REBOOTED) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}")
            self.assertEqual((out.status, server.count("RebootInstances")), ("ok", 2))

    def test_the_servers_wish_to_wait_is_honoured(self):
        for header, wish_s in (("x-amz-retry-after", "1200"), ("Retry-After", "2")):
            slow = aws.ec2_error("RequestLimitExceeded", status=503, headers=[(header, wish_s)])
            with self.subTest(header), Server(slow, aws.instances()) as server:
                out = probe(server.url, "DescribeInstances")
                gap = server.requests[1].at - server.requests[0].at
                self.assertEqual(out.status, "ok")
                self.assertGreater(gap, 1.15 if header == "x-amz-retry-after" else 1.95)
                self.assertLess(gap, 6)

    def test_read_gives_up_after_three_faults(self):
        with Server(HTML) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, server.count(), out.result["http"]), ("unavailable", 3, 500))
            self.assertIsNone(out.answer)

    def test_html_page_ends_each_changing_call_unknown_after_one_request(self):
        calls = {"RebootInstances": [f"id={ID}"], "StopInstances": [f"id={ID}"], "StartInstances": [f"id={ID}"],
                 "SendCommand": ["document=d", f"id={ID}", "comment=c"],
                 "Publish": ["topic=arn:aws:sns:us-east-1:1:t", "message=m"]}
        for call, arguments in calls.items():
            with self.subTest(call), Server(HTML) as server:
                out = probe(server.url, call, *arguments)
                self.assertEqual((out.status, server.count()), ("unknown_outcome", 1))

    def test_reboot_whose_answer_is_lost_is_never_sent_twice(self):
        for step in (HANG, RESET):
            with Server(step) as server:
                out = probe(server.url, "RebootInstances", f"id={ID}", "timeout_ms=400", "deadline_ms=3000")
                self.assertEqual((out.status, server.count()), ("unknown_outcome", 1))

    def test_reboot_on_a_dead_kept_connection_is_not_repeated_by_the_transport(self):
        # libcurl repeats a request by itself when a connection it kept proves dead. The second call would
        # find the first one's connection, on which the server resets it.
        with Server(aws.REBOOTED, RESET) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}", "sequence=2", "timeout_ms=1000")
            self.assertEqual([r["result"]["status"] for r in out.results], ["ok", "unknown_outcome"])
            self.assertEqual(server.count("RebootInstances"), 2)

    def test_send_command_with_a_garbled_answer_is_not_repeated(self):
        for step in (aws.answer(200, "{\"Command\":{}}"), aws.answer(200, "{\"Comm", length=500)):
            with Server(step) as server:
                out = probe(server.url, "SendCommand", "document=d", f"id={ID}")
                self.assertEqual((out.status, server.count()), ("unknown_outcome", 1))

    def test_unreachable_host_is_known_not_to_have_acted(self):
        with Server(aws.REBOOTED) as server:
            url = server.url
        out = probe(url, "RebootInstances", f"id={ID}", "deadline_ms=6000")
        self.assertEqual((out.status, out.result["attempts"]), ("unreachable", 3))

    def test_truncated_read_is_read_again(self):
        cut = aws.instances()[:-40]
        with Server(cut, aws.instances()) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, server.count(), len(out.answer)), ("ok", 2, 1))

    def test_truncated_body_with_an_honest_length_is_no_short_list(self):
        body = aws.instances([ID, "i-0a0a0a0a"]).split(b"\r\n\r\n", 1)[1]
        with Server(aws.answer(200, body[:len(body) - 60])) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, server.count()), ("malformed", 3))
            self.assertIsNone(out.answer)

    def test_hanging_read_ends_at_its_deadline(self):
        with Server(HANG) as server:
            started = time.monotonic()
            out = probe(server.url, "DescribeInstances", "timeout_ms=300", "deadline_ms=1200")
            self.assertEqual(out.status, "timeout")
            self.assertLess(time.monotonic() - started, 4)

    def test_body_past_the_bound_is_refused_once(self):
        huge = aws.answer(200, b"<DescribeInstancesResponse>" + b" " * (9 << 20))
        with Server(huge) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, server.count()), ("too_large", 1))

    def test_error_of_the_caller_is_told_with_code_and_request_id(self):
        with Server(aws.ec2_error("IncorrectInstanceState", "not in state")) as server:
            out = probe(server.url, "StartInstances", f"id={ID}")
            self.assertEqual((out.status, server.count()), ("refused", 1))
            self.assertEqual((out.result["code"], out.result["message"], out.result["request_id"]),
                             ("IncorrectInstanceState", "not in state", "req-1"))

    def test_redirects_are_not_followed(self):
        with Server(aws.instances()) as other:
            moved = aws.answer(302, "", headers=[("Location", other.url)])
            with Server(moved) as server:
                out = probe(server.url, "DescribeInstances")
                self.assertEqual((out.status, server.count(), other.count()), ("refused", 1, 0))

    def test_dry_run_succeeds_without_an_answer(self):
        with Server(aws.ec2_error("DryRunOperation", status=412)) as server:
            out = probe(server.url, "StopInstances", f"id={ID}", "dry_run=1")
            self.assertEqual((out.status, out.answer), ("ok", None))
            self.assertEqual(server.requests[0].form["DryRun"], "true")

    def test_dry_run_code_without_a_dry_run_is_no_success(self):
        with Server(aws.ec2_error("DryRunOperation", status=412)) as server:
            self.assertEqual(probe(server.url, "StopInstances", f"id={ID}").status, "refused")

    def test_wrong_clock_is_learnt_from_the_answer_and_kept(self):
        hour = 3600

        def strict(request):
            stamp = time.mktime(time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone
            if abs(stamp - time.time() - hour) < 60:
                return aws.REBOOTED
            return aws.ec2_error("RequestExpired", date_offset_s=hour)

        with Server(strict) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}", "sequence=2")
            self.assertEqual([r["result"]["status"] for r in out.results], ["ok", "ok"])
            self.assertEqual(server.count(), 3)

    def test_clock_errors_end_after_one_correction(self):
        with Server(aws.ec2_error("RequestExpired", date_offset_s=7200)) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, server.count()), ("expired", 2))

    def test_wrong_secret_with_a_right_clock_is_denied_at_once(self):
        with Server(aws.json_error("InvalidSignatureException", status=403)) as server:
            out = probe(server.url, "ListCommands")
            self.assertEqual((out.status, server.count()), ("denied", 1))

    def test_rotated_key_file_is_read_again_when_the_old_token_expires(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "credentials")

            def write(token):
                with open(path, "w", encoding="ascii") as file:
                    file.write(f"[default]\naws_access_key_id={aws.KEY}\naws_secret_access_key={aws.SECRET}\n"
                               f"aws_session_token={token}\n")

            def rotate(request):
                if request.headers["x-amz-security-token"] == "new":
                    return aws.REBOOTED
                write("new")
                return aws.ec2_error("ExpiredToken")

            write("old")
            with Server(rotate) as server:
                out = probe(server.url, "RebootInstances", f"id={ID}",
                            environment={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
                                         "AWS_SHARED_CREDENTIALS_FILE": path})
                self.assertEqual((out.status, server.count()), ("ok", 2))

    def test_expired_credentials_send_nothing(self):
        with Server(aws.REBOOTED) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}",
                        environment={"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"})
            self.assertEqual((out.status, out.result["code"], server.count()), ("expired", "ExpiredCredentials", 0))

    def test_missing_credentials_send_nothing(self):
        with Server(aws.REBOOTED) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}",
                        environment={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
            self.assertEqual((out.status, out.result["code"], server.count()), ("denied", "NoCredentials", 0))

    def test_retry_tokens_are_shared_by_all_calls(self):
        # 500 tokens at 5 each: 100 retries over all calls, however many there are.
        with Server(aws.ec2_error("InternalError", status=500)) as server:
            out = probe(server.url, "DescribeInstances", "count=60", "deadline_ms=60000", timeout=80)
            self.assertEqual(len(out.results), 60)
            self.assertEqual(server.count(), 60 + 100)
            self.assertIn({"tokens": 0}, out.lines)

    def test_secrets_are_in_no_result_or_observation(self):
        echo = lambda r: aws.ec2_error("SignatureDoesNotMatch", "Bad. The Canonical String was " + "\n".join(
            f"{name}:{value}" for name, value in r.header_list), status=403)
        with Server(echo) as server:
            out = probe(server.url, "DescribeInstances", environment={"AWS_SESSION_TOKEN": "TOKENTOKEN"})
            self.assertEqual(out.status, "denied")
            for secret in ("TOKENTOKEN", aws.SECRET, "Signature="):
                self.assertNotIn(secret, out.text)

    def test_reads_keep_their_connection_and_changes_take_a_new_one(self):
        with Server(aws.instances()) as server:
            probe(server.url, "DescribeInstances", "sequence=5")
            self.assertEqual((server.count(), server.connections), (5, 1))
        with Server(aws.REBOOTED) as server:
            probe(server.url, "RebootInstances", f"id={ID}", "sequence=5")
            self.assertEqual((server.count(), server.connections), (5, 5))

    def test_requests_carry_no_headers_that_break_signatures(self):
        with Server(aws.instances()) as server:
            probe(server.url, "DescribeInstances")
            names = [name.lower() for name, _ in server.requests[0].header_list]
            self.assertEqual(sorted(names), sorted(set(names)))
            self.assertFalse({"expect", "accept", "transfer-encoding", "cookie"} & set(names))

    def test_proxy_of_the_environment_is_not_used_for_loopback(self):
        with Server(aws.instances()) as proxy, Server(aws.instances()) as server:
            out = probe(server.url, "DescribeInstances", environment={"http_proxy": proxy.url, "ALL_PROXY": proxy.url})
            self.assertEqual((out.status, proxy.count(), server.count()), ("ok", 0, 1))


class Pages(unittest.TestCase):
    @staticmethod
    def paged(pages):
        """One instance a page; every third page is empty but has a token."""
        def step(request):
            page = int(request.form.get("NextToken", "p0")[1:])
            ids = [] if page % 3 == 2 else [f"i-{page:08x}"]
            return aws.instances(ids, f"p{page + 1}" if page + 1 < pages else "")
        return step

    def test_all_pages_are_read_also_past_empty_ones(self):
        with Server(self.paged(10)) as server:
            out = probe(server.url, "DescribeInstances", "page_size=5")
            self.assertEqual([i["id"] for i in out.answer], [f"i-{p:08x}" for p in range(10) if p % 3 != 2])
            self.assertEqual((server.count(), server.requests[0].form["MaxResults"]), (10, "5"))

    def test_a_failing_page_fails_the_whole_read(self):
        good = self.paged(10)
        fail = lambda r: aws.ec2_error("UnauthorizedOperation", status=403) if "NextToken" in r.form else good(r)
        with Server(fail) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, out.answer, server.count()), ("denied", None, 2))

    def test_a_page_is_read_again_without_taking_its_items_twice(self):
        good, seen = self.paged(5), []

        def flaky(request):
            token = request.form.get("NextToken")
            if token == "p3" and not seen:
                seen.append(token)
                return aws.ec2_error("InternalError", status=500)
            return good(request)

        with Server(flaky) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual([i["id"] for i in out.answer], ["i-00000000", "i-00000001", "i-00000003", "i-00000004"])
            self.assertEqual(server.count(), 6)

    def test_endless_pages_are_a_failure_not_a_list(self):
        with Server(self.paged(10**6)) as server:
            out = probe(server.url, "DescribeInstances", timeout=60)
            self.assertEqual((out.status, out.answer, server.count()), ("too_large", None, 256))

    def test_a_token_that_leads_to_itself_is_a_failure(self):
        with Server(aws.instances(token="same")) as server:
            out = probe(server.url, "DescribeInstances")
            self.assertEqual((out.status, out.answer, server.count()), ("malformed", None, 2))

    def test_json_pages_carry_the_token_in_the_body(self):
        import json as j

        def step(request):
            token = j.loads(request.body).get("NextToken")
            number = {None: 0, "t\"1": 1, "t2": 2}[token]
            body = {"Commands": [{"CommandId": f"c{number}", "Comment": "x"}]}
            if number < 2:
                body["NextToken"] = ["t\"1", "t2"][number]
            return aws.answer(200, j.dumps(body))

        with Server(step) as server:
            out = probe(server.url, "ListCommands", "document=d")
            self.assertEqual([c["id"] for c in out.answer], ["c0", "c1", "c2"])
            self.assertEqual(server.count("ListCommands"), 3)


class Queue(unittest.TestCase):
    def test_destroying_calls_back_every_call_exactly_once(self):
        with Server(HANG) as server:
            out = probe(server.url, "DescribeInstances", "count=100", "destroy_ms=300")
            self.assertEqual(out.code, 0)
            self.assertEqual({r["result"]["status"] for r in out.results}, {"cancelled"})
            self.assertEqual(len(out.results), 100)

    def test_destroying_a_sent_reboot_says_unknown(self):
        with Server(HANG) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}", "destroy_ms=500")
            self.assertEqual((out.status, server.count()), ("unknown_outcome", 1))

    def test_calls_beyond_the_bound_are_refused_at_once(self):
        with Server(HANG) as server:
            out = probe(server.url, "DescribeInstances", "lane=read", "count=1100", "destroy_ms=100")
            full = [line for line in out.lines if line.get("submit") == "full"]
            self.assertEqual((len(out.results), len(full)), (896, 204))

    def test_hanging_reads_leave_room_for_recovery(self):
        with Server(HANG) as server:
            probe(server.url, "DescribeInstances", "lane=read", "count=200", "destroy_ms=700")
            self.assertEqual(server.count(), 48)

    def test_recovery_overtakes_reads_that_wait(self):
        # 25 reads may go at once, then 5 a second; the call of a recovery comes last and goes next.
        answers = lambda r: aws.answer(200, "<DescribeInstanceStatusResponse/>") \
            if r.operation == "DescribeInstanceStatus" else aws.instances()
        with Server(answers) as server:
            probe(server.url, "DescribeInstances", "lane=read", "count=60", "rate=1", "then=DescribeInstanceStatus",
                  "destroy_ms=900")
            order = [r.operation for r in server.requests]
            self.assertIn("DescribeInstanceStatus", order)
            self.assertLess(order.index("DescribeInstanceStatus"), 28)
            self.assertLess(len(order), 35)

    def test_throttled_reads_slow_other_reads_but_not_recovery(self):
        def step(request):
            if request.operation == "DescribeInstanceStatus":
                return aws.answer(200, "<DescribeInstanceStatusResponse/>")
            return aws.ec2_error("RequestLimitExceeded", status=503)
        with Server(step) as server:
            out = probe(server.url, "DescribeInstances", "lane=read", "sequence=2", "deadline_ms=500",
                        "then=DescribeInstanceStatus", "destroy_ms=200")
            self.assertEqual(out.results[0]["result"]["status"], "ok")
            self.assertEqual(server.count("DescribeInstanceStatus"), 1)

    def test_own_rate_keeps_below_the_published_bucket(self):
        # Burst 12, then 1 a second for EC2's changing calls (a quarter of 50 and 5).
        with Server(aws.REBOOTED) as server:
            probe(server.url, "RebootInstances", f"id={ID}", "count=40", "rate=1", "destroy_ms=1500")
            self.assertIn(server.count(), (12, 13, 14))

    def test_call_whose_deadline_passes_in_the_queue_was_not_sent(self):
        with Server(aws.REBOOTED) as server:
            out = probe(server.url, "RebootInstances", f"id={ID}", "count=14", "rate=1", "deadline_ms=900")
            states = [r["result"]["status"] for r in out.results]
            self.assertEqual((states.count("ok"), states.count("again")), (12, 2))
            self.assertEqual(server.count(), 12)

    def test_bad_endpoint_or_region_is_told_at_creation(self):
        for environment, status in (({"AWS_ENDPOINT_URL": "http://192.0.2.1"}, "denied"),
                                    ({"AWS_ENDPOINT_URL": "ftp://x"}, "malformed"),
                                    ({"AWS_REGION": "moon-1"}, "malformed"), ({"AWS_REGION": None}, "not_found")):
            with self.subTest(environment):
                out = probe("http://127.0.0.1:1", "GetCallerIdentity", environment=environment)
                self.assertEqual(out.lines, [{"create": status}])


if __name__ == "__main__":
    unittest.main()
