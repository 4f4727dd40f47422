/* The one form in which agents and aggregators speak: common/model on one side, bytes of an
 * ear.v1.Envelope (proto/ear/v1/ear.proto) on the other. Decoding is the border where untrusted
 * bytes become checked values: every text, number, count and id that comes out has passed its
 * bound, and nothing downstream checks again. Both ways work in the caller's memory: no allocation,
 * no globals. Any thread, one arena each. */
#ifndef EAR_COMMON_WIRE_WIRE_H
#define EAR_COMMON_WIRE_WIRE_H

#include "common/model/report.h"

#define WIRE_MESSAGE_MAX 16384 /* bytes of one envelope (DESIGN 6) */
/* What decoding one envelope may use, however it is put together (SAFETY F31: 64 KiB of empty
 * messages would otherwise take 5 MB). */
#define WIRE_ARENA_BYTES (256 * 1024)
/* Enough for an ack, which is all that an agent decodes. */
#define WIRE_ACK_ARENA_BYTES (16 * 1024)
#define WIRE_ACK_MAX         512 /* bytes of an encoded ack, at most */
#define WIRE_INTERVAL_MS_MIN 1000
#define WIRE_INTERVAL_MS_MAX 300000

/* Memory of one decoding, lent by the caller and used anew by each call.
 * bytes     borrowed, any alignment
 * capacity  WIRE_ARENA_BYTES or WIRE_ACK_ARENA_BYTES; more than WIRE_ARENA_BYTES is not used */
struct wire_arena {
    uint8_t *bytes;
    size_t capacity;
    size_t used;   /* by the newest call */
    bool overflow; /* the newest call wanted more than there is */
};

enum wire_kind { WIRE_REPORT, WIRE_DICTIONARY, WIRE_NOTICE };

/* What an agent may say. About 50 KB: keep one for each thread, not on the stack. */
struct wire_message {
    enum wire_kind kind;
    /* Who speaks, whatever the kind; the reader compares it with the certificate (T14, F28). */
    struct instance_id instance;
    struct boot_id boot;
    uint64_t sequence; /* never 0: an ack of 0 says "not taken" */
    union {
        struct report report;
        struct series_dictionary dictionary;
        struct notice notice;
    } of;
};

/* Encodes into `buffer[capacity]`; *length_out bytes are used.
 * STATUS_TOO_LARGE when it does not fit the buffer or WIRE_MESSAGE_MAX (a dictionary of very long
 * member names can: leave series out), STATUS_OUT_OF_RANGE or STATUS_MALFORMED when a value could
 * not be read back. */
enum status wire_encode_report(const struct report *report, uint8_t *buffer, size_t capacity,
                               size_t *length_out) MUST_USE;
/* instance, boot, sequence  who speaks, and the number of the next report to be made, from 1 */
enum status wire_encode_dictionary(const struct instance_id *instance, const struct boot_id *boot,
                                   uint64_t sequence, const struct series_dictionary *dictionary,
                                   uint8_t *buffer, size_t capacity, size_t *length_out) MUST_USE;
enum status wire_encode_notice(const struct notice *notice, uint8_t *buffer, size_t capacity,
                               size_t *length_out) MUST_USE;
enum status wire_encode_ack(const struct ack *ack, uint8_t *buffer, size_t capacity,
                            size_t *length_out) MUST_USE;

/* Decodes what an agent said. *message_out is overwritten whatever the result, and may be used only
 * after STATUS_OK.
 * STATUS_TOO_LARGE     longer than WIRE_MESSAGE_MAX, or a text or list over its bound
 * STATUS_NO_MEMORY     would need more than the arena: built to amplify
 * STATUS_MALFORMED     not an envelope; an id, text, count or enumerator is wrong; an ack
 * STATUS_OUT_OF_RANGE  a number outside its range, NaN, an infinity
 * STATUS_DUPLICATE     a dictionary names a series twice, or a report a further number
 * STATUS_NEWER         a schema of the future
 * STATUS_UNSUPPORTED   a well-formed envelope or notice of a kind unknown here: no malice */
enum status wire_decode(struct wire_arena *arena, const uint8_t *bytes, size_t length,
                        struct wire_message *message_out) MUST_USE;
/* Decodes what an aggregator answered. Statuses as above. Unknown directives are dropped. */
enum status wire_decode_ack(struct wire_arena *arena, const uint8_t *bytes, size_t length,
                            struct ack *ack_out) MUST_USE;

#endif
