/* One look at this machine; owns everything it makes. Main thread. */
#include "agent/once.h"

#include <stdlib.h>
#include <string.h>

#include "agent/setup.h"
#include "common/base/json_write.h"
#include "common/sys/clock.h"

#define PAUSE_MS        1000
#define SCAN_MAX        100000 /* processes looked at, once for all */
#define MISSING_MAX     SOURCE_COUNT
#define JSON_SIZE       (96 * 1024)
#define CHECK_PAUSE_MAX 1000 /* ms between two looks at the checks */

struct once {
    struct sampler *sampler;
    struct health *health;
    struct sample sample;
    struct now at;
    struct boot_id boot;
    uint16_t check_count;
    struct check_result checks[HEALTH_CHECKS_MAX];
    size_t missing_count;
    const char *missing[MISSING_MAX], *missing_metrics[MISSING_MAX];
    char json[JSON_SIZE];
};

/* Each check is to give its one result: no rows, no grace. */
static enum status make_health(const struct agent_config *config, struct once *once) {
    struct health_check checks[HEALTH_CHECKS_MAX];
    size_t count = setup_checks(config, checks);
    for (size_t i = 0; i < count; i++) {
        checks[i].rise = checks[i].fall = 1;
        checks[i].grace = duration_ms(0);
        checks[i].interval = duration_s(3600);
    }
    struct health_options options = {config->proc_path, setup_bus_socket(), count, checks};
    return health_create(&options, sys_now(), &once->health);
}

static bool all_known(struct once *once) {
    once->check_count = health_results(once->health, once->checks);
    for (uint16_t i = 0; i < once->check_count; i++)
        if (once->checks[i].state == CHECK_UNKNOWN) return false;
    return true;
}

/* Ends by itself: each check has a time-out. */
static void run_checks(struct once *once) {
    struct pollfd fds[HEALTH_CHECKS_MAX];
    while (!all_known(once)) {
        struct now now = sys_now();
        (void)health_run(once->health, now); /* changes are seen by all_known() */
        size_t count = health_poll(once->health, fds);
        int64_t wait = health_due(once->health).ms - now.boot.ms;
        if (wait > CHECK_PAUSE_MAX) wait = CHECK_PAUSE_MAX;
        if (wait > 0 && !all_known(once)) (void)poll(fds, (nfds_t)count, (int)wait);
    }
}

static void take_pair(struct once *once) {
    sampler_take(once->sampler, sys_now(), &once->sample);
    (void)poll(NULL, 0, PAUSE_MS); /* rates need a span */
    once->at = sys_now();
    sampler_take(once->sampler, once->at, &once->sample);
    /* Without a boot id everything else is still worth printing. */
    if (sampler_boot_id(once->sampler, &once->boot) != STATUS_OK) once->boot.text[0] = '\0';
    const char *metrics, *file;
    while (once->missing_count < MISSING_MAX &&
           (file = sampler_missing(once->sampler, &metrics)) != NULL) {
        once->missing[once->missing_count] = file;
        once->missing_metrics[once->missing_count++] = metrics;
    }
}

static const struct series_name *name_of(const struct once *once, uint16_t number) {
    const struct series_dictionary *dictionary = sampler_dictionary(once->sampler);
    for (uint16_t i = 0; i < dictionary->count; i++)
        if (dictionary->names[i].number == number) return &dictionary->names[i];
    return NULL;
}

static const char *unit_of(const struct series_name *name) {
    enum metric metric;
    if (metric_find(name->name, strlen(name->name), &metric) != STATUS_OK) return "";
    return metric_unit_text(metric_row(metric)->unit);
}

static void write_members(const struct once *once, struct json_writer *json) {
    json_open_array(json, "members");
    for (uint16_t i = 0; i < once->sample.further_count; i++) {
        const struct series_name *name = name_of(once, once->sample.further[i].number);
        if (name == NULL) continue;
        json_open_object(json, NULL);
        json_string(json, "family", series_family_name(name->family));
        json_string(json, "name", name->name);
        json_string(json, "member", name->member);
        if (name->volume[0] != '\0') json_string(json, "volume", name->volume);
        json_float(json, "value", once->sample.further[i].value);
        json_close_object(json);
    }
    json_close_array(json);
}

static void write_checks(const struct once *once, struct json_writer *json) {
    json_open_array(json, "checks");
    for (uint16_t i = 0; i < once->check_count; i++) {
        json_open_object(json, NULL);
        json_string(json, "name", once->checks[i].name);
        json_string(json, "state", check_state_name(once->checks[i].state));
        json_string(json, "detail", once->checks[i].detail);
        json_string(json, "unit", once->checks[i].unit);
        json_close_object(json);
    }
    json_close_array(json);
}

static enum status print_json(struct once *once, const struct agent_config *config, FILE *out) {
    char time[CLOCK_RFC3339_SIZE];
    struct text text = text_over(once->json, sizeof once->json);
    struct json_writer json = json_writer_over(&text);
    json_open_object(&json, NULL);
    json_integer(&json, "schema", REPORT_SCHEMA);
    json_string(&json, "version", EAR_VERSION);
    json_string(&json, "instance", config->instance_id);
    json_string(&json, "boot_id", once->boot.text);
    json_string(&json, "time", wall_format_ms(once->at.wall, time));
    json_fixed(&json, "interval_s", once->sample.elapsed_s, 3);
    json_open_object(&json, "metrics");
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        if (metric_has(&once->sample.core, (enum metric)m))
            json_float(&json, metric_row((enum metric)m)->name, once->sample.core.values[m]);
    json_close_object(&json);
    write_members(once, &json);
    write_checks(once, &json);
    json_open_array(&json, "missing");
    for (size_t i = 0; i < once->missing_count; i++) json_string(&json, NULL, once->missing[i]);
    json_close_array(&json);
    json_close_object(&json);
    if (text.truncated) return STATUS_TOO_LARGE;
    (void)fprintf(out, "%s\n", once->json); /* the caller's last close tells */
    return STATUS_OK;
}

static void print_text(const struct once *once, const struct agent_config *config, FILE *out) {
    char time[CLOCK_RFC3339_SIZE];
    (void)fprintf(out, "ear-agent %s  %s  instance %s  boot %s\n\n", EAR_VERSION,
                  wall_format(once->at.wall, time),
                  config->instance_id[0] == '\0' ? "not configured" : config->instance_id,
                  once->boot.text[0] == '\0' ? "unknown" : once->boot.text);
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        if (!metric_has(&once->sample.core, (enum metric)m)) continue;
        const struct metric_row *row = metric_row((enum metric)m);
        (void)fprintf(out, "%-28s %16.2f %-8s %s\n", row->name, (double)once->sample.core.values[m],
                      metric_unit_text(row->unit), row->help);
    }
    if (once->sample.further_count > 0) (void)fprintf(out, "\nmembers\n");
    for (uint16_t i = 0; i < once->sample.further_count; i++) {
        const struct series_name *name = name_of(once, once->sample.further[i].number);
        if (name == NULL) continue;
        (void)fprintf(out, "%-28s %16.2f %-8s %s %s %s\n", name->name,
                      (double)once->sample.further[i].value, unit_of(name),
                      series_family_name(name->family), name->member, name->volume);
    }
    if (once->check_count > 0) (void)fprintf(out, "\nchecks\n");
    for (uint16_t i = 0; i < once->check_count; i++)
        (void)fprintf(out, "%-28s %-8s %s\n", once->checks[i].name,
                      check_state_name(once->checks[i].state), once->checks[i].detail);
    for (size_t i = 0; i < once->missing_count; i++)
        (void)fprintf(out, "%snot here: %s (%s)\n", i == 0 ? "\n" : "", once->missing[i],
                      once->missing_metrics[i]);
}

static enum status look(const struct agent_config *config, bool as_json, FILE *out,
                        struct once *once) {
    struct sampler_options options;
    setup_sampler(config, &options);
    options.scan_max = SCAN_MAX;
    enum status status = sampler_create(&options, &once->sampler);
    if (status == STATUS_OK) status = make_health(config, once);
    if (status != STATUS_OK) return status;
    take_pair(once);
    run_checks(once);
    if (as_json) return print_json(once, config, out);
    print_text(once, config, out);
    return STATUS_OK;
}

enum status once_run(const struct agent_config *config, bool as_json, FILE *out,
                     bool *healthy_out) {
    struct once *once = calloc(1, sizeof *once);
    if (once == NULL) return STATUS_NO_MEMORY;
    enum status status = look(config, as_json, out, once);
    bool healthy = true;
    for (uint16_t i = 0; i < once->check_count; i++)
        healthy = healthy && once->checks[i].state == CHECK_PASSING;
    *healthy_out = healthy;
    sampler_destroy(once->sampler);
    health_destroy(once->health);
    free(once);
    return status;
}
