/* Our enumerators and the contract's, which are numbered apart so that either may grow. Inside
 * common/wire only. */
#ifndef EAR_COMMON_WIRE_KINDS_H
#define EAR_COMMON_WIRE_KINDS_H

#include "common/wire/wire.h"
#include "ear/v1/ear.pb-c.h"

/* STATUS_OUT_OF_RANGE for a number that is no enumerator of ours. */
enum status kinds_event_number(enum agent_event_kind kind, Ear__V1__EventKind *number_out) MUST_USE;
enum status kinds_check_number(enum check_state state, Ear__V1__CheckState *number_out) MUST_USE;
enum status kinds_family_number(enum metric_member family, Ear__V1__Family *number_out) MUST_USE;
enum status kinds_notice_number(enum notice_kind kind, Ear__V1__NoticeKind *number_out) MUST_USE;

/* STATUS_UNSUPPORTED for a number this version does not know. */
enum status kinds_event(Ear__V1__EventKind number, enum agent_event_kind *kind_out) MUST_USE;
enum status kinds_family(Ear__V1__Family number, enum metric_member *family_out) MUST_USE;
enum status kinds_notice(Ear__V1__NoticeKind number, enum notice_kind *kind_out) MUST_USE;
/* A state that is not known reads as CHECK_UNKNOWN: it must not look like a failure. */
enum check_state kinds_check(Ear__V1__CheckState number);

#endif
