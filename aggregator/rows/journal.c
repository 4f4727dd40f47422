/* Segments of the journal: writing, cutting back, removing, reading. The caller holds the journal
 * lock; reading happens before threads start. */
#include "aggregator/rows/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#define VERSION       1
#define HEADER_BYTES  8
#define SEGMENT_MODE  0640
#define PREFIX        "journal-"
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define DIGITS_MAX    18 /* of a segment's number: fits int64_t */
#define BUFFER_BYTES  (1 << 20)

static const uint8_t header[HEADER_BYTES] = {'E', 'A', 'R', 'J', VERSION, 0, 0, 0};

static bool segment_path(const char *folder, uint64_t segment, char path[JOURNAL_PATH_SIZE]) {
    struct text text = text_over(path, JOURNAL_PATH_SIZE);
    text_add(&text, folder);
    text_add(&text, "/" PREFIX);
    text_add_unsigned(&text, segment);
    return !text.truncated;
}

void journal_init(struct journal *journal, const char *folder, uint64_t oldest, uint64_t last) {
    memset(journal, 0, sizeof *journal);
    journal->fd = -1;
    journal->segment = last;
    journal->oldest = oldest > 0 ? oldest : last + 1;
    struct text text = text_over(journal->folder, sizeof journal->folder);
    text_add(&text, folder);
    ASSERT(!text.truncated); /* rows_create has refused longer ones */
}

void journal_fini(struct journal *journal) { file_close(&journal->fd); }

/* The old segment's last second may not be synced yet: nobody else will do it later. */
static void close_segment(struct journal *journal) {
    if (journal->fd < 0) return;
    enum status status = file_sync(journal->fd);
    if (status != STATUS_OK)
        log_event(LOG_LEVEL_ERROR, "journal.sync_failed", log_status("status", status),
                  log_unsigned("segment", journal->segment));
    file_close(&journal->fd);
}

static enum status open_segment(struct journal *journal, int64_t label) {
    char path[JOURNAL_PATH_SIZE];
    if (!segment_path(journal->folder, journal->segment + 1, path)) return STATUS_TOO_LARGE;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, SEGMENT_MODE);
    if (fd < 0) return sys_status(errno);
    enum status status = file_append(fd, header, sizeof header);
    if (status == STATUS_OK) status = file_sync_folder(path);
    if (status != STATUS_OK) {
        file_close(&fd);
        (void)unlink(path); /* an empty or headless segment would be read as torn: no harm */
        return status;
    }
    journal->fd = fd;
    journal->segment++;
    journal->label = label;
    journal->good_bytes = sizeof header;
    journal->synced_bytes = 0;
    return STATUS_OK;
}

enum status journal_ready(struct journal *journal, int64_t label, int64_t block_length) {
    if (journal->folder[0] == '\0') return STATUS_OK;
    /* One block back is a thread that took its time just before the turn of the block. */
    bool fits = label <= journal->label && label >= journal->label - block_length;
    if (journal->fd >= 0 && fits) return STATUS_OK;
    close_segment(journal);
    return open_segment(journal, label);
}

enum status journal_append(struct journal *journal, const uint8_t *bytes, size_t length) {
    if (journal->folder[0] == '\0') return STATUS_OK;
    ASSERT(journal->fd >= 0);
    enum status status = file_append(journal->fd, bytes, length);
    if (status == STATUS_OK) {
        journal->good_bytes += length;
        journal->total_bytes += length;
        return STATUS_OK;
    }
    /* Part of it may stand there; behind it nothing could be read back. */
    if (ftruncate(journal->fd, (off_t)journal->good_bytes) != 0) close_segment(journal);
    return status;
}

void journal_forget(struct journal *journal, uint64_t needed) {
    char path[JOURNAL_PATH_SIZE];
    while (journal->folder[0] != '\0' && journal->oldest < needed &&
           journal->oldest < journal->segment) {
        if (segment_path(journal->folder, journal->oldest, path) && unlink(path) != 0 &&
            errno != ENOENT) {
            log_event(LOG_LEVEL_WARNING, "journal.remove_failed", log_string("file", path),
                      log_errno("error", errno));
            return;
        }
        journal->oldest++;
    }
}

/* 0 when the name is not a segment's. */
static uint64_t segment_of(const char *name) {
    int64_t number = 0;
    size_t length = strlen(name);
    if (length <= PREFIX_LENGTH || length > PREFIX_LENGTH + DIGITS_MAX) return 0;
    if (memcmp(name, PREFIX, PREFIX_LENGTH) != 0) return 0;
    if (text_parse_integer(name + PREFIX_LENGTH, length - PREFIX_LENGTH, &number) != STATUS_OK)
        return 0;
    return number > 0 ? (uint64_t)number : 0;
}

enum status journal_find(const char *folder, uint64_t *oldest_out, uint64_t *newest_out) {
    DIR *listing = opendir(folder);
    if (!listing) return sys_status(errno);
    uint64_t oldest = 0, newest = 0;
    const struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        uint64_t segment = segment_of(entry->d_name);
        if (segment == 0) continue;
        if (oldest == 0 || segment < oldest) oldest = segment;
        if (segment > newest) newest = segment;
    }
    closedir(listing);
    *oldest_out = oldest;
    *newest_out = newest;
    return STATUS_OK;
}

struct reader {
    int fd;
    uint8_t *bytes;
    size_t from, to;
    bool ended;
};

static enum status refill(struct reader *reader) {
    memmove(reader->bytes, reader->bytes + reader->from, reader->to - reader->from);
    reader->to -= reader->from;
    reader->from = 0;
    ssize_t got;
    do got = read(reader->fd, reader->bytes + reader->to, BUFFER_BYTES - reader->to);
    while (got < 0 && errno == EINTR);
    if (got < 0) return sys_status(errno);
    reader->to += (size_t)got;
    reader->ended = got == 0;
    return STATUS_OK;
}

/* Bytes of the file from the reader's place on: the tail that is not used. */
static uint64_t tail_bytes(const struct reader *reader) {
    struct stat info;
    off_t at = lseek(reader->fd, 0, SEEK_CUR);
    if (fstat(reader->fd, &info) != 0 || at < 0 || info.st_size < at) return 0;
    return (uint64_t)(info.st_size - at) + (reader->to - reader->from);
}

static enum status read_records(struct reader *reader,
                                enum status (*take)(void *context,
                                                    const struct journal_record *record),
                                void *context) {
    struct journal_record record;
    size_t used = 0;
    for (;;) {
        enum status status =
            journal_decode(reader->bytes + reader->from, reader->to - reader->from, &record, &used);
        if (status == STATUS_TOO_FEW && !reader->ended) {
            status = refill(reader);
            if (status != STATUS_OK) return status;
            continue;
        }
        if (status != STATUS_OK) return STATUS_OK; /* the torn tail: never acknowledged */
        reader->from += used;
        status = take(context, &record);
        if (status != STATUS_OK) return status;
    }
}

static enum status read_segment(struct reader *reader,
                                enum status (*take)(void *context,
                                                    const struct journal_record *record),
                                void *context, uint64_t *torn_bytes_out) {
    enum status status = refill(reader);
    if (status != STATUS_OK) return status;
    bool whole = reader->to >= HEADER_BYTES && memcmp(reader->bytes, header, 4) == 0;
    if (whole && reader->bytes[4] > VERSION) return STATUS_NEWER;
    if (whole) {
        reader->from = HEADER_BYTES;
        status = read_records(reader, take, context);
    }
    *torn_bytes_out = tail_bytes(reader);
    return status;
}

enum status journal_read(const char *folder, uint64_t segment,
                         enum status (*take)(void *context, const struct journal_record *record),
                         void *context, uint64_t *torn_bytes_out) {
    char path[JOURNAL_PATH_SIZE];
    *torn_bytes_out = 0;
    if (!segment_path(folder, segment, path)) return STATUS_TOO_LARGE;
    struct reader reader = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (reader.fd < 0) return sys_status(errno);
    reader.bytes = malloc(BUFFER_BYTES);
    enum status status =
        reader.bytes ? read_segment(&reader, take, context, torn_bytes_out) : STATUS_NO_MEMORY;
    free(reader.bytes);
    file_close(&reader.fd);
    return status;
}
