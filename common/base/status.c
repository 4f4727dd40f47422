/* The table of statuses; constant data, any thread. */
#include "common/base/status.h"

static const struct {
    const char *name;
    const char *text;
    enum status_class class;
} rows[STATUS_COUNT] = {
#define STATUS_ROW(upper, name, text, class) [STATUS_##upper] = {name, text, class},
    STATUS_TABLE(STATUS_ROW)
#undef STATUS_ROW
};

const char *status_name(enum status status) {
    return (unsigned)status < STATUS_COUNT ? rows[status].name : "unknown";
}

const char *status_text(enum status status) {
    return (unsigned)status < STATUS_COUNT ? rows[status].text : "unknown status";
}

enum status_class status_class(enum status status) {
    return (unsigned)status < STATUS_COUNT ? rows[status].class : STATUS_CLASS_BUG;
}
