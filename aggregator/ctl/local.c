/* The local verbs: replay, pki, config validate, version. */
#include "aggregator/ctl/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/pki/pki.h"
#include "aggregator/replay/replay.h"
#include "common/config_load/config_load.h"

int local_run_raw(const struct verb *verb, int count, char **words) {
    /* Those parsers see their own name first, as a program does. */
    char **arguments = calloc((size_t)count + 2, sizeof *arguments);
    if (arguments == NULL) {
        fprintf(stderr, "earctl: out of memory\n");
        return 1;
    }
    arguments[0] = (char *)verb->name;
    for (int i = 0; i < count; i++) arguments[i + 1] = words[i];
    int code = strcmp(verb->name, "replay") == 0 ? replay_main(count + 1, arguments)
                                                 : pki_main(count + 1, arguments);
    free(arguments);
    return code;
}

/* The structs are too large for the stack. */
static int check_config(const char *path, bool agent) {
    struct config_load *load = NULL;
    void *config = malloc(agent ? sizeof(struct agent_config) : sizeof(struct aggregator_config));
    enum status status = STATUS_NO_MEMORY;
    if (config != NULL)
        status = agent ? config_load_agent(path, config, &load)
                       : config_load_aggregator(path, config, &load);
    int code = (int)config_load_verdict(load, status, stdout, stderr);
    config_load_destroy(load);
    free(config);
    return code;
}

int local_run(const struct arguments *arguments) {
    if (strcmp(arguments->verb->name, "version") == 0) {
        printf("earctl " EAR_VERSION "\n");
        return 0;
    }
    return check_config(arguments->positional[0], arguments_get(arguments, "agent") != NULL);
}
