/* The fixture of the store's tests: folders under TMPDIR, and a wait for completions. */
#include "tests/unit/store/store_fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fixture_make(struct fixture *fixture) {
    memset(fixture, 0, sizeof *fixture);
    strcpy(fixture->root, "/tmp/ear-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    snprintf(fixture->directory, sizeof fixture->directory, "%s/store", fixture->root);
    snprintf(fixture->key, sizeof fixture->key, "%s/audit.pem", fixture->root);
}

static void remove_files(const char *path) {
    char file[600];
    DIR *folder = opendir(path);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') unlink(file);
    }
    closedir(folder);
}

void fixture_remove(struct fixture *fixture) {
    (void)chmod(fixture->directory, 0700);
    remove_files(fixture->directory);
    rmdir(fixture->directory);
    remove_files(fixture->root);
    assert_int_equal(rmdir(fixture->root), 0);
}

const char *fixture_file(const struct fixture *fixture, const char *name) {
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    return path;
}

enum status fixture_open(struct fixture *fixture, struct store **store_out) {
    struct store_options options = {.directory = fixture->directory,
                                    .audit_key_file = fixture->key,
                                    .writer = "agg-1",
                                    .checkpoint = {60000}};
    return store_open_sqlite(&options, store_out, fixture->place);
}

/* A completion that somebody waits for. */
struct completion {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    enum status status;
    uint64_t batch_id;
};

static void complete(void *arg, uint64_t batch_id, enum status status) {
    struct completion *c = arg;
    pthread_mutex_lock(&c->lock);
    c->done = true;
    c->status = status;
    c->batch_id = batch_id;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

enum status commit(struct store *store, struct batch *batch) {
    struct completion c = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    uint64_t id = batch->id;
    enum status status = store_submit(store, batch, complete, &c);
    if (status != STATUS_OK) {
        batch_destroy(batch);
        return status;
    }
    pthread_mutex_lock(&c.lock);
    while (!c.done) pthread_cond_wait(&c.changed, &c.lock);
    pthread_mutex_unlock(&c.lock);
    assert_int_equal(c.batch_id, id);
    return c.status;
}

enum status put(struct store *store, enum record_table table, const char *partition,
                const char *sort, const char *item) {
    struct batch *batch = batch_create(7);
    assert_non_null(batch);
    assert_string_equal(status_name(batch_add(batch, RECORD_PUT, table, partition, sort, item)),
                        "ok");
    return commit(store, batch);
}

size_t rows_of(struct store *store, enum record_table table, const char *partition,
               struct record **records_out) {
    struct store_query query = {.table = table, .limit = 100};
    snprintf(query.partition, sizeof query.partition, "%s", partition);
    size_t count = 0;
    assert_string_equal(status_name(store_read(store, &query, records_out, &count)), "ok");
    return count;
}
