/* The few D-Bus messages that ask systemd for a unit's state. Own code, because libsystemd and
 * libdbus are larger than the agent. Pure. Source: D-Bus specification 0.41. */
#ifndef EAR_AGENT_HEALTH_DBUS_H
#define EAR_AGENT_HEALTH_DBUS_H

#include "common/base/status.h"

#define DBUS_REQUEST_SIZE 1024
#define DBUS_MESSAGE_MAX  8192 /* bytes of one message; answers to us have some 200 */
#define DBUS_STATE_SIZE   64   /* "active", "failed" ..., or an error name */
#define DBUS_GET_SERIAL   2    /* of the request in dbus_requests() */

/* "\0AUTH EXTERNAL <uid in hexadecimal digits of its decimal text>\r\n"; gives the length. */
size_t dbus_auth(unsigned uid, char text_out[static DBUS_REQUEST_SIZE]);
/* BEGIN, Hello (serial 1) and Properties.Get of the unit's ActiveState (DBUS_GET_SERIAL). */
enum status dbus_requests(const char *unit, uint8_t bytes_out[static DBUS_REQUEST_SIZE],
                          size_t *length_out) MUST_USE;

enum dbus_answer {
    DBUS_OTHER, /* a signal, or an answer to something else: skip it */
    DBUS_STATE, /* the wanted state */
    DBUS_ERROR, /* an error in answer to the request; its name is given */
};

/* Reads one message at `bytes`.
 * used_out    its length
 * answer_out, text_out  what it is, and the state or the error's name (cut to fit)
 * STATUS_AGAIN: not whole yet. STATUS_TOO_LARGE, STATUS_MALFORMED. */
enum status dbus_parse(const uint8_t *bytes, size_t length, size_t *used_out,
                       enum dbus_answer *answer_out,
                       char text_out[static DBUS_STATE_SIZE]) MUST_USE;

#endif
