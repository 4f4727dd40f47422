/* The whole sampler over real captures: two moments, two seconds apart, of three of Debian's cloud
 * kernels, each with two processors, one of which a loop keeps busy, a virtio disk and an NVMe disk
 * with an EBS volume's serial number. A link that is turned from the first moment to the second
 * stands for the passing of time. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/sample/sample.h"
#include "tests/unit/sample/capture.h"

struct moment {
    char folder[64]; /* of the two links */
    char proc[80], sys[80];
};

static void turn(const char *link, const char *kernel, const char *moment, const char *what) {
    char here[2048], target[4096];
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(target, sizeof target, "%s/" CAPTURES "%s/%s/%s", here, kernel, moment, what);
    (void)unlink(link);
    assert_int_equal(symlink(target, link), 0);
}

static void turn_to(struct moment *m, const char *kernel, const char *moment) {
    turn(m->proc, kernel, moment, "proc");
    turn(m->sys, kernel, moment, "sys");
}

/* The NVMe disk's series name its volume (U23). */
static void assert_volume(const struct series_dictionary *dictionary) {
    unsigned found = 0;
    for (size_t i = 0; i < dictionary->count; i++) {
        const struct series_name *name = &dictionary->names[i];
        if (strcmp(name->member, "nvme0n1") != 0) continue;
        assert_string_equal(name->volume, "vol-0123456789abcdef0");
        found++;
    }
    assert_true(found >= 3);
}

/* Takes both moments of a kernel into `sample`. */
static void take_both(const char *kernel, struct sample *sample) {
    struct moment m = {.folder = "/tmp/ear-kernels-XXXXXX"};
    struct sampler_options options = {.root_path = "/", .scan_max = 10000};
    struct sampler *sampler;
    assert_non_null(mkdtemp(m.folder));
    (void)snprintf(m.proc, sizeof m.proc, "%s/proc", m.folder);
    (void)snprintf(m.sys, sizeof m.sys, "%s/sys", m.folder);
    (void)snprintf(options.proc_path, sizeof options.proc_path, "%s/", m.proc);
    (void)snprintf(options.sys_path, sizeof options.sys_path, "%s", m.sys);
    turn_to(&m, kernel, "first");
    assert_ok(sampler_create(&options, &sampler));
    sampler_take(sampler, (struct now){{10000}, {1700000010000}}, sample);
    turn_to(&m, kernel, "second");
    sampler_take(sampler, (struct now){{12000}, {1700000012000}}, sample);
    assert_volume(sampler_dictionary(sampler));
    sampler_destroy(sampler);
    (void)unlink(m.proc);
    (void)unlink(m.sys);
    assert_int_equal(rmdir(m.folder), 0);
}

static void assert_within(const struct sample *sample, enum metric metric, double low,
                          double high) {
    assert_true(metric_has(&sample->core, metric));
    double value = (double)sample->core.values[metric];
    if (!(value >= low && value <= high)) print_message("%s %f\n", metric_row(metric)->name, value);
    assert_true(value >= low && value <= high);
}

static void assert_kernel(const char *kernel) {
    struct sample *sample = calloc(1, sizeof *sample);
    take_both(kernel, sample);
    /* One of two processors runs a loop and nothing else. */
    assert_within(sample, METRIC_CPU_USER, 35, 60);
    assert_within(sample, METRIC_CPU_BUSIEST, 90, 100);
    assert_within(sample, METRIC_CPU_STEAL, 0, 5);
    assert_within(sample, METRIC_CPU_IOWAIT, 0, 5);
    assert_within(sample, METRIC_LOAD1, 0, 2);
    assert_within(sample, METRIC_MEM_USED, 1, 50);
    assert_within(sample, METRIC_MEM_AVAILABLE, 200e6, 512e6);
    assert_within(sample, METRIC_MEM_MAJOR_FAULTS, 0, 1);
    assert_within(sample, METRIC_MEM_OOM_KILLS, 0, 0);
    assert_within(sample, METRIC_PRESSURE_CPU, 0, 100);
    assert_within(sample, METRIC_PRESSURE_MEMORY, 0, 0);
    assert_within(sample, METRIC_DISKIO_UTILIZATION, 0, 1);
    assert_within(sample, METRIC_NET_RX_BYTES, 0, 10000);
    assert_within(sample, METRIC_NET_DROPS, 0, 0);
    assert_within(sample, METRIC_TCP_RETRANSMITS, 0, 0);
    assert_within(sample, METRIC_PROCESSES_TOTAL, 30, 200);
    assert_within(sample, METRIC_PROCESSES_FORKS, 0.5, 200);
    assert_within(sample, METRIC_FD_USED, 0, 5);
    assert_within(sample, METRIC_UPTIME, 2, 60);
    free(sample);
}

TEST(debian_5_10_is_read_whole) {
    (void)state;
    assert_kernel("debian-5.10.223");
}

TEST(debian_6_1_is_read_whole) {
    (void)state;
    assert_kernel("debian-6.1.192");
}

TEST(debian_6_12_is_read_whole) {
    (void)state;
    assert_kernel("debian-6.12.117");
}
