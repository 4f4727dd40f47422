/* The kernel's text is trusted more than the network's, but a proc_path may be anything: every
 * parser takes any bytes. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/cgroup.h"
#include "agent/sample/cpu.h"
#include "agent/sample/disk.h"
#include "agent/sample/diskio.h"
#include "agent/sample/memory.h"
#include "agent/sample/network.h"
#include "agent/sample/own.h"
#include "agent/sample/pressure.h"
#include "agent/sample/service.h"
#include "agent/sample/uptime.h"
#include "agent/sample/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void accept(enum status status) { (void)status; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct cpu_core cores[CPU_CORES_MAX];
    static struct disk_mount mounts[DISK_MOUNTS_MAX];
    static const struct filter everything;
    const char *text = (const char *)data;
    struct cpu_reading cpu;
    struct memory_reading memory;
    struct memory_vm vm;
    struct pressure_reading pressure;
    struct process_stat process;
    struct service_limits limits;
    struct diskio_row disk;
    struct network_row interface;
    char group[CGROUP_PATH_SIZE], volume[SERIES_VOLUME_SIZE];
    double number;
    uint64_t count;
    accept(parse_cpu(text, size, &cpu, cores));
    if (parse_meminfo(text, size, &memory) == STATUS_OK && memory.available > memory.total) abort();
    parse_vmstat(text, size, &vm);
    accept(parse_pressure(text, size, &pressure));
    accept(parse_process_stat(text, size, &process));
    accept(parse_loadavg(text, size, &number, &count));
    if (parse_file_nr(text, size, &number) == STATUS_OK && !isfinite(number)) abort();
    accept(parse_uptime(text, size, &number));
    accept(parse_statm(text, size, &count));
    accept(parse_snmp(text, size, &count));
    accept(parse_process_cgroup(text, size, "memory", group));
    accept(parse_volume_serial(text, size, volume));
    parse_limits(text, size, &limits);
    (void)parse_diskstats_line(text, size, &disk);
    (void)parse_net_dev_line(text, size, &interface);
    if (parse_mountinfo(text, size, &everything, mounts) > DISK_MOUNTS_MAX) abort();
    return 0;
}
