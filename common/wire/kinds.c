/* Tables between our enumerators and the contract's; constant data, pure. */
#include "common/wire/kinds.h"

static const Ear__V1__EventKind event_numbers[AGENT_EVENT_COUNT] = {
    [AGENT_EVENT_OOM_KILL] = EAR__V1__EVENT_KIND__EVENT_KIND_OOM_KILL,
    [AGENT_EVENT_IO_ERROR] = EAR__V1__EVENT_KIND__EVENT_KIND_IO_ERROR,
    [AGENT_EVENT_READ_ONLY_REMOUNT] = EAR__V1__EVENT_KIND__EVENT_KIND_READ_ONLY_REMOUNT,
    [AGENT_EVENT_FILE_SYSTEM_ERROR] = EAR__V1__EVENT_KIND__EVENT_KIND_FILE_SYSTEM_ERROR,
    [AGENT_EVENT_DEVICE_TIMEOUT] = EAR__V1__EVENT_KIND__EVENT_KIND_DEVICE_TIMEOUT,
    [AGENT_EVENT_HUNG_TASK] = EAR__V1__EVENT_KIND__EVENT_KIND_HUNG_TASK,
    [AGENT_EVENT_MACHINE_CHECK] = EAR__V1__EVENT_KIND__EVENT_KIND_MACHINE_CHECK,
    [AGENT_EVENT_LINK_DOWN] = EAR__V1__EVENT_KIND__EVENT_KIND_LINK_DOWN,
    [AGENT_EVENT_SERVICE_RESTARTED] = EAR__V1__EVENT_KIND__EVENT_KIND_SERVICE_RESTARTED,
    [AGENT_EVENT_SPOT_INTERRUPTION] = EAR__V1__EVENT_KIND__EVENT_KIND_SPOT_INTERRUPTION,
    [AGENT_EVENT_REBALANCE] = EAR__V1__EVENT_KIND__EVENT_KIND_REBALANCE,
    [AGENT_EVENT_MAINTENANCE] = EAR__V1__EVENT_KIND__EVENT_KIND_MAINTENANCE,
    [AGENT_EVENT_SERIES_LOST] = EAR__V1__EVENT_KIND__EVENT_KIND_SERIES_LOST,
};

static const Ear__V1__Family family_numbers[METRIC_MEMBER_COUNT] = {
    [METRIC_MEMBER_MOUNT] = EAR__V1__FAMILY__FAMILY_MOUNT,
    [METRIC_MEMBER_DEVICE] = EAR__V1__FAMILY__FAMILY_DEVICE,
    [METRIC_MEMBER_INTERFACE] = EAR__V1__FAMILY__FAMILY_INTERFACE,
    [METRIC_MEMBER_SERVICE] = EAR__V1__FAMILY__FAMILY_SERVICE,
};

static const Ear__V1__NoticeKind notice_numbers[NOTICE_COUNT] = {
    [NOTICE_STOPPING] = EAR__V1__NOTICE_KIND__NOTICE_KIND_STOPPING,
    [NOTICE_UPGRADING] = EAR__V1__NOTICE_KIND__NOTICE_KIND_UPGRADING,
};

/* 0 is the contract's "unspecified" everywhere: a row of 0 is a hole in a table above. */
enum status kinds_event_number(enum agent_event_kind kind, Ear__V1__EventKind *number_out) {
    if ((unsigned)kind >= AGENT_EVENT_COUNT || event_numbers[kind] == 0) return STATUS_OUT_OF_RANGE;
    *number_out = event_numbers[kind];
    return STATUS_OK;
}

enum status kinds_family_number(enum metric_member family, Ear__V1__Family *number_out) {
    if ((unsigned)family >= METRIC_MEMBER_COUNT || family_numbers[family] == 0)
        return STATUS_OUT_OF_RANGE;
    *number_out = family_numbers[family];
    return STATUS_OK;
}

enum status kinds_notice_number(enum notice_kind kind, Ear__V1__NoticeKind *number_out) {
    if ((unsigned)kind >= NOTICE_COUNT || notice_numbers[kind] == 0) return STATUS_OUT_OF_RANGE;
    *number_out = notice_numbers[kind];
    return STATUS_OK;
}

enum status kinds_check_number(enum check_state state, Ear__V1__CheckState *number_out) {
    switch (state) {
    case CHECK_UNKNOWN: *number_out = EAR__V1__CHECK_STATE__CHECK_STATE_UNKNOWN; return STATUS_OK;
    case CHECK_PASSING: *number_out = EAR__V1__CHECK_STATE__CHECK_STATE_PASSING; return STATUS_OK;
    case CHECK_FAILING: *number_out = EAR__V1__CHECK_STATE__CHECK_STATE_FAILING; return STATUS_OK;
    }
    return STATUS_OUT_OF_RANGE;
}

enum status kinds_event(Ear__V1__EventKind number, enum agent_event_kind *kind_out) {
    for (unsigned kind = 0; kind < AGENT_EVENT_COUNT; kind++) {
        if (number == 0 || event_numbers[kind] != number) continue;
        *kind_out = (enum agent_event_kind)kind;
        return STATUS_OK;
    }
    return STATUS_UNSUPPORTED;
}

enum status kinds_family(Ear__V1__Family number, enum metric_member *family_out) {
    for (unsigned family = 0; family < METRIC_MEMBER_COUNT; family++) {
        if (number == 0 || family_numbers[family] != number) continue;
        *family_out = (enum metric_member)family;
        return STATUS_OK;
    }
    return STATUS_UNSUPPORTED;
}

enum status kinds_notice(Ear__V1__NoticeKind number, enum notice_kind *kind_out) {
    for (unsigned kind = 0; kind < NOTICE_COUNT; kind++) {
        if (number == 0 || notice_numbers[kind] != number) continue;
        *kind_out = (enum notice_kind)kind;
        return STATUS_OK;
    }
    return STATUS_UNSUPPORTED;
}

enum check_state kinds_check(Ear__V1__CheckState number) {
    if (number == EAR__V1__CHECK_STATE__CHECK_STATE_PASSING) return CHECK_PASSING;
    if (number == EAR__V1__CHECK_STATE__CHECK_STATE_FAILING) return CHECK_FAILING;
    return CHECK_UNKNOWN;
}
