/* A stream of D-Bus messages from a bus that cannot be trusted. */
#include <stdlib.h>
#include <string.h>

#include "agent/health/dbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (size_t at = 0; at < size;) {
        size_t used = 0;
        enum dbus_answer answer;
        char text[DBUS_STATE_SIZE] = "";
        if (dbus_parse(data + at, size - at, &used, &answer, text) != STATUS_OK) break;
        if (used == 0 || used > size - at || strlen(text) >= sizeof text) abort();
        at += used;
    }
    return 0;
}
