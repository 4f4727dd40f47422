/* Files, folder and environment into a typed configuration. Owned by the calling thread throughout.
 */
#include "common/config_load/config_load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/error.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#define PRINT_BYTES_MAX (256 * 1024)
/* One byte beyond the reader's bound, so that it is the reader who says "too large". */
#define BUFFER_BYTES (CONFIG_FILE_BYTES_MAX + 2)

extern char **environ;

static void free_pointer(void *pointer) { free(*(void **)pointer); }

static void fault_file(struct config_load *load, const char *path, const char *sentence) {
    struct text out = config_fault_in(load, CONFIG_ERROR, path);
    text_add(&out, sentence);
}

/* A bounded read with the file's mode. STATUS_NOT_FOUND is for the caller to judge; everything else
 * that failed has its finding, and gives STATUS_MALFORMED. */
static enum status read_source(struct config_load *load, const char *path, char *buffer,
                               size_t *length_out, mode_t *mode_out) {
    CLEANUP(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat about = {0};
    enum status status = STATUS_OK;
    if (fd < 0 || fstat(fd, &about) != 0) status = sys_status(errno);
    if (status == STATUS_NOT_FOUND) return status;
    if (status == STATUS_OK) status = file_read_open(fd, buffer, BUFFER_BYTES, length_out);
    if (status == STATUS_TOO_LARGE) {
        fault_file(load, path, "larger than 256 KiB");
        return STATUS_MALFORMED;
    }
    if (status != STATUS_OK) {
        struct text out = config_fault_in(load, CONFIG_ERROR, path);
        text_add(&out, "cannot be read: ");
        text_add(&out, status_text(status));
        return STATUS_MALFORMED;
    }
    *mode_out = about.st_mode;
    return STATUS_OK;
}

static void apply_file(struct config_load *load, const char *path, bool required, char *buffer) {
    size_t length;
    mode_t mode;
    enum status status = read_source(load, path, buffer, &length, &mode);
    if (status == STATUS_NOT_FOUND && required) fault_file(load, path, "does not exist");
    if (status != STATUS_OK) return;
    /* Who may write this file decides which machines are restarted. */
    if ((mode & S_IWOTH) != 0) fault_file(load, path, "everybody may write it");
    config_apply_file(load, path, buffer, length, (mode & S_IRWXO) == 0);
}

/* Drop-ins */

/* "/etc/ear/agent.json" -> "/etc/ear/agent.d". */
static bool drop_in_folder(const char *path, char folder[static FILE_PATH_SIZE]) {
    size_t length = strlen(path);
    if (length > 5 && strcmp(path + length - 5, ".json") == 0) length -= 5;
    struct text text = text_over(folder, FILE_PATH_SIZE);
    text_add_bytes(&text, path, length);
    text_add(&text, ".d");
    return !text.truncated;
}

static bool is_drop_in(const char *name) {
    size_t length = strlen(name);
    return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".json") == 0;
}

struct drop_ins {
    size_t count;
    char names[CONFIG_DROP_INS_MAX][256]; /* NAME_MAX of Linux is 255 */
};

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

/* A missing folder holds no files. */
static void list_drop_ins(struct config_load *load, const char *folder, struct drop_ins *found) {
    DIR *open_folder = opendir(folder);
    if (open_folder == NULL) {
        if (errno != ENOENT && errno != ENOTDIR)
            fault_file(load, folder, status_text(sys_status(errno)));
        return;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(open_folder);
        if (entry == NULL) break;
        if (!is_drop_in(entry->d_name)) continue;
        if (found->count == CONFIG_DROP_INS_MAX) {
            fault_file(load, folder, "holds more than 40 files");
            break;
        }
        struct text name = text_over(found->names[found->count++], sizeof found->names[0]);
        text_add(&name, entry->d_name);
    }
    /* Half a list could leave out the file that forbids something. */
    if (errno != 0) fault_file(load, folder, status_text(sys_status(errno)));
    (void)closedir(open_folder); /* only read from */
    qsort(found->names, found->count, sizeof found->names[0], by_name);
}

static void apply_drop_ins(struct config_load *load, const char *path, char *buffer) {
    char folder[FILE_PATH_SIZE], file[FILE_PATH_SIZE];
    if (!drop_in_folder(path, folder)) {
        fault_file(load, path, "the path is too long");
        return;
    }
    struct drop_ins found = {0};
    list_drop_ins(load, folder, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct text text = text_over(file, sizeof file);
        text_add(&text, folder);
        text_add(&text, "/");
        text_add(&text, found.names[i]);
        if (text.truncated)
            fault_file(load, folder, "the path is too long");
        else
            apply_file(load, file, true, buffer);
    }
}

/* Secrets */

static bool apply_credential(struct config_load *load, const struct config_option *option,
                             char *buffer) {
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[FILE_PATH_SIZE];
    if (folder == NULL || folder[0] != '/') return false;
    struct text text = text_over(path, sizeof path);
    text_add(&text, folder);
    text_add(&text, "/");
    text_add(&text, option->name);
    size_t length;
    mode_t mode;
    if (text.truncated || read_source(load, path, buffer, &length, &mode) != STATUS_OK)
        return false;
    config_apply_secret(load, option->name, path, buffer, length);
    return true;
}

static void apply_secret_file(struct config_load *load, const struct config_option *option,
                              char *buffer) {
    char name[CONFIG_NAME_SIZE];
    struct text text = text_over(name, sizeof name);
    text_add(&text, option->name);
    text_add(&text, "_file");
    const struct config_table *table = load->table;
    const struct config_option *row = config_find(table->options, table->option_count, name);
    if (row == NULL) return;
    const char *path = (const char *)load->target + row->offset;
    if (path[0] == '\0') return;
    size_t length;
    mode_t mode;
    enum status status = read_source(load, path, buffer, &length, &mode);
    if (status == STATUS_NOT_FOUND) fault_file(load, path, "does not exist");
    if (status != STATUS_OK) return;
    if ((mode & (S_IRWXO | S_IWGRP)) != 0) {
        fault_file(load, path,
                   "holds a secret, but others may read or write it; make it mode 0600");
        return;
    }
    config_apply_secret(load, option->name, path, buffer, length);
}

static void apply_secrets(struct config_load *load, char *buffer) {
    for (size_t i = 0; i < load->table->option_count; i++) {
        const struct config_option *option = &load->table->options[i];
        if (option->secret && !apply_credential(load, option, buffer))
            apply_secret_file(load, option, buffer);
    }
}

/* The whole */

static enum status load_into(struct config_load *load, const char *path, bool required,
                             char *buffer) {
    apply_file(load, path, required, buffer);
    apply_drop_ins(load, path, buffer);
    config_apply_environment(load, (const char *const *)environ);
    apply_secrets(load, buffer);
    return config_finish(load);
}

/* Overwrites what may have held a secret; the call through a volatile pointer is not left out. */
static void wipe(void *bytes, size_t length) {
    static void *(*const volatile set)(void *, int, size_t) = memset;
    set(bytes, 0, length);
}

enum status config_load_table(const struct config_table *table, const char *path,
                              const char *default_path, void *config_out,
                              struct config_load **load_out) {
    *load_out = NULL;
    CLEANUP(free_pointer) char *buffer = malloc(BUFFER_BYTES);
    CLEANUP(free_pointer) void *draft = malloc(table->struct_size);
    struct config_load *load = malloc(sizeof *load);
    if (buffer == NULL || draft == NULL || load == NULL) {
        free(load);
        return STATUS_NO_MEMORY;
    }
    config_begin(load, table, draft);
    enum status status = load_into(load, path == NULL ? default_path : path, path != NULL, buffer);
    if (status == STATUS_OK) memcpy(config_out, draft, table->struct_size);
    load->target = config_out;
    *load_out = load;
    wipe(buffer, BUFFER_BYTES);
    wipe(draft, table->struct_size);
    wipe(load->json.text, sizeof load->json.text);
    return status;
}

enum status config_load_agent(const char *path, struct agent_config *config_out,
                              struct config_load **load_out) {
    return config_load_table(&agent_table, path, CONFIG_AGENT_FILE, config_out, load_out);
}

enum status config_load_aggregator(const char *path, struct aggregator_config *config_out,
                                   struct config_load **load_out) {
    return config_load_table(&aggregator_table, path, CONFIG_AGGREGATOR_FILE, config_out, load_out);
}

static void report_fixed(struct config_load *load, const struct config_option *option) {
    struct text out = config_fault(load, CONFIG_ERROR, option->name);
    text_add(&out, "changed, which needs a restart; the old configuration stays");
}

static enum status refuse_fixed(struct config_load *load, const void *current, const void *wanted) {
    const struct config_option *changed[CONFIG_OPTIONS_MAX];
    size_t count =
        config_not_reloadable(load->table, current, wanted, changed, ARRAY_LENGTH(changed));
    for (size_t i = 0; i < count; i++) report_fixed(load, changed[i]);
    return count == 0 ? STATUS_OK : STATUS_REFUSED;
}

enum status config_reload_agent(const char *path, const struct agent_config *current,
                                struct agent_config *config_out, struct config_load **load_out) {
    enum status status = config_load_agent(path, config_out, load_out);
    return status == STATUS_OK ? refuse_fixed(*load_out, current, config_out) : status;
}

enum status config_reload_aggregator(const char *path, const struct aggregator_config *current,
                                     struct aggregator_config *config_out,
                                     struct config_load **load_out) {
    enum status status = config_load_aggregator(path, config_out, load_out);
    return status == STATUS_OK ? refuse_fixed(*load_out, current, config_out) : status;
}

void config_load_destroy(struct config_load *load) { free(load); }

void config_load_print_findings(const struct config_load *load, FILE *out) {
    const struct config_findings *findings = &load->findings;
    for (size_t i = 0; i < findings->count; i++)
        (void)fprintf(out, "%s%s\n", /* a message for people: nothing better to do when it fails */
                      findings->items[i].severity == CONFIG_WARNING ? "warning: " : "",
                      findings->items[i].text);
    if (findings->dropped > 0) (void)fprintf(out, "and %zu more\n", findings->dropped);
}

enum exit_code config_load_verdict(const struct config_load *load, enum status status, FILE *out,
                                   FILE *errors) {
    if (load == NULL) {
        (void)fprintf(errors, "%s\n", status_text(status));
        return EXIT_CODE_FAILED;
    }
    config_load_print_findings(load, errors);
    if (status != STATUS_OK) return EXIT_CODE_FAILED;
    (void)fprintf(out, "%s: configuration is right (%zu files read)\n", load->table->program,
                  load->source_count);
    return EXIT_CODE_OK;
}

void config_load_log_findings(const struct config_load *load) {
    const struct config_findings *findings = &load->findings;
    for (size_t i = 0; i < findings->count; i++) {
        const struct config_finding *finding = &findings->items[i];
        if (finding->severity == CONFIG_WARNING)
            log_event(LOG_LEVEL_WARNING, "config.warning", log_string("text", finding->text));
        else
            log_event(LOG_LEVEL_ERROR, "config.fault", log_string("text", finding->text));
    }
    if (findings->dropped > 0)
        log_event(LOG_LEVEL_ERROR, "config.more_faults", log_unsigned("count", findings->dropped));
}

static enum status print_text(const struct text *text, FILE *out) {
    ASSERT(!text->truncated); /* the table's bounds keep it below PRINT_BYTES_MAX */
    return fwrite(text->data, 1, text->length, out) == text->length ? STATUS_OK : STATUS_IO;
}

enum status config_load_print(const struct config_load *load, FILE *out) {
    CLEANUP(free_pointer) char *bytes = malloc(PRINT_BYTES_MAX);
    if (bytes == NULL) return STATUS_NO_MEMORY;
    struct text text = text_over(bytes, PRINT_BYTES_MAX);
    config_print(load, &text);
    return print_text(&text, out);
}

enum status config_load_print_man(const struct config_table *table, FILE *out) {
    CLEANUP(free_pointer) char *bytes = malloc(PRINT_BYTES_MAX);
    if (bytes == NULL) return STATUS_NO_MEMORY;
    struct text text = text_over(bytes, PRINT_BYTES_MAX);
    config_print_man(table, &text);
    return print_text(&text, out);
}
