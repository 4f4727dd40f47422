/* Rules for single values, the same for what we read and for what we write. Inside common/wire. */
#ifndef EAR_COMMON_WIRE_CHECK_H
#define EAR_COMMON_WIRE_CHECK_H

#include "common/base/clock.h"
#include "common/wire/wire.h"

/* 9999-12-31T23:59:59.999Z, the last time records can hold. */
#define CHECK_WALL_MS_MAX INT64_C(253402300799999)

/* UTF-8 (RFC 3629) without control characters (C0, DEL, C1). Empty is fine. STATUS_MALFORMED. */
enum status check_text(const char *bytes, size_t length) MUST_USE;
/* The same, copied into `target[capacity]`, NUL added. Also STATUS_TOO_LARGE. */
enum status check_text_copy(char *target, size_t capacity, const char *bytes,
                            size_t length) MUST_USE;
/* Empty, or a unit name as restart-services takes it. STATUS_MALFORMED. */
enum status check_unit(const char *bytes, size_t length) MUST_USE;
enum status check_wall(int64_t ms) MUST_USE;
enum status check_interval(uint32_t interval_ms) MUST_USE;
/* Not NaN, not infinite. */
enum status check_float(float value) MUST_USE;

#endif
