/* The observer of the aws edge; runs on its thread, which owns the table. */
#include "aggregator/attempts.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/sys/log.h"

static void say_good(const struct aws_observation *o) {
    log_event(LOG_LEVEL_DEBUG, "aws.attempt", log_string("operation", o->operation),
              log_integer("attempt", o->attempt), log_duration("took", o->took),
              log_string("request_id", o->request_id));
}

static void say_failed(enum log_level level, const struct aws_observation *o) {
    log_event(level, "aws.failed", log_string("operation", o->operation),
              log_string("status", status_text(o->status)), log_integer("attempt", o->attempt),
              log_integer("http", o->http), log_string("code", o->code),
              log_string("message", o->message), log_string("request_id", o->request_id),
              log_duration("took", o->took),
              log_string("instead", o->again ? "tried again" : "the call ends"));
}

/* Reads and notifications are repeated for as long as ear runs; of a call that does something to an
 * instance each attempt is worth its line. */
static bool is_repeated(enum aws_call call) {
    const struct aws_call_row *row = aws_call_row(call);
    return row->idempotency == AWS_READ || row->service == AWS_SERVICE_SNS;
}

void attempts_observe(void *context, const struct aws_observation *o) {
    struct attempts *attempts = context;
    uint64_t failure = hash_bytes((uint64_t)o->status, o->code, strlen(o->code)) | 1;
    uint64_t *said = &attempts->calls[o->call].failure;
    uint32_t *repeats = &attempts->calls[o->call].repeats;
    bool often = is_repeated(o->call);
    bool known = often && *said == failure;
    if (o->status != STATUS_OK) {
        *repeats += known;
        *said = failure;
        say_failed(known ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, o);
        return;
    }
    say_good(o);
    if (often && *said != 0)
        log_event(LOG_LEVEL_INFO, "aws.works_again", log_string("operation", o->operation),
                  log_unsigned("repeats", *repeats));
    *said = 0;
    *repeats = 0;
}
