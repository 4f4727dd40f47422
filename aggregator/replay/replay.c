/* `earctl replay`: merges the files by time, feeds the fleet, writes the predictions. One thread.
 * Memory: a buffer a file, a row an instance. */
#include "aggregator/replay/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/replay/fleet.h"
#include "aggregator/replay/source.h"
#include "common/base/text.h"
#include "common/sys/exit.h"

#define FILES_MAX         1024
#define UNKNOWN_MAX       256 /* unknown metric names told apart; more are passed over silently */
#define PATH_BYTES        4096
#define PROGRESS_INTERVAL 65536 /* lines */

static const char usage[] =
    "usage: replay [--model trend] [--out FILE] METRICS...\n"
    "  METRICS  CSV or CSV.gz files: instance_id,timestamp,metric,value, ordered by time\n"
    "  writes   instance_id,time,confidence,kind,predicted_failure_time\n";

struct request {
    const char *out; /* NULL = standard output */
    const char *const *paths;
    size_t path_count;
};

struct feed {
    struct source *source;
    bool ended;
    struct source_line line; /* read, not yet given on */
};

struct replay {
    size_t feed_count;
    struct feed *feeds;
    struct fleet *fleet;
    size_t unknown_count;
    char unknown[UNKNOWN_MAX][SOURCE_METRIC_SIZE];
    uint64_t lines;
    bool progress;
};

static int say_usage(const char *problem, const char *word) {
    fprintf(stderr, "replay: %s%s\n%s", problem, word, usage);
    return EXIT_CODE_USAGE;
}

/* Exit code, or -1 to go on. */
static int parse_words(int argc, char **argv, struct request *request) {
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            i++;
            break;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            fputs(usage, stdout);
            return EXIT_CODE_OK;
        }
        bool model = strcmp(word, "--model") == 0, out = strcmp(word, "--out") == 0;
        if (!model && !out) return say_usage("unknown option: ", word);
        if (i + 1 == argc) return say_usage("a value is missing after ", word);
        i++;
        if (out) request->out = argv[i];
        if (model && strcmp(argv[i], "trend") != 0)
            return say_usage("unknown model (the only one is trend): ", argv[i]);
    }
    if (i >= argc) return say_usage("which metric files?", "");
    if (argc - i > FILES_MAX) return say_usage("too many files (1024 at most)", "");
    request->paths = (const char *const *)&argv[i];
    request->path_count = (size_t)(argc - i);
    return -1;
}

static int complain(const char *path, uint64_t line, const char *problem) {
    if (line > 0)
        fprintf(stderr, "%s:%" PRIu64 ": %s\n", path, line, problem);
    else
        fprintf(stderr, "%s: %s\n", path, problem);
    return EXIT_CODE_FAILED;
}

static void warn_unknown(struct replay *replay, const struct source_line *line, const char *path,
                         uint64_t number) {
    for (size_t i = 0; i < replay->unknown_count; i++)
        if (strcmp(replay->unknown[i], line->name) == 0) return;
    if (replay->unknown_count == UNKNOWN_MAX) return;
    memcpy(replay->unknown[replay->unknown_count++], line->name, sizeof line->name);
    fprintf(stderr, "%s:%" PRIu64 ": unknown metric %s: its lines are passed over\n", path, number,
            line->name);
}

static int read_line(struct replay *replay, struct feed *feed) {
    char problem[SOURCE_PROBLEM_SIZE];
    enum status status = source_next(feed->source, &feed->line, problem);
    feed->ended = status == STATUS_NOT_FOUND;
    if (feed->ended) return EXIT_CODE_OK;
    if (status != STATUS_OK)
        return complain(source_path(feed->source), source_line_number(feed->source), problem);
    replay->lines++;
    return EXIT_CODE_OK;
}

static int give_on(struct replay *replay, const struct feed *feed) {
    const struct source_line *line = &feed->line;
    if (!line->known)
        warn_unknown(replay, line, source_path(feed->source), source_line_number(feed->source));
    enum status status = line->known
                             ? fleet_note(replay->fleet, &line->instance, line->metric, line->value)
                             : fleet_arrive(replay->fleet, &line->instance);
    if (status == STATUS_OK) return EXIT_CODE_OK;
    return complain(source_path(feed->source), source_line_number(feed->source),
                    status == STATUS_FULL ? "too many instances (20000 at most)"
                                          : status_text(status));
}

static const struct feed *earliest(const struct replay *replay) {
    const struct feed *best = NULL;
    for (size_t i = 0; i < replay->feed_count; i++) {
        const struct feed *feed = &replay->feeds[i];
        if (feed->ended) continue;
        if (!best || feed->line.at.ms < best->line.at.ms) best = feed;
    }
    return best;
}

static void show_progress(const struct replay *replay, struct wall_time at) {
    char time[CLOCK_RFC3339_SIZE];
    fprintf(stderr, "\rreplay: %s, %" PRIu64 " lines, %zu instances ", wall_format(at, time),
            replay->lines, fleet_count(replay->fleet));
}

/* All lines of one moment, from all files. */
static int take_moment(struct replay *replay, struct wall_time at) {
    for (size_t i = 0; i < replay->feed_count; i++) {
        struct feed *feed = &replay->feeds[i];
        while (!feed->ended && feed->line.at.ms == at.ms) {
            int code = give_on(replay, feed);
            if (code == EXIT_CODE_OK) code = read_line(replay, feed);
            if (code != EXIT_CODE_OK) return code;
        }
    }
    return EXIT_CODE_OK;
}

static int run(struct replay *replay) {
    uint64_t shown = 0;
    const struct feed *next;
    while ((next = earliest(replay)) != NULL) {
        struct wall_time at = next->line.at;
        fleet_advance(replay->fleet, at);
        int code = take_moment(replay, at);
        if (code != EXIT_CODE_OK) return code;
        if (!replay->progress || replay->lines - shown < PROGRESS_INTERVAL) continue;
        shown = replay->lines;
        show_progress(replay, at);
    }
    if (replay->progress) fputs("\n", stderr);
    return EXIT_CODE_OK;
}

static int open_feeds(struct replay *replay, const struct request *request) {
    replay->feeds = calloc(request->path_count, sizeof *replay->feeds);
    if (!replay->feeds) return complain("replay", 0, status_text(STATUS_NO_MEMORY));
    for (size_t i = 0; i < request->path_count; i++) {
        struct feed *feed = &replay->feeds[i];
        char problem[SOURCE_PROBLEM_SIZE];
        enum status status = source_open(request->paths[i], &feed->source, problem);
        replay->feed_count = i + 1;
        if (status != STATUS_OK)
            return complain(request->paths[i], feed->source ? source_line_number(feed->source) : 0,
                            problem);
        int code = read_line(replay, feed);
        if (code != EXIT_CODE_OK) return code;
    }
    return EXIT_CODE_OK;
}

static int replay_to(const struct request *request, FILE *out) {
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay) return complain("replay", 0, status_text(STATUS_NO_MEMORY));
    struct predict_settings settings = predict_settings_default();
    replay->progress = isatty(STDERR_FILENO) == 1;
    int code = EXIT_CODE_FAILED;
    if (fleet_create(&settings, out, &replay->fleet) == STATUS_OK) {
        fputs("instance_id,time,confidence,kind,predicted_failure_time\n", out);
        code = open_feeds(replay, request);
        if (code == EXIT_CODE_OK) code = run(replay);
    }
    for (size_t i = 0; i < replay->feed_count; i++) source_close(replay->feeds[i].source);
    fleet_destroy(replay->fleet);
    free(replay->feeds);
    free(replay);
    return code;
}

static int to_standard_output(const struct request *request) {
    int code = replay_to(request, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    return complain("standard output", 0, strerror(errno));
}

/* Beside the wanted file, so that it appears whole or not at all. */
static int to_file(const struct request *request) {
    char partial[PATH_BYTES];
    struct text text = text_over(partial, sizeof partial);
    text_add(&text, request->out);
    text_add(&text, ".partial");
    if (text.truncated) return complain(request->out, 0, "path too long");
    FILE *out = fopen(partial, "we");
    if (!out) return complain(partial, 0, strerror(errno));
    int code = replay_to(request, out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) code = complain(partial, 0, strerror(errno));
    if (code == EXIT_CODE_OK && rename(partial, request->out) != 0)
        code = complain(request->out, 0, strerror(errno));
    if (code != EXIT_CODE_OK) (void)unlink(partial); /* what is wrong has been said */
    return code;
}

int replay_main(int argc, char **argv) {
    struct request request = {0};
    int code = parse_words(argc, argv, &request);
    if (code >= 0) return code;
    return request.out ? to_file(&request) : to_standard_output(&request);
}
