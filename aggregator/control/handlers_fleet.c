/* status, instances, instance show, predictions: a snapshot of the engine, rendered. Worker's
 * thread. */
#include <string.h>

#include "aggregator/control/handlers.h"

#define SERIES_POINTS 48

static int read_filter(struct request *request, struct fleet_filter *filter) {
    char sort[16];
    double least = 0;
    if (request_text(request, "az", filter->zone, sizeof filter->zone) != STATUS_OK ||
        request_text(request, "only", filter->only, sizeof filter->only) != STATUS_OK ||
        request_text(request, "sort", sort, sizeof sort) != STATUS_OK ||
        request_number(request, "min-confidence", 0, 1, 0, &least) != STATUS_OK)
        return EXIT_CODE_USAGE;
    filter->confidence_min = (float)least;
    filter->sort = strcmp(sort, "name") == 0 ? FLEET_SORT_NAME
                   : strcmp(sort, "az") == 0 ? FLEET_SORT_ZONE
                                             : FLEET_SORT_RISK;
    return 0;
}

typedef enum status (*fleet_writer)(const struct fleet_snapshot *, const struct fleet_filter *,
                                    const struct report_view *, struct text *);

static int write_fleet(struct request *request, struct text *out, fleet_writer write,
                       struct fleet_filter filter) {
    struct fleet_snapshot *snapshot CLEANUP(snapshot_free) = NULL;
    int code = read_filter(request, &filter);
    if (code == 0) code = take_snapshot(request, &snapshot);
    if (code == 0) code = written(request, write(snapshot, &filter, &request->view, out));
    if (code != 0) return code;
    return request_flag(request, "exit-code") ? report_exit_code(snapshot) : 0;
}

int do_status(struct request *request, struct text *out) {
    struct fleet_filter filter = {.hide_healthy = !request_flag(request, "all")};
    return write_fleet(request, out, report_status, filter);
}

int do_instances(struct request *request, struct text *out) {
    return write_fleet(request, out, report_instances, (struct fleet_filter){.zone = ""});
}

int do_predictions(struct request *request, struct text *out) {
    return write_fleet(request, out, report_predictions, (struct fleet_filter){.zone = ""});
}

int do_instance_show(struct request *request, struct text *out) {
    static const enum metric shown[] = {METRIC_CPU_USER,  METRIC_MEM_USED,
                                        METRIC_DISK_USED, METRIC_DISKIO_AWAIT,
                                        METRIC_FD_USED,   METRIC_SERVICE_MEMORY_USED};
    struct fleet_snapshot *snapshot CLEANUP(snapshot_free) = NULL;
    const struct member_summary *member;
    struct report_series series[ARRAY_LENGTH(shown)];
    float values[ARRAY_LENGTH(shown)][SERIES_POINTS];
    char wanted[40];
    struct duration since;
    size_t count = 0;
    if (request_duration(request, "since", duration_ms(HANDLERS_WEEK_MS), &since) != STATUS_OK ||
        request_text(request, "metric", wanted, sizeof wanted) != STATUS_OK)
        return EXIT_CODE_USAGE;
    int code = take_snapshot(request, &snapshot);
    if (code == 0) code = find_member(request, snapshot, &member);
    if (code != 0) return code;
    size_t tries = wanted[0] != '\0' ? 1 : ARRAY_LENGTH(shown);
    for (size_t i = 0; i < tries; i++) {
        const char *metric = wanted[0] != '\0' ? wanted : metric_row(shown[i])->name;
        size_t points =
            read_series(request, &member->facts.id, metric, since, values[count], SERIES_POINTS);
        if (points == 0) continue;
        series[count] = (struct report_series){metric, values[count], points};
        count++;
    }
    if (wanted[0] != '\0' && count == 0)
        (void)request_fail(request, 0, "no values of this metric in that time", wanted);
    code = written(request, report_instance(member, series, count, &request->view, out));
    if (code != 0) return code;
    return request_flag(request, "exit-code") ? report_member_exit_code(member) : 0;
}
