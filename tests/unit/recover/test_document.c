/* docs/recovery.md shows the tables that run: each filled cell is a line of it, and it has no
 * others. After a change of a table, EAR_WRITE=1 prints the lines to put there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/decide/rules.h"
#include "aggregator/recover/recover.h"
#include "tests/support/unit.h"

#define DOCUMENT_MAX (256 * 1024)

static char *document(void) {
    char path[512];
    snprintf(path, sizeof path, "%s/docs/recovery.md", getenv("EAR_SOURCE"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, DOCUMENT_MAX);
    size_t length = fread(text, 1, DOCUMENT_MAX - 1, file);
    assert_true(length > 0 && length < DOCUMENT_MAX - 1);
    fclose(file);
    return text;
}

static void plan_name(enum rung rung, unsigned leg, char *out, size_t size) {
    snprintf(out, size, "%s%s%s", rung_name(rung), leg == 0 ? "" : ", leg ",
             recover_leg_name((enum recover_leg)leg));
}

/* One line a state: "| state | input: action -> next; ... |". */
static void state_line(const recover_table *table, unsigned s, char *out, size_t size) {
    int used = snprintf(out, size, "| %s | ", recover_state_name((enum recover_state)s));
    bool first = true;
    for (unsigned in = 0; in < RECOVER_INPUT_COUNT; in++) {
        const struct recover_cell *cell = &(*table)[s][in];
        if (cell->action == RECOVER_DO_NOTHING) continue;
        used += snprintf(out + used, size - (size_t)used, "%s%s: %s → **%s**", first ? "" : "; ",
                         recover_input_name((enum recover_input)in),
                         recover_action_name(cell->action), recover_state_name(cell->next));
        first = false;
    }
    snprintf(out + used, size - (size_t)used, " |");
    if (first) out[0] = '\0';
}

TEST(every_table_stands_in_the_document) {
    (void)state;
    char *text = document();
    bool write = getenv("EAR_WRITE") != NULL;
    unsigned missing = 0, lines = 0;
    for (unsigned r = RUNG_RESTART_SERVICE; r < RUNG_COUNT; r++)
        for (unsigned leg = 0; leg < RECOVER_LEG_COUNT; leg++) {
            const recover_table *table = recover_plan((enum rung)r, (enum recover_leg)leg);
            if (table == NULL) continue;
            char name[64];
            plan_name((enum rung)r, leg, name, sizeof name);
            if (write)
                printf("\n### %s\n\n| state | on input: action → next state |\n| --- | --- |\n",
                       name);
            if (strstr(text, name) == NULL) missing++;
            for (unsigned s = 0; s < RECOVER_STATE_COUNT; s++) {
                char line[2048];
                state_line(table, s, line, sizeof line);
                if (line[0] == '\0') continue;
                lines++;
                if (write) printf("%s\n", line);
                if (strstr(text, line) == NULL) {
                    if (!write) fprintf(stderr, "%s lacks %s\n", name, line);
                    missing++;
                }
            }
        }
    assert_true(missing == 0 || write);
    unsigned shown = 0;
    for (const char *at = text; (at = strstr(at, "\n| ")) != NULL; at++) {
        const char *end = strchr(at + 1, '\n');
        const char *arrow = strstr(at, "→ **");
        if (arrow != NULL && end != NULL && arrow < end) shown++;
    }
    assert_true(lines == shown || write);
    free(text);
}

/* In the order in which they are asked, and with what they bind. */
TEST(every_rule_stands_in_the_document) {
    (void)state;
    char *text = document();
    const char *last = text;
    for (size_t i = 0; i < decide_rule_count; i++) {
        const struct decide_rule *rule = &decide_rules[i];
        char cell[96];
        snprintf(cell, sizeof cell, "\n| `%s` | %s |", rule->name,
                 rule->binding == DECIDE_BINDS_ALWAYS ? "always" : "start");
        const char *found = strstr(text, cell);
        if (found == NULL) fail_msg("docs/recovery.md lacks%s", cell);
        if (found < last) fail_msg("docs/recovery.md has%s before its predecessor", cell);
        last = found;
    }
    free(text);
}
