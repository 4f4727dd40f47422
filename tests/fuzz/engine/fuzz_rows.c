/* Rows of the store as they may be found at a start: the first byte picks the table, the rest is
 * the item. Whatever it holds, the engine starts, ticks and answers; it may be paused. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/engine/restore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct engine *engine, struct engine_output *output, struct now now) {
    struct event event = {.kind = EVENT_TICK};
    for (unsigned i = 0; i < 4; i++) {
        now.boot.ms += 1000;
        engine_step(engine, &event, now, output);
        if (output->batch == 0) continue;
        struct event done = {.kind = EVENT_BATCH_DONE, .batch = output->batch};
        engine_step(engine, &done, now, output);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum record_table tables[] = {RECORD_INCIDENTS, RECORD_INTENTS, RECORD_META,
                                               RECORD_INSTANCE_CONFIG};
    static struct engine_output output; /* too large for the stack */
    if (size < 1 || size > RECORD_ITEM_SIZE) return 0;
    char *item = malloc(size);
    if (item == NULL) return 0;
    memcpy(item, data + 1, size - 1);
    item[size - 1] = '\0';
    struct engine_options options = engine_options_default();
    options.instances_max = 4;
    const struct now now = {{1000000}, {INT64_C(1772524800000)}};
    struct engine *engine = engine_create(&options, now);
    enum record_table table = tables[data[0] % ARRAY_LENGTH(tables)];
    struct record record = {.item = item};
    const char *key = table == RECORD_META ? "pause" : "i-0123456789abcdef0";
    memcpy(record.partition, key, strlen(key) + 1);
    uint32_t unreadable = 0;
    engine_restore_rows(engine, table, &record, 1, now, &unreadable);
    engine_restored(engine, now);
    struct event file = {.kind = EVENT_PAUSE_FILE}; /* nobody has paused */
    engine_step(engine, &file, now, &output);
    run(engine, &output, now);
    engine_destroy(engine);
    free(item);
    return 0;
}
