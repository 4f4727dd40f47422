/* One file of metrics, CSV or CSV.gz, read line by line in bounded memory. Private to
 * aggregator/replay and its fuzz target. */
#ifndef EAR_AGGREGATOR_REPLAY_SOURCE_H
#define EAR_AGGREGATOR_REPLAY_SOURCE_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/model/metric.h"

#define SOURCE_LINE_MAX     256 /* bytes of a line, its end not counted */
#define SOURCE_METRIC_SIZE  64  /* of a metric's name, NUL included */
#define SOURCE_PROBLEM_SIZE 160

struct source_line {
    struct instance_id instance;
    struct wall_time at;
    bool known; /* `metric` is one of ours */
    enum metric metric;
    char name[SOURCE_METRIC_SIZE];
    float value;
};

/* Parses one line of data, its end cut off. `last` is the line parsed before (any zeroed object at
 * first): a time equal to its text is not parsed again.
 * problem_out  what is wrong with it, on failure
 * STATUS_MALFORMED, STATUS_OUT_OF_RANGE, STATUS_TOO_LARGE. Pure. */
struct source_memory {
    char time_text[40];
    struct wall_time time;
};
enum status source_parse(const char *line, size_t length, struct source_memory *memory,
                         struct source_line *line_out,
                         char problem_out[SOURCE_PROBLEM_SIZE]) MUST_USE;

struct source;

/* Opens and reads the header. The path is borrowed for the life of the source. */
enum status source_open(const char *path, struct source **source_out,
                        char problem_out[SOURCE_PROBLEM_SIZE]) MUST_USE;
void source_close(struct source *source);
/* The next line. STATUS_NOT_FOUND at the end of the file; every other status but STATUS_OK is an
 * error at source_line_number(). Lines must not run back in time. */
enum status source_next(struct source *source, struct source_line *line_out,
                        char problem_out[SOURCE_PROBLEM_SIZE]) MUST_USE;
/* Of the line read last, from 1; the header is line 1. */
uint64_t source_line_number(const struct source *source);
const char *source_path(const struct source *source);

#endif
