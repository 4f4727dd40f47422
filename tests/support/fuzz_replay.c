/* Runs a fuzz target over files, for builds without libFuzzer: each argument is a file or a folder
 * of files; each input is also cut short at up to PREFIXES_MAX places, since a truncated message is
 * the commonest bad one. Inputs lie in heap blocks of their exact size, so that the address
 * sanitizer sees the first byte read past the end. One thread; fails when it found no input. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PREFIXES_MAX    256        /* cuts tried for one input */
#define INPUT_BYTES_MAX (1U << 20) /* a seed larger than this is a mistake */
#define PATH_BYTES      4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs_run;

static void run_copy(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    if (size) memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size); /* libFuzzer ignores it too unless it is -1 */
    free(copy);
}

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_BYTES_MAX);
    if (!file || !data) {
        fprintf(stderr, "%s: cannot be read\n", path);
        if (file) fclose(file);
        free(data);
        return 1;
    }
    size_t size = fread(data, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    run_copy(data, size);
    size_t step = size / PREFIXES_MAX + 1;
    for (size_t cut = 0; cut < size; cut += step) run_copy(data, cut);
    free(data);
    inputs_run++;
    return 0;
}

static int run_folder(const char *folder) {
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "%s: cannot be read\n", folder);
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        free(names[i]);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) failed |= run_file(path);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv) {
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        bool folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        failed |= folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    printf("%u inputs replayed, each also cut short\n", inputs_run);
    return failed || inputs_run == 0;
}
