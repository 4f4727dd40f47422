/* AWS error bodies and codes: from bytes to a code, from a code to a status and a retry kind
 * (aws-facts 2.4, 2.5, 3.4). Pure; any thread. */
#ifndef EAR_AGGREGATOR_AWS_ERROR_H
#define EAR_AGGREGATOR_AWS_ERROR_H

#include "aggregator/aws/calls.h"

#define AWS_CODE_SIZE       64
#define AWS_MESSAGE_SIZE    256
#define AWS_REQUEST_ID_SIZE 64

/* What may be done about an error answer. */
enum aws_error_kind {
    AWS_ERROR_FINAL,     /* the same request would fail again */
    AWS_ERROR_THROTTLED, /* refused unread for its rate: certainly not carried out */
    AWS_ERROR_TRANSIENT, /* AWS's own fault; may or may not have been carried out */
    AWS_ERROR_SKEW,      /* our clock may be wrong; not carried out */
    AWS_ERROR_EXPIRED,   /* credentials ran out; not carried out */
};

struct aws_error {
    char code[AWS_CODE_SIZE];       /* "" when the body did not say */
    char message[AWS_MESSAGE_SIZE]; /* cut to fit, on a character's boundary */
    char request_id[AWS_REQUEST_ID_SIZE];
};

struct aws_judgement {
    enum status status;
    enum aws_error_kind kind;
};

/* Reads an error body of a protocol.
 * type_header   value of x-amzn-ErrorType, or NULL; JSON only, used when the body has no __type
 * error_out     always filled; fields the body does not give are empty
 * STATUS_OK; STATUS_MALFORMED when the body is not an AWS error (HTML page, truncated, empty). */
enum status aws_error_parse(enum aws_protocol protocol, const char *body, size_t length,
                            const char *type_header, struct aws_error *error_out) MUST_USE;

/* Judges a code ("" = none was read) that came with HTTP status `http`. A code unknown here is
 * judged by its suffix and by `http`. Never answers STATUS_OK. */
struct aws_judgement aws_error_judge(const char *code, int http);

/* Copies foreign text for people: cut on a UTF-8 boundary, control characters become blanks. */
void aws_copy_cut(char *target, size_t capacity, const char *source);

#endif
