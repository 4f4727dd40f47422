/* Any bytes as a configuration file: no fault, and what is taken prints as text that gives the
 * same. */
#include <stdlib.h>
#include <string.h>

#include "common/config/agent_options.h"
#include "common/config/aggregator_options.h"

#define PRINTED_SIZE (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct config_load load;
static char printed[PRINTED_SIZE];

static void require(bool condition) {
    if (!condition) abort();
}

static enum status read_file(const struct config_table *table, void *target, const char *bytes,
                             size_t length) {
    config_begin(&load, table, target);
    config_apply_file(&load, "f", bytes, length, false);
    enum status status = config_finish(&load);
    require((status == STATUS_OK) == (load.findings.errors == 0));
    for (size_t i = 0; i < load.findings.count; i++) {
        const char *text = load.findings.items[i].text;
        require(text[0] != '\0');
        for (size_t j = 0; text[j] != '\0'; j++) require((unsigned char)text[j] >= 0x20);
    }
    return status;
}

static void check(const struct config_table *table, void *target, void *again, const char *bytes,
                  size_t length) {
    if (read_file(table, target, bytes, length) != STATUS_OK) return;
    struct text out = text_over(printed, sizeof printed);
    config_print(&load, &out);
    require(!out.truncated);
    require(read_file(table, again, printed, out.length) == STATUS_OK);
    const struct config_option *changed[1];
    require(config_changes(table, target, again, changed, 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static struct agent_config agent, agent_again;
    static struct aggregator_config aggregator, aggregator_again;
    /* A copy of exactly this size, so that a read past the end is seen. */
    char *copy = malloc(size);
    if (size > 0 && copy == NULL) return 0;
    if (size > 0) memcpy(copy, bytes, size);
    check(&agent_table, &agent, &agent_again, copy, size);
    check(&aggregator_table, &aggregator, &aggregator_again, copy, size);
    free(copy);
    return 0;
}
