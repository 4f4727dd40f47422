/* Words of the fleet's picture; constant data. */
#include "common/model/fleet.h"

const char *member_state_name(enum member_state state) {
    static const char *const names[MEMBER_STATE_COUNT] = {
        [MEMBER_UNKNOWN] = "UNKNOWN",     [MEMBER_HEALTHY] = "HEALTHY",
        [MEMBER_PREDICTED] = "PREDICTED", [MEMBER_UNHEALTHY] = "UNHEALTHY",
        [MEMBER_SILENT] = "SILENT",       [MEMBER_RECOVERING] = "RECOVERING",
        [MEMBER_RESTING] = "RESTING",
    };
    return (unsigned)state < MEMBER_STATE_COUNT ? names[state] : "UNKNOWN";
}
