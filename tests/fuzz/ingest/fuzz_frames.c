/* Any bytes as what follows a connection's start: greeting, then frames. Fed whole and byte by byte
 * the same frames must come out, and nothing is read past what was given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum status status;
    unsigned frames;
    uint64_t hash;
};

static bool take(struct outcome *outcome, const uint8_t *bytes, size_t length, size_t *used) {
    struct frame frame;
    outcome->status = frame_read(bytes, length, &frame, used);
    if (outcome->status) return false;
    if (*used > length || frame.body + frame.body_length != bytes + *used) abort();
    if (frame.body_length > WIRE_MESSAGE_MAX || (frame.id & 0x80000000u) == 0) abort();
    outcome->hash = hash_bytes(outcome->hash ^ frame.id, frame.body, frame.body_length);
    outcome->frames++;
    return true;
}

static struct outcome whole(const uint8_t *data, size_t size) {
    struct outcome outcome = {.hash = HASH_SEED};
    for (size_t used; take(&outcome, data, size, &used); data += used, size -= used) {
    }
    return outcome;
}

static struct outcome in_pieces(const uint8_t *data, size_t size) {
    struct outcome outcome = {.status = STATUS_AGAIN, .hash = HASH_SEED};
    size_t start = 0, used;
    for (size_t end = 0; end <= size; end++) {
        /* A copy of the exact size, so that a read past the end is seen. */
        uint8_t *piece = malloc(end - start ? end - start : 1);
        if (piece == NULL) abort();
        if (end > start) memcpy(piece, data + start, end - start);
        bool taken = take(&outcome, piece, end - start, &used);
        free(piece);
        if (taken) start += used;
        if (!taken && outcome.status != STATUS_AGAIN) break;
    }
    if (outcome.status == STATUS_OK) outcome.status = STATUS_AGAIN;
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 2048) size = 2048; /* pieces take the square of it */
    enum status greeting = frame_greeting_check(FRAME_REQ, data, size);
    if (greeting == STATUS_OK && memcmp(data, "\0SP\0\0\x30\0\0", 8) != 0) abort();
    if (greeting == STATUS_OK) {
        data += FRAME_GREETING_BYTES;
        size -= FRAME_GREETING_BYTES;
    }
    struct outcome one = whole(data, size), two = in_pieces(data, size);
    if (one.status != two.status || one.frames != two.frames || one.hash != two.hash) abort();
    return 0;
}
