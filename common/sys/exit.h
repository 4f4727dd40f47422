/* Exit codes of all programs (INTERFACES 2.3); scripts rely on them, so they never change. */
#ifndef EAR_COMMON_SYS_EXIT_H
#define EAR_COMMON_SYS_EXIT_H

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1, /* also: `-t` found a fault in the configuration */
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_NOT_HEALTHY = 3,
    EXIT_CODE_NOT_AUTHORISED = 4,
    EXIT_CODE_NOT_FOUND = 5,
    EXIT_CODE_REFUSED = 6, /* by a safety rule */
    EXIT_CODE_UNREACHABLE = 7,
    EXIT_CODE_TIMED_OUT = 8,
    EXIT_CODE_WOULD_CHANGE = 9,
    EXIT_CODE_PREDICTED = 10,
    /* A daemon started with a configuration it refuses: sysexits' EX_CONFIG, so that a unit can
     * name it in RestartPreventExitStatus= instead of looping. */
    EXIT_CODE_CONFIG = 78,
};

#endif
