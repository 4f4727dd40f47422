/* Finding a member by what a person typed, and the exit code of a state; pure over a snapshot. */
#include <string.h>

#include "aggregator/report/fleet_report.h"
#include "common/base/nearest.h"
#include "common/sys/exit.h"

static void hint_nearest(const struct fleet_snapshot *s, const char *name, struct text *hint) {
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < s->count; i++) {
        nearest_try(&nearest, s->members[i].facts.name);
        nearest_try(&nearest, s->members[i].facts.id.text);
    }
    if (nearest.found == NULL) return;
    text_add(hint, "did you mean ");
    text_add(hint, nearest.found);
    text_add(hint, "?");
}

enum status report_find(const struct fleet_snapshot *s, const char *name,
                        const struct member_summary **member_out, char *hint_out) {
    const struct member_summary *found = NULL;
    struct text hint = text_over(hint_out, REPORT_HINT_SIZE);
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct member_summary *m = &s->members[i];
        if (strcmp(m->facts.id.text, name) == 0) {
            *member_out = m;
            return STATUS_OK;
        }
        if (m->facts.name[0] == '\0' || strcmp(m->facts.name, name) != 0) continue;
        found = m;
        text_add(&hint, count++ == 0 ? "several have this name: " : ", ");
        text_add(&hint, m->facts.id.text);
    }
    if (count > 1) return STATUS_EXISTS;
    hint = text_over(hint_out, REPORT_HINT_SIZE);
    if (count == 0) {
        hint_nearest(s, name, &hint);
        return STATUS_NOT_FOUND;
    }
    *member_out = found;
    return STATUS_OK;
}

bool report_is_problem(const struct member_summary *m) {
    return m->state != MEMBER_HEALTHY && m->state != MEMBER_RESTING;
}

int report_member_exit_code(const struct member_summary *m) {
    if (m->state == MEMBER_PREDICTED) return EXIT_CODE_PREDICTED;
    return report_is_problem(m) ? EXIT_CODE_NOT_HEALTHY : 0;
}

int report_exit_code(const struct fleet_snapshot *s) {
    int worst = 0;
    for (size_t i = 0; i < s->count; i++) {
        int code = report_member_exit_code(&s->members[i]);
        if (code == EXIT_CODE_NOT_HEALTHY) return code;
        if (code == EXIT_CODE_PREDICTED) worst = code;
    }
    return worst;
}
