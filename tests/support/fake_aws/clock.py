"""Wall time, monotonic time and scaled delays of the fake; the only place that reads a clock."""

import time
from datetime import datetime, timezone

SCALE_MIN = 0.001
SCALE_MAX = 100000.0


class Clock:
    """offset_s shifts the wall clock AWS believes in; time_scale divides every simulated delay."""

    def __init__(self, time_scale=1.0):
        self.offset_s = 0.0
        self.set_scale(time_scale)

    def set_scale(self, time_scale):
        scale = float(time_scale)
        if not SCALE_MIN <= scale <= SCALE_MAX:
            raise ValueError(f"time_scale must be within {SCALE_MIN} to {SCALE_MAX}")
        self.time_scale = scale

    def wall(self):
        return time.time() + self.offset_s

    def monotonic(self):
        return time.monotonic()

    def real(self, delay_s):
        """Real seconds to wait for a simulated delay."""
        return max(0.0, float(delay_s)) / self.time_scale


def iso(wall_s):
    """EC2 form: 2026-01-02T03:04:05.000Z"""
    stamp = datetime.fromtimestamp(wall_s, timezone.utc)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


def http_date(wall_s):
    return datetime.fromtimestamp(wall_s, timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")


def amz_date(wall_s):
    return datetime.fromtimestamp(wall_s, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def parse_time(text):
    """ISO 8601 or epoch seconds (number or text) to epoch seconds; ValueError otherwise."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)
    try:
        return float(text)
    except (TypeError, ValueError):
        pass
    if not isinstance(text, str):
        raise ValueError("not a time")
    stamp = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=timezone.utc)
    return stamp.timestamp()
