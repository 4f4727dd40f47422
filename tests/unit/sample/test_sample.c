/* The whole sampler over captured trees. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/sample.h"
#include "tests/unit/sample/capture.h"

#define assert_near(value, wanted) assert_true(fabs((double)(value) - (wanted)) < 0.001)

static struct sampler_options options_of(const char *kernel) {
    struct sampler_options options = {.root_path = "/", .scan_max = 10000};
    (void)snprintf(options.proc_path, sizeof options.proc_path, CAPTURES "%s/proc/", kernel);
    (void)snprintf(options.sys_path, sizeof options.sys_path, CAPTURES "%s/sys", kernel);
    return options;
}

static struct now at_ms(int64_t ms) { return (struct now){{ms}, {ms + 1700000000000}}; }

TEST(every_capture_gives_levels_at_once_and_rates_from_the_second_sample) {
    (void)state;
    static const char *const kernels[] = {"linux-4.14", "linux-5.10", "linux-6.1", "linux-6.18",
                                          "container"};
    struct sample *sample = calloc(1, sizeof *sample);
    for (size_t i = 0; i < ARRAY_LENGTH(kernels); i++) {
        struct sampler_options options = options_of(kernels[i]);
        struct sampler *sampler;
        assert_ok(sampler_create(&options, &sampler));
        sampler_take(sampler, at_ms(10000), sample);
        assert_true(sample->elapsed_s == 0.0);
        assert_true(metric_has(&sample->core, METRIC_MEM_USED));
        assert_true(metric_has(&sample->core, METRIC_SWAP_USED));
        assert_false(metric_has(&sample->core, METRIC_CPU_USER));
        assert_false(metric_has(&sample->core, METRIC_NET_RX_BYTES));
        assert_false(metric_has(&sample->core, METRIC_AGENT_CPU));
        sampler_take(sampler, at_ms(20000), sample);
        assert_true(sample->elapsed_s == 10.0);
        assert_true(metric_has(&sample->core, METRIC_AGENT_CPU));
        bool has_net = strcmp(kernels[i], "linux-6.1") != 0; /* that one has no net/dev */
        assert_int_equal(metric_has(&sample->core, METRIC_NET_RX_BYTES), has_net);
        if (has_net) assert_near(sample->core.values[METRIC_NET_RX_BYTES], 0.0);
        sampler_destroy(sampler);
    }
    free(sample);
}

TEST(an_empty_proc_gives_nothing_but_the_agents_own_cost_and_says_so_once) {
    (void)state;
    struct sampler_options options = options_of("nowhere");
    struct sampler *sampler;
    struct sample *sample = calloc(1, sizeof *sample);
    const char *metrics;
    unsigned missing = 0;
    assert_ok(sampler_create(&options, &sampler));
    sampler_take(sampler, at_ms(10000), sample);
    while (sampler_missing(sampler, &metrics) != NULL) missing++;
    assert_true(missing >= 14);
    sampler_take(sampler, at_ms(20000), sample);
    assert_null(sampler_missing(sampler, &metrics));
    assert_int_equal(sample->core.present, UINT64_C(1) << METRIC_AGENT_CPU);
    assert_int_equal(sample->further_count, 0);
    sampler_destroy(sampler);
    free(sample);
}

TEST(the_scope_of_a_group_stands_for_the_machine) {
    (void)state;
    struct sampler_options options = options_of("container");
    struct sampler *sampler;
    struct sample *sample = calloc(1, sizeof *sample);
    (void)snprintf(options.scope_cgroup, sizeof options.scope_cgroup, "/job");
    assert_ok(sampler_create(&options, &sampler));
    sampler_take(sampler, at_ms(10000), sample);
    assert_near(sample->core.values[METRIC_MEM_USED], 50.0);
    assert_near(sample->core.values[METRIC_MEM_AVAILABLE], 268435456.0);
    assert_near(sample->core.values[METRIC_PROCESSES_TOTAL], 20.0);
    sampler_take(sampler, at_ms(20000), sample);
    assert_near(sample->core.values[METRIC_MEM_OOM_KILLS], 0.0);
    sampler_destroy(sampler);
    options = options_of("linux-6.1");
    (void)snprintf(options.scope_cgroup, sizeof options.scope_cgroup, "/system.slice/web.service");
    assert_ok(sampler_create(&options, &sampler));
    sampler_take(sampler, at_ms(10000), sample);
    assert_near(sample->core.values[METRIC_MEM_USED], 50.0);
    assert_near(sample->core.values[METRIC_PRESSURE_MEMORY], 33.0);
    assert_near(sample->core.values[METRIC_PRESSURE_IO], 7.0); /* the group has no own file */
    sampler_destroy(sampler);
    free(sample);
}

TEST(a_read_only_file_system_is_an_event_once_and_a_metric_always) {
    (void)state;
    struct sampler_options options = options_of("linux-6.1");
    struct sampler *sampler;
    struct sample *sample = calloc(1, sizeof *sample);
    assert_ok(sampler_create(&options, &sampler));
    sampler_take(sampler, at_ms(10000), sample);
    assert_near(sample->core.values[METRIC_DISK_READ_ONLY], 1.0);
    assert_int_equal(sample->event_count, 1);
    assert_int_equal(sample->events[0].kind, AGENT_EVENT_READ_ONLY_REMOUNT);
    assert_string_equal(sample->events[0].member, "/var/lib/my data");
    sampler_take(sampler, at_ms(20000), sample);
    assert_near(sample->core.values[METRIC_DISK_READ_ONLY], 1.0);
    assert_int_equal(sample->event_count, 0);
    sampler_destroy(sampler);
    free(sample);
}

TEST(services_by_name_are_found_within_the_sampler_and_reload_keeps_them) {
    (void)state;
    struct sampler_options options = options_of("linux-5.10");
    struct sampler *sampler;
    struct sample *sample = calloc(1, sizeof *sample);
    options.service_count = 1;
    options.services[0] = (struct service_options){.name = "web", .process = "web server (1)"};
    assert_ok(sampler_create(&options, &sampler));
    sampler_take(sampler, at_ms(10000), sample);
    assert_near(sample->core.values[METRIC_SERVICE_MEMORY_USED], 50.0);
    options.scan_max = 1; /* no whole round any more: only what is kept is known */
    assert_ok(sampler_reload(sampler, &options));
    sampler_take(sampler, at_ms(20000), sample);
    assert_near(sample->core.values[METRIC_SERVICE_MEMORY_USED], 50.0);
    assert_near(sample->core.values[METRIC_SERVICE_RESTARTS], 0.0);
    options.service_count = SERVICE_MAX + 1;
    assert_int_equal(sampler_reload(sampler, &options), STATUS_OUT_OF_RANGE);
    sampler_destroy(sampler);
    free(sample);
}
