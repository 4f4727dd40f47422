/* Words of the families; constant data. */
#include "common/model/series.h"

const char *series_family_name(enum metric_member family) {
    switch (family) {
    case METRIC_MEMBER_NONE: return "";
    case METRIC_MEMBER_MOUNT: return "mount";
    case METRIC_MEMBER_DEVICE: return "device";
    case METRIC_MEMBER_INTERFACE: return "interface";
    case METRIC_MEMBER_SERVICE: return "service";
    case METRIC_MEMBER_COUNT: return "";
    }
    return "";
}
