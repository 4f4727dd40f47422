/* Stores in a folder of their own, and batches that are waited for. */
#ifndef EAR_TESTS_UNIT_STORE_STORE_FIXTURE_H
#define EAR_TESTS_UNIT_STORE_STORE_FIXTURE_H

#include "aggregator/store/store.h"
#include "tests/support/unit.h"

struct fixture {
    char root[256];      /* made by fixture_make, removed by fixture_remove */
    char directory[300]; /* root/store */
    char key[300];       /* root/audit.pem */
    char place[256];     /* of the last failed opening */
};

void fixture_make(struct fixture *fixture);
void fixture_remove(struct fixture *fixture);
/* A path below the store's folder, in static storage. */
const char *fixture_file(const struct fixture *fixture, const char *name);

enum status fixture_open(struct fixture *fixture, struct store **store_out) MUST_USE;

/* Submits and waits; the batch is consumed. */
enum status commit(struct store *store, struct batch *batch) MUST_USE;
/* One PUT in a batch of its own. */
enum status put(struct store *store, enum record_table table, const char *partition,
                const char *sort, const char *item) MUST_USE;
/* Rows of a table; freed by the caller with store_records_free. */
size_t rows_of(struct store *store, enum record_table table, const char *partition,
               struct record **records_out);

#endif
