/* Random bytes from the kernel. No data; any thread. */
#include "common/sys/random.h"

#include <errno.h>
#include <sys/random.h>

#include "common/sys/error.h"

enum status sys_random(void *bytes, size_t length) {
    uint8_t *at = bytes;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return sys_status(errno);
        at += got;
        length -= (size_t)got;
    }
    return STATUS_OK;
}
