/* What the agent does next: a pure step from state and input to state and effects. Time and
 * randomness come with the input; reading, encoding and sending are effects that main carries out.
 *
 * Delivery is at least once: a report stays in the ring until its own acknowledgement has come, and
 * after a lost connection it goes out again with the same bytes and sequence. Dialling and its
 * back-off are the link's. */
#ifndef EAR_AGENT_AGENT_H
#define EAR_AGENT_AGENT_H

#include "agent/ring.h"
#include "common/model/report.h"

#define AGENT_EFFECTS_MAX     4
#define AGENT_INTERVAL_MS_MIN 1000
#define AGENT_INTERVAL_MS_MAX 300000
/* Between a message that the aggregator did not take and the next try. */
#define AGENT_RETRY_MS 1000

enum agent_request {
    AGENT_REQUEST_NONE,
    AGENT_REQUEST_DICTIONARY,
    AGENT_REQUEST_REPORT,
    AGENT_REQUEST_NOTICE,
};

/* Plain data; written by the functions below only. */
struct agent {
    struct duration interval_configured, interval; /* the aggregator may wish another one */
    struct duration stop_timeout;
    bool reporting; /* there is an aggregator to report to */
    bool connected;
    uint64_t sequence; /* of the newest report or notice */
    struct boot_time next_sample, last_sample, retry_at, stop_at; /* 0 = none */
    uint32_t dictionary_now, dictionary_known; /* generations: ours, the aggregator's (0 = none) */
    enum agent_request outstanding;
    uint64_t outstanding_sequence;
    bool stopping, notice_sent, gone;
    enum notice_kind notice;
    uint64_t acked; /* sequence of the newest acknowledged report */
    struct wall_time acked_at;
    struct ring ring;
};

struct agent_settings {
    struct duration interval;     /* AGENT_INTERVAL_MS_MIN.. */
    struct duration stop_timeout; /* how long a stop waits for the aggregator */
    bool reporting;
};

enum agent_input_kind {
    AGENT_INPUT_TIMER,
    AGENT_INPUT_SAMPLED,       /* the report of AGENT_EFFECT_SAMPLE, encoded */
    AGENT_INPUT_CHECK_CHANGED, /* a health check changed its state: worth a report now */
    AGENT_INPUT_CONNECTED,
    AGENT_INPUT_LOST,   /* the connection, and with it the request outstanding */
    AGENT_INPUT_ACK,    /* of the request outstanding */
    AGENT_INPUT_FAILED, /* the request could not be sent at all */
    AGENT_INPUT_RELOAD,
    AGENT_INPUT_STOP,
};

struct agent_input {
    enum agent_input_kind kind;
    struct now now;
    uint64_t random;      /* fresh for each input */
    const uint8_t *bytes; /* SAMPLED; borrowed for the call */
    size_t length;        /* SAMPLED; 0 = could not be encoded, the sequence stays unused */
    uint32_t dictionary_generation; /* SAMPLED */
    struct ack ack;                 /* ACK */
    struct agent_settings settings; /* RELOAD */
    enum notice_kind notice;        /* STOP */
};

enum agent_effect_kind {
    AGENT_EFFECT_SAMPLE,          /* take a sample, encode it with `sequence`, come back: SAMPLED */
    AGENT_EFFECT_SEND_DICTIONARY, /* the present one, `sequence` the newest report's */
    AGENT_EFFECT_SEND_REPORT,     /* `bytes` as they are */
    AGENT_EFFECT_SEND_NOTICE,
    AGENT_EFFECT_GRACE, /* an action of ear is under way: health_grace() */
    AGENT_EFFECT_EXIT,
};

struct agent_effect {
    enum agent_effect_kind kind;
    uint64_t sequence;
    const uint8_t *bytes; /* borrowed until the next step */
    size_t length;
    enum notice_kind notice;
};

struct agent_effects {
    size_t count;
    struct agent_effect effects[AGENT_EFFECTS_MAX];
};

/* The first sample is due at once. Sequences start at the milliseconds since boot: an agent that
 * starts again within one boot then never uses a number twice, without keeping a file (a boot's
 * earlier numbers are below, since reports are at least a second apart).
 * ring  initialised; copied, its storage stays the caller's */
void agent_init(struct agent *agent, const struct agent_settings *settings, const struct ring *ring,
                struct now now);
void agent_step(struct agent *agent, const struct agent_input *input,
                struct agent_effects *effects_out);
/* When the next AGENT_INPUT_TIMER is due. INT64_MAX ms = never. */
struct boot_time agent_due(const struct agent *agent);

#endif
