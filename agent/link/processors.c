/* nng starts worker, expiry and poll threads by the number of processors, and an agent on a machine
 * of 96 needs no more of them than one on a machine of 2. The linker sends every sysconf() of the
 * program here (-Wl,--wrap=sysconf): asked for processors it says one, else the truth. The agent's
 * own collectors count processors in /proc/stat. No data; any thread. */
#include <unistd.h>

/* Names that the linker's --wrap prescribes. */
long __real_sysconf(int name);
long __wrap_sysconf(int name);

long __wrap_sysconf(int name) {
    if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF) return 1;
    return __real_sysconf(name);
}
