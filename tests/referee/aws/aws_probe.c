/* Makes one of the edge's calls from the command line and prints what came, one JSON object a line:
 * {"attempt":...} for each attempt, {"result":...,"answer":...} at the end. Test program only.
 *   aws_probe CALL [key=value ...]     region, credentials and endpoints from the environment
 *   aws_probe sign                     signs JSON lines from standard input
 *   aws_probe list                     the call table and each service's endpoint
 * Keys for all calls: lane=read, deadline_ms=, timeout_ms=, rate=, count= (that many at once),
 * sequence= (that many after one another), destroy_ms= (destroy the edge after so long), profile=,
 * then= (another call, in the recovery lane, once those are queued).
 */
#include "tests/referee/aws/aws_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/sys/clock.h"

const char *probe_argument(const struct probe *probe, const char *key, size_t n) {
    size_t length = strlen(key);
    for (int i = 0; i < probe->argc; i++)
        if (strncmp(probe->argv[i], key, length) == 0 && probe->argv[i][length] == '=' && n-- == 0)
            return probe->argv[i] + length + 1;
    return NULL;
}

int64_t probe_number(const struct probe *probe, const char *key, int64_t otherwise) {
    const char *text = probe_argument(probe, key, 0);
    int64_t number = otherwise;
    if (text == NULL || text_parse_integer(text, strlen(text), &number) != STATUS_OK)
        return otherwise;
    return number;
}

static void add_result(struct json_writer *json, const struct aws_result *result) {
    json_open_object(json, "result");
    json_string(json, "status", status_name(result->status));
    json_integer(json, "http", result->http);
    json_string(json, "code", result->code);
    json_string(json, "message", result->message);
    json_string(json, "request_id", result->request_id);
    json_integer(json, "date_ms", result->date.ms);
    json_integer(json, "attempts", result->attempts);
    json_close_object(json);
}

struct json_writer probe_begin(struct probe *probe, const struct aws_result *result,
                               struct text *text) {
    char *line = malloc(PROBE_LINE_BYTES);
    if (line == NULL) abort();
    *text = text_over(line, PROBE_LINE_BYTES);
    struct json_writer json = json_writer_over(text);
    json_open_object(&json, NULL);
    add_result(&json, result);
    pthread_mutex_lock(&probe->lock);
    return json;
}

void probe_end(struct probe *probe, struct json_writer *json) {
    json_close_object(json);
    if (json->text->truncated) abort();
    puts(json->text->data);
    fflush(stdout);
    free(json->text->data);
    probe->outstanding--;
    pthread_cond_signal(&probe->changed);
    pthread_mutex_unlock(&probe->lock);
}

static void observe(void *context, const struct aws_observation *observation) {
    struct probe *probe = context;
    char line[2048];
    struct text text = text_over(line, sizeof line);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_integer(&json, "attempt", observation->attempt);
    json_string(&json, "operation", observation->operation);
    json_integer(&json, "http", observation->http);
    json_string(&json, "code", observation->code);
    json_string(&json, "message", observation->message);
    json_integer(&json, "took_ms", observation->took.ms);
    json_string(&json, "status", status_name(observation->status));
    json_bool(&json, "again", observation->again);
    json_close_object(&json);
    pthread_mutex_lock(&probe->lock);
    puts(line);
    pthread_mutex_unlock(&probe->lock);
}

static void wait_until_outstanding(struct probe *probe, unsigned most) {
    pthread_mutex_lock(&probe->lock);
    while (probe->outstanding > most) pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
}

static bool start(struct probe *probe, const char *name) {
    pthread_mutex_lock(&probe->lock);
    probe->outstanding++;
    pthread_mutex_unlock(&probe->lock);
    enum status status = probe_call(probe, name);
    if (status == STATUS_OK) return true;
    pthread_mutex_lock(&probe->lock);
    probe->outstanding--;
    printf("{\"submit\":\"%s\"}\n", status_name(status));
    probe->failed = true;
    pthread_mutex_unlock(&probe->lock);
    return false;
}

static void run(struct probe *probe, const char *name) {
    int64_t count = probe_number(probe, "count", 1);
    int64_t sequence = probe_number(probe, "sequence", 1);
    int64_t destroy_ms = probe_number(probe, "destroy_ms", -1);
    for (int64_t s = 0; s < sequence; s++) {
        for (int64_t i = 0; i < count; i++) (void)start(probe, name); /* counted in `failed` */
        if (destroy_ms < 0) wait_until_outstanding(probe, 0);
    }
    const char *then = probe_argument(probe, "then", 0);
    if (then != NULL) {
        probe->order.lane = AWS_LANE_RECOVERY;
        (void)start(probe, then); /* counted in `failed` */
    }
    if (destroy_ms > 0) {
        struct timespec pause = {destroy_ms / 1000, destroy_ms % 1000 * 1000000};
        (void)nanosleep(&pause, NULL); /* a signal may only shorten it */
    }
}

/* The call table, and what the environment makes of each service's endpoint. */
static int list(void) {
    struct aws_environment environment = aws_environment_of_process();
    char region[AWS_REGION_SIZE];
    if (aws_region_from_environment(&environment, region) != STATUS_OK) return 1;
    for (int call = 0; call < AWS_CALL_COUNT; call++) {
        const struct aws_call_row *row = aws_call_row((enum aws_call)call);
        struct aws_endpoint endpoint;
        enum status status = aws_endpoint_resolve(&environment, row->service, region, &endpoint);
        printf("{\"operation\":\"%s\",\"service\":\"%s\",\"version\":\"%s\",\"action\":\"%s\","
               "\"token\":\"%s\",\"endpoint\":\"%s\"}\n",
               row->operation, aws_service_row(row->service)->name,
               aws_service_row(row->service)->version, row->iam_action, row->token_field,
               status == STATUS_OK ? endpoint.url : status_name(status));
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    if (strcmp(argv[1], "sign") == 0) return probe_sign();
    if (strcmp(argv[1], "list") == 0) return list();
    struct probe probe = {.argc = argc - 2, .argv = argv + 2};
    pthread_mutex_init(&probe.lock, NULL);
    pthread_cond_init(&probe.changed, NULL);
    const char *lane = probe_argument(&probe, "lane", 0);
    bool read = lane != NULL && strcmp(lane, "read") == 0;
    probe.order = (struct aws_order){.lane = read ? AWS_LANE_READ : AWS_LANE_RECOVERY,
                                     .deadline = {probe_number(&probe, "deadline_ms", 20000)},
                                     .context = &probe};
    struct aws_options options = {
        .profile = probe_argument(&probe, "profile", 0),
        .attempt_timeout = {probe_number(&probe, "timeout_ms", 5000)},
        .rate_scale = (double)probe_number(&probe, "rate", 1000),
        .observer = observe,
        .observer_context = &probe,
    };
    enum status status = aws_create(&options, &probe.aws);
    if (status != STATUS_OK) {
        printf("{\"create\":\"%s\"}\n", status_name(status));
        return 1;
    }
    run(&probe, argv[1]);
    printf("{\"tokens\":%d}\n", aws_retry_tokens(probe.aws, AWS_SERVICE_EC2));
    aws_destroy(probe.aws);
    if (probe.outstanding != 0) {
        printf("{\"lost\":%u}\n", probe.outstanding);
        return 1;
    }
    return probe.failed ? 1 : 0;
}
