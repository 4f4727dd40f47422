/* Three kinds of time the compiler keeps apart, in milliseconds.
 * Wall time stands only in records and signatures; durations and deadlines use boot time
 * (CLOCK_BOOTTIME, so that a suspended machine sees the gap). Reading a clock is common/sys's job.
 */
#ifndef EAR_COMMON_BASE_CLOCK_H
#define EAR_COMMON_BASE_CLOCK_H

#include "common/base/status.h"

struct wall_time {
    int64_t ms; /* since 1970-01-01T00:00:00Z; 0 = never */
};
struct boot_time {
    int64_t ms; /* since this machine booted, suspended time included; 0 = never */
};
struct duration {
    int64_t ms;
};

/* The one `now` of an event: both clocks, read together when the event is dequeued. */
struct now {
    struct boot_time boot;
    struct wall_time wall;
};

#define CLOCK_RFC3339_SIZE 32 /* "2026-03-03T08:12:00.123Z" and its NUL, with room */

static inline struct duration duration_ms(int64_t ms) { return (struct duration){ms}; }
static inline struct duration duration_s(int64_t seconds) {
    return (struct duration){seconds * 1000};
}
static inline struct boot_time boot_add(struct boot_time at, struct duration by) {
    return (struct boot_time){at.ms + by.ms};
}
static inline struct wall_time wall_add(struct wall_time at, struct duration by) {
    return (struct wall_time){at.ms + by.ms};
}
/* later - earlier; negative when `later` is the earlier one. */
static inline struct duration boot_since(struct boot_time later, struct boot_time earlier) {
    return (struct duration){later.ms - earlier.ms};
}
static inline struct duration wall_since(struct wall_time later, struct wall_time earlier) {
    return (struct duration){later.ms - earlier.ms};
}

/* Writes RFC 3339 UTC: whole seconds ("2026-03-03T08:12:00Z"), or with milliseconds. Years 1970 to
 * 9999; a time outside is written as the nearest end. Returns `text`. */
char *wall_format(struct wall_time at, char text[static CLOCK_RFC3339_SIZE]);
char *wall_format_ms(struct wall_time at, char text[static CLOCK_RFC3339_SIZE]);
/* SigV4's form, "20260303T081200Z". */
char *wall_format_basic(struct wall_time at, char text[static CLOCK_RFC3339_SIZE]);

/* Parses `YYYY-MM-DD(T| )hh:mm:ss[.fraction](Z|+hh:mm|-hh:mm)?`; no zone means UTC. The whole of
 * `length` bytes must be used. STATUS_MALFORMED or STATUS_OUT_OF_RANGE. */
enum status wall_parse(const char *text, size_t length, struct wall_time *at_out) MUST_USE;

/* Writes "950ms", "12s", "3m10s", "5h40m", "2d3h": two largest units, for people. */
char *duration_format(struct duration span, char text[static CLOCK_RFC3339_SIZE]);

#endif
