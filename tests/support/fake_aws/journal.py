"""Every AWS request the fake has seen: kept in memory, written as JSON lines when asked to."""

import json
from collections import deque

ENTRIES_MAX = 200_000


class Journal:
    """Entries are dicts: seq, time, service, op, params, instance_ids, outcome, executed ..."""

    def __init__(self, path=None):
        self.entries = deque(maxlen=ENTRIES_MAX)
        self.seq = 0
        self.file = open(path, "a", encoding="utf-8") if path else None

    def add(self, entry):
        self.seq += 1
        entry = {"seq": self.seq, **entry}
        self.entries.append(entry)
        if self.file:
            self.file.write(json.dumps(entry, separators=(",", ":")) + "\n")
            self.file.flush()
        return entry

    def clear(self):
        self.entries.clear()

    def select(self, service=None, op=None, instance_id=None, since=0, outcome=None,
               executed=None, limit=ENTRIES_MAX):
        """Matching entries, oldest first; op is RebootInstances or ec2:RebootInstances."""
        if op and ":" in op:
            service, op = op.split(":", 1)
        found = [entry for entry in self.entries
                 if entry["seq"] > since
                 and (service is None or entry["service"] == service)
                 and (op is None or entry["op"] == op)
                 and (instance_id is None or instance_id in entry["instance_ids"])
                 and (outcome is None or entry["outcome"] == outcome)
                 and (executed is None or entry["executed"] == executed)]
        return found[-limit:]

    def counts(self, **query):
        """{"ec2:RebootInstances": {"total": n, "executed": n, "ok": n, "errors": {code: n}}}"""
        result = {}
        for entry in self.select(**query):
            row = result.setdefault(f"{entry['service']}:{entry['op']}",
                                    {"total": 0, "executed": 0, "ok": 0, "errors": {}})
            row["total"] += 1
            row["executed"] += int(entry["executed"])
            if entry["outcome"] == "ok":
                row["ok"] += 1
            else:
                errors = row["errors"]
                errors[entry["outcome"]] = errors.get(entry["outcome"], 0) + 1
        return result

    def close(self):
        if self.file:
            self.file.close()
            self.file = None
