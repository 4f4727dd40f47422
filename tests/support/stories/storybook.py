"""The stories: what happens to real processes, and what must then be true of the fake's journal, of
earctl's answers and of the store's rows. A verdict never rests on a log of the product.

Each story takes a world with a running aggregator, returns lines for people, and raises StoryFailed
with the assertion that did not hold.
"""

import threading
import time
from datetime import datetime

from .world import Host, WorldFailed

LEAK = {"leak_bytes": 160 * 1024, "limit_bytes": 256 * 1024 * 1024}
REQUESTS_PER_S = 14.0
STORM_HOSTS = 20
STORM_HIT = 10
# A hung guest's reboot takes EC2 four minutes, here twelve seconds.
RAISED = {"breaker_count": STORM_HOSTS, "reboot_timeout": "20s"}


class StoryFailed(Exception):
    """An assertion of a story did not hold."""


def must(condition, assertion, found=""):
    if not condition:
        raise StoryFailed(assertion + (f"; found {found}" if found != "" else ""))


def equal(wanted, found, what):
    must(wanted == found, f"{what} must be {wanted!r}", repr(found))


def parse_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def operations(calls):
    return [call["op"] for call in calls]


def ended_recovery(world, host, status=None):
    """The newest ended recovery of a host, or None."""
    for row in world.recoveries(host):
        if row["status"] in ("success", "failed") and status in (None, row["status"]):
            return row
    return None


def steps_of(world, host):
    """The store's recovery-events of a host, oldest first: (action, step, status)."""
    return [(row["action_taken"], row["step"], row["status"])
            for row in world.records("recovery-events") if row["instance_id"] == host.id]


def closed_incident(world, host, outcome):
    """Waits until the store's newest incident of the host is closed with this outcome."""
    def look():
        rows = world.incidents(host)
        return rows and not rows[-1]["open"] and rows[-1]
    row = world.wait(look, 15, f"the end of {host.name}'s incident")
    equal(outcome, row["outcome"], f"the outcome of {host.name}'s incident")
    return row


def check_command(world, call, host):
    """One SendCommand as it must be: our document, this unit, the action id as comment, which an
    intent of the store names."""
    params = call["params"]
    equal("ec2-auto-recovery-restart-services", params["DocumentName"], "the document")
    equal([host.unit], params["Parameters"]["serviceName"], "the service to restart")
    intents = {row["action_id"]: row for row in world.records("intents")}
    actions = [action for action in intents if action in params.get("Comment", "")]
    equal(1, len(actions), "intents whose action id stands in the command's comment")
    row = world.wait(lambda: intent_of(world, actions[0], "done"), 10, "the intent's result")
    equal(host.id, row["instance_id"], "the intent's instance")
    must(parse_time(row["timestamp"]) <= parse_time(call["time"]) + 0.01,
         "the intent must be stored before the call", f"{row['timestamp']} and {call['time']}")
    return row


def intent_of(world, action, status):
    rows = [row for row in world.records("intents")
            if row["action_id"] == action and row["status"] == status]
    return rows[0] if rows else None


def no_forbidden(world):
    equal([], world.fake.forbidden(), "forbidden calls")


def quiet(world, host, seconds, since, why):
    """Nothing is called for so long, while the aggregator lives and answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        equal([], operations(world.changing_calls(host, since)), f"calls {why}")
        must(world.earctl("status").returncode == 0, "earctl must be answered meanwhile")
        time.sleep(0.3)


# -- (a) ---------------------------------------------------------------------------------------------

def service_killed(world, host, say=print):
    """(a) A service dies: ear restarts it through SSM and proves it."""
    world.wait_healthy(host)
    since, before = world.fake.journal_seq(), world.fake.unit_state(host.id, host.unit)["pid"]
    began = time.monotonic()
    world.fake.kill_unit(host.id, host.unit)
    say(f"{host.name}: killed {host.unit} (pid {before})")
    world.wait(lambda: ended_recovery(world, host), 60, f"the end of {host.name}'s recovery")
    took = time.monotonic() - began
    recovery = ended_recovery(world, host)
    equal(("app_failure", "restart-service", "success"),
          (recovery["event_type"], recovery["action"], recovery["status"]), "the recovery")
    calls = world.changing_calls(host, since)
    equal(["SendCommand"], operations(calls), "calls that change something")
    check_command(world, calls[0], host)
    equal([("restart-service", "start", "in_progress"), ("restart-service", "result", "success")],
          steps_of(world, host), "recovery-events")
    incident = closed_incident(world, host, "success")
    after = world.fake.unit_state(host.id, host.unit)["pid"]
    must(after not in (0, before), "another process of the service must run", f"pid {after}")
    equal(200, world.get(host, "/health"), "the service's answer")
    world.wait_healthy(host)
    no_forbidden(world)
    say(f"{host.name}: restarted (pid {after}), proven, {took:.1f} s after the kill")
    return [f"{incident['incident_id']}  {host.name}  {incident['cause']}",
            f"  restart-service through SSM, proven {took:.1f} s after the kill"]


# -- (b) ---------------------------------------------------------------------------------------------

class Load:
    """Requests to a service at a steady rate, until stopped."""

    def __init__(self, world, host):
        self.world, self.host = world, host
        self.done = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_exception):
        self.done.set()
        self.thread.join()

    def _run(self):
        while not self.done.wait(1 / REQUESTS_PER_S):
            try:
                self.world.get(self.host, "/work")
                self.sent += 1
            except OSError:
                pass  # a restart is under way


def memory_leaks(world, host, say=print):
    """(b) A service leaks towards its own limit: ear predicts and restarts it before it dies."""
    world.wait_healthy(host)
    since, before = world.fake.journal_seq(), world.fake.unit_state(host.id, host.unit)["pid"]
    restarts = world.fake.unit_state(host.id, host.unit)["restarts"]
    with Load(world, host):
        say(f"{host.name}: {host.unit} (pid {before}) begins to leak")
        row = world.wait(lambda: high_prediction(world, host), 100,
                         f"a high prediction for {host.name}")
        say(f"{host.name}: predicted {row['failure_type']}, score {row['score']}")
        equal(before, world.fake.unit_state(host.id, host.unit)["pid"],
              "the leaking process at the prediction")
        world.wait(lambda: world.changing_calls(host, since), 40, "a call for the prediction")
    check_prediction(row, host)
    world.wait(lambda: ended_recovery(world, host), 60, f"the end of {host.name}'s recovery")
    recovery = ended_recovery(world, host)
    equal(("predictive", "restart-service", "success"),
          (recovery["event_type"], recovery["action"], recovery["status"]), "the recovery")
    calls = world.changing_calls(host, since)
    equal(["SendCommand"], operations(calls), "calls that change something")
    check_command(world, calls[0], host)
    used = check_alive_until_restart(host, before, parse_time(calls[0]["time"]))
    state = world.fake.unit_state(host.id, host.unit)
    must(state["pid"] not in (0, before), "another process of the service must run", state["pid"])
    equal(restarts, state["restarts"], "restarts by the guest's own service manager")
    incident = closed_incident(world, host, "success")
    equal(row["prediction_id"], incident["prediction_id"], "the incident's prediction")
    kept = high_prediction(world, host)
    equal(("unknown", "memory_leak", True),
          (kept["outcome"], kept["failure_type"], bool(kept["factors"])),
          "the prediction's row after our action: outcome, kind, reasons")
    no_forbidden(world)
    say(f"{host.name}: restarted at {used} % of its limit, before it died")
    lead = parse_time(row["predicted_window"]["likely"]) - parse_time(calls[0]["time"])
    return [f"{incident['incident_id']}  {host.name}  {incident['cause']}",
            f"  {row['failure_type']}, score {row['score']}, likely {row['predicted_window']['likely']}"
            f" ({lead:.0f} s after the restart)",
            *[f"  reason {100 * factor['share']:.0f} %: {factor['text']}"
              for factor in row["factors"]],
            f"  restarted at {used} % of its limit; it had not died"]


def high_prediction(world, host):
    for row in world.records("prediction-events"):
        if row["instance_id"] == host.id and row["confidence"] == "high":
            return row
    return None


def check_prediction(row, host):
    equal("memory_leak", row["failure_type"], "the predicted kind")
    must(float(row["score"]) >= 0.8, "the score must be at least 0.8", row["score"])
    window = row["predicted_window"]
    must(all(window.values()), "the prediction must have a time", window)
    times = [parse_time(window[name]) for name in ("earliest", "likely", "latest")]
    equal(sorted(times), times, "the order of the predicted times")
    must(times[2] > parse_time(row["timestamp"]), "the time must lie ahead", window)
    must(row["factors"], "the prediction must have reasons")
    texts = [factor["text"] for factor in row["factors"]]
    must(any(host.unit in text for text in texts), f"a reason must name {host.unit}", texts)
    equal(len(texts), len(set(texts)), "different reasons")
    total = sum(factor["share"] for factor in row["factors"])
    must(abs(total - 1) < 0.02, "the shares of the reasons must sum to 1", total)


def check_alive_until_restart(host, pid, called_at):
    """By the service's own log: the same process until a clean stop after ear's call. The used percent
    of its limit at that moment."""
    lines = [line.split(" ", 2) for line in host.service_log().splitlines()]
    ours = [(float(at), text) for at, number, text in lines if int(number) == pid]
    must(not any("DIED" in text for _, _, text in lines), "the service must not have died")
    equal("stopping on SIGTERM", ours[-1][1], "the last line of the leaking process")
    must(ours[-1][0] >= called_at, "the process must live until ear's call",
         f"{ours[-1][0]} and {called_at}")
    memory = [text for _, text in ours if text.startswith("memory")]
    used = float(memory[-1].split()[-2])
    must(30 < used < 100, "it must have been on its way to the limit", f"{used} %")
    return used


# -- (c) ---------------------------------------------------------------------------------------------

def guest_hangs(world, host, say=print):
    """(c) A guest hangs and swallows the reboot: the rung fails, stop/start brings it back."""
    world.wait_healthy(host)
    since, before = world.fake.journal_seq(), world.fake.instance(host.id)
    agent_before = world.member(host)["boot_id"]
    equal(before["boot_id"], agent_before, "the boot id that the agent reports")
    world.fake.hang(host.id)
    say(f"{host.name}: the guest hangs, reboots are swallowed")
    world.wait(lambda: ended_recovery(world, host, "success"), 100,
               f"the success of {host.name}'s recovery")
    calls = world.changing_calls(host, since)
    equal(["RebootInstances", "StopInstances", "StartInstances"], operations(calls),
          "calls that change something, in order")
    equal([("reboot", "start", "in_progress"), ("reboot", "result", "failed"),
           ("stop-start", "start", "in_progress"), ("stop-start", "result", "success")],
          steps_of(world, host), "recovery-events")
    results = [row for row in world.records("recovery-events") if row["instance_id"] == host.id]
    proof = results[-1]["metadata"]
    after = world.fake.instance(host.id)
    must(after["boot_id"] != before["boot_id"], "the boot id must be a new one")
    equal((before["boot_id"], after["boot_id"]), (proof["boot_before"], proof["boot_after"]),
          "the boot ids of the proof")
    must(parse_time(proof["launch_after"]) > parse_time(proof["launch_before"]),
         "the launch time of the proof must be a later one", proof)
    equal(before["boot_id"], results[1]["metadata"]["boot_after"], "the boot id after the reboot")
    incident = closed_incident(world, host, "success")
    world.wait_healthy(host)
    member = world.member(host)
    equal((after["boot_id"], "ok", "ok"),
          (member["boot_id"], member["system_status"], member["instance_status"]),
          "boot id and EC2 checks in earctl's answer")
    equal(200, world.get(host, "/health"), "the endpoint's answer")
    no_forbidden(world)
    took = parse_time(results[-1]["timestamp"]) - parse_time(incident["opened"])
    say(f"{host.name}: stopped and started, proven")
    return [f"{incident['incident_id']}  {host.name}  {incident['cause']}",
            f"  reboot: {results[1]['metadata']['result']}",
            f"  stop-start: {results[-1]['metadata']['result']} ({took:.1f} s in all)"]


# -- (d) ---------------------------------------------------------------------------------------------

def storm_hosts():
    return [Host(f"node-{number:02d}") for number in range(1, STORM_HOSTS + 1)]


def hit(world, hosts):
    """Half of the fleet hangs at once; waits until it is silent and EC2 says impaired."""
    world.fake.hang(*[host.id for host in hosts])

    def all_hit():
        members = {m["instance_id"]: m for m in world.ask("status", "--all")["members"]}
        return all(members[host.id]["instance_status"] == "impaired"
                   and (members[host.id]["since_report_ms"] or 0) > 3000 for host in hosts)
    return all_hit


def storm(world, say=print):
    """(d) Ten of twenty turn bad at once: one alert, no call."""
    hosts = list(world.hosts.values())
    world.wait_healthy(timeout_s=60)
    since = world.fake.journal_seq()
    told = len(world.fake.sns_messages())
    began = time.monotonic()
    all_hit = hit(world, hosts[:STORM_HIT])
    say(f"{STORM_HIT} of {STORM_HOSTS} agents fall silent")
    world.wait(lambda: world.fake.sns_messages()[told:], 40, "the alert")
    alert_s = time.monotonic() - began
    world.wait(all_hit, 30, "silence and impaired checks of all that were hit")
    quiet(world, None, 12, since, "in a storm")
    messages = world.fake.sns_messages()[told:]
    equal(1, len(messages), "alerts")
    subject = messages[0].get("Subject") or messages[0].get("subject") or ""
    must("Storm" in subject, "the alert must be about the storm", subject)
    status = world.ask("status", "--all")
    must(status["breaker"]["on"], "earctl must show the open breaker", status["breaker"])
    storms = [row for row in world.records("audit") if row["kind"] == "storm"]
    equal(["refuse"], [row["decision"] for row in storms], "the store's audit rows of storms")
    equal([], world.records("intents"), "the store's intents")
    equal([], world.records("recovery-events"), "the store's recovery-events")
    no_forbidden(world)
    say(f"one alert after {alert_s:.1f} s, no call: {status['breaker']['reason']}")
    return [f"storm: {status['breaker']['reason']}",
            f"  one alert after {alert_s:.1f} s, 0 calls"]


def storm_allowed(world, say=print):
    """(d) again, with the breaker's limit raised by its setting: acts, within its budgets."""
    hosts = list(world.hosts.values())
    world.wait_healthy(timeout_s=60)
    since = world.fake.journal_seq()
    hit(world, hosts[:STORM_HIT])
    say(f"{STORM_HIT} of {STORM_HOSTS} agents fall silent; the breaker may count {STORM_HOSTS}")

    def successes():
        return [row for row in world.recoveries() if row["status"] == "success"]
    world.wait(lambda: len(successes()) >= 2, 90, "two recoveries")
    quiet_until = time.monotonic() + 5
    while time.monotonic() < quiet_until:  # the budget of the hour holds the others back
        calls = world.changing_calls(None, since)
        equal(["RebootInstances"] * 2, operations(calls), "calls within the budget of an hour")
        time.sleep(0.3)
    spans = recovery_spans(world)
    equal(2, len(spans), "recoveries in the store")
    must(spans[0][1] <= spans[1][0], "one disruptive action at a time", spans)
    held = {row["rule"] for row in world.incidents() if row["open"]}
    must(held and held <= {"budget_hour", "budget_concurrent"},
         "the other incidents must wait for the budget", held)
    status = world.ask("status", "--all")
    must(not status["breaker"]["on"], "the breaker must be closed", status["breaker"])
    equal((2, 2), (status["budget"]["last_hour"], status["budget"]["hour_limit"]), "the budget")
    no_forbidden(world)
    say("two reboots, one after the other; the budget of the hour holds the others back")
    return ["the same with breaker_count raised to 20:",
            *[f"  {row['instance_id']}  {row['action']}  {row['status']}  {row['result']}"
              for row in successes()],
            f"  {STORM_HIT - 2} wait for budget_hour (2 of 2)"]


def recovery_spans(world):
    begun, spans = {}, []
    for row in world.records("recovery-events"):
        key = (row["workflow_id"], row["action_taken"])
        if row["step"] == "start":
            begun[key] = parse_time(row["timestamp"])
        else:
            spans.append((begun[key], parse_time(row["timestamp"])))
    return sorted(spans)



# -- what ear must not do ------------------------------------------------------------------------------

def decision_of(world, host, rule):
    """Waits for the stored decision of this rule about a host."""
    def look():
        return next((row for row in world.decisions(host) if row["rule"] == rule), None)
    try:
        return world.wait(look, 25, f"a stored decision by {rule} about {host.name}")
    except TimeoutError as error:
        raise StoryFailed(f"{error}; decided: "
                          f"{[row['rule'] for row in world.decisions(host)]}") from None


def dry_run(world, host, say=print):
    """Dry run: nothing is called, the decision is stored and told."""
    world.wait_healthy(host)
    since = world.fake.journal_seq()
    world.fake.kill_unit(host.id, host.unit)
    row = decision_of(world, host, "dry_run")
    equal(("refuse", "restart-service"), (row["decision"], row["rung"]), "the decision")
    must("would restart-service" in row["text"], "the decision must say what would be done", row)
    quiet(world, host, 5, since, "in a dry run")
    equal([], world.records("intents"), "the store's intents")
    equal([], world.records("recovery-events"), "the store's recovery-events")
    equal("dry-run", world.ask("status")["automation"], "automation in earctl's answer")
    world.wait(lambda: any("Dry run" in text_of(message) for message in world.fake.sns_messages()),
               10, "the notification of the dry run")
    say("nothing was called")
    return [row["text"]]


def text_of(message):
    return " ".join(str(value) for value in message.values())


def pause(world, host, say=print):
    """Paused: no effect begins, also after a restart of the aggregator; after resume it does."""
    world.wait_healthy(host)
    since = world.fake.journal_seq()
    done = world.earctl("pause", "--reason", "deploy of 14:00")
    equal(0, done.returncode, f"status of earctl pause ({done.stderr.strip()})")
    world.fake.kill_unit(host.id, host.unit)
    decision_of(world, host, "paused")
    quiet(world, host, 4, since, "while paused")
    equal(0, world.stop_aggregator(), "the aggregator's exit status")
    world.start_aggregator(**world.settings)
    status = world.ask("status")
    must(status["paused"]["on"] and "deploy of 14:00" in status["paused"]["reason"],
         "the pause must survive a restart", status["paused"])
    quiet(world, host, 6, since, "while paused, after a restart")
    equal(6, world.earctl("recover", host.name, "--action", "restart-service", "--unit", host.unit,
                          "--reason", "try").returncode, "status of earctl recover while paused")
    quiet(world, host, 1, since, "by earctl recover while paused")
    done = world.earctl("resume", "--reason", "the deploy is through")
    equal(0, done.returncode, f"status of earctl resume ({done.stderr.strip()})")
    world.wait(lambda: ended_recovery(world, host, "success"), 40, "the recovery after resume")
    equal(["SendCommand"], operations(world.changing_calls(host, since)), "calls after resume")
    actions = [row["text"] for row in world.records("audit") if row["kind"] == "pause"]
    must(len(actions) >= 2, "pause and resume must stand in the audit", actions)
    say("paused, restarted, still paused, resumed, recovered")
    return actions


def tag_removed(world, host, say=print):
    """The tag goes while the service is down and ear is paused: nothing is ever done."""
    world.wait_healthy(host)
    since = world.fake.journal_seq()
    world.earctl("pause", "--reason", "the tag is about to go")
    world.fake.kill_unit(host.id, host.unit)
    decision_of(world, host, "paused")
    world.fake.configure(host.id, tags={"Name": host.name})

    def no_longer_ours():
        member = world.member(host)
        return member is None or not member["opted_in"] or member["ec2_state"] != "running"
    world.wait(no_longer_ours, 20, "the loss of the tag")
    equal(0, world.earctl("resume", "--reason", "go on").returncode, "status of earctl resume")
    quiet(world, host, 6, since, "on an instance without the tag")
    equal([], world.records("intents"), "the store's intents")
    incident = closed_incident(world, host, "gone")
    say("the tag went, nothing was called")
    return [incident["outcome"]]


def aws_unreachable(world, host, say=print):
    """AWS does not answer: observe only, one alarm; when it answers again, ear acts."""
    world.wait_healthy(host)
    since = world.fake.journal_seq()
    told = len(world.fake.webhook_received("ops"))
    world.fake.add_fault("*", "close", times=None)
    time.sleep(0.5)
    world.fake.kill_unit(host.id, host.unit)
    old_s = 3 * float(world.settings_in_force["inventory_max_age"].rstrip("s"))
    world.wait(lambda: world.ask("status")["observe_only"]["on"], old_s, "observe-only")
    quiet(world, host, 6, since, "while AWS is away")
    alarms = world.fake.webhook_received("ops")[told:]
    equal(1, len(alarms), f"alarms ({[alarm['json']['text'] for alarm in alarms]})")
    world.fake.clear_faults()
    world.wait(lambda: ended_recovery(world, host, "success"), 60, "the recovery once AWS answers")
    equal(["SendCommand"], operations(world.changing_calls(host, since)), "calls in the end")
    say("observed only, one alarm; acted once AWS answered again")
    return [alarms[0]["json"]["text"]]


def impostor(world, host, victim, say=print):
    """An agent with another instance's certificate: refused, one alarm, its words count nowhere."""
    def alarm():
        return [row for row in world.records("audit")
                if row["kind"] == "alarm" and row["rule"] == "identity"]
    world.wait(alarm, 30, "the alarm")
    must(victim in alarm()[0]["text"] and host.id in alarm()[0]["text"],
         "the alarm must name both", alarm()[0]["text"])
    time.sleep(3)  # it keeps trying
    equal(1, len(alarm()), "alarms")
    told = [message for message in world.fake.sns_messages() if "another instance" in
            text_of(message)]
    equal(1, len(told), "notifications")
    equal(None, world.member(host)["since_report_ms"], "reports that counted")
    equal("", world.member(host)["boot_id"], "boot ids that counted")
    say("refused, one alarm")
    return [alarm()[0]["text"]]


# -- notifications -------------------------------------------------------------------------------------

def notifications(world, host, say=print):
    """Slack gets what SPEC 147 names; a hanging receiver does not delay a recovery."""
    world.wait_healthy(host)
    began = time.monotonic()
    world.fake.kill_unit(host.id, host.unit)
    world.wait(lambda: ended_recovery(world, host, "success"), 40, "the first recovery")
    normal_s = time.monotonic() - began
    world.wait(lambda: len(slack_texts(world)) >= 2, 15, "two messages")
    check_contents(world, host, slack_texts(world))
    world.wait_healthy(host)
    time.sleep(1.5)  # a new incident, not the same one
    world.fake.webhook("ops", mode="hang")
    known = len(world.recoveries(host))
    began = time.monotonic()
    world.fake.kill_unit(host.id, host.unit)

    def second():
        rows = world.recoveries(host)
        return len(rows) > known and rows[0]["status"] == "success"
    world.wait(second, 40, "the recovery beside a hanging receiver")
    hanging_s = time.monotonic() - began
    must(hanging_s < normal_s + 3, "a hanging receiver must not delay a recovery",
         f"{normal_s:.1f} s without, {hanging_s:.1f} s with")
    must(world.records("outbox"), "the messages must wait in the outbox")
    count = len(slack_texts(world))
    world.fake.webhook("ops", mode="ok")
    world.wait(lambda: len(slack_texts(world)) > count and not world.records("outbox"), 60,
               "delivery once the receiver answers")
    say(f"recovery {normal_s:.1f} s; beside a hanging receiver {hanging_s:.1f} s")
    return [f"{normal_s:.1f} s, {hanging_s:.1f} s"]


def slack_texts(world):
    """What each message shows: its title and its facts."""
    texts = []
    for received in world.fake.webhook_received("ops"):
        body = received["json"] or {}
        parts = [body.get("text", "")]
        parts += [block["text"]["text"] for block in body.get("blocks", ())]
        texts.append("\n".join(parts))
    return texts


def check_contents(world, host, texts):
    ended = [text for text in texts if "Recovery succeeded" in text]
    equal(1, len(ended), f"messages of the success ({texts})")
    for wanted in ("[info] Recovery succeeded", f"Instance: {host.name} {host.id}",
                   "Account: 123456789012", "Region: us-east-1", "Cause: service_down",
                   "Action: restart-service", "Recovery status: success", "Result: proven",
                   "Past recoveries: 0", "Quarantine: no", "Recovery enabled: yes",
                   f"Dashboard: https://ear.example.com/instances/{host.id}"):
        must(wanted in ended[0], f"the message must hold {wanted!r}", ended[0])
    must(any("Recovery started" in text for text in texts), "the start must be told too", texts)
