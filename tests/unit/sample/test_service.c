/* Watched services and control groups. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/cgroup.h"
#include "agent/sample/service.h"
#include "tests/unit/sample/capture.h"

#define MIB                        (UINT64_C(1) << 20)
#define assert_near(value, wanted) assert_true(fabs((double)(value) - (wanted)) < 0.001)

static const struct cgroup_usage no_group = {.memory_limit = CGROUP_NO_LIMIT,
                                             .tasks_limit = CGROUP_NO_LIMIT};

TEST(limits_are_read_by_name_and_unlimited_is_none) {
    (void)state;
    struct service_limits limits;
    struct scan text = capture("linux-5.10/proc/700/limits");
    parse_limits(text.at, scan_length(&text), &limits);
    assert_int_equal(limits.open_files, 1024);
    assert_int_equal(limits.processes, 100);
    assert_int_equal(limits.address_space, 209715200);
    text = capture("linux-6.1/proc/900/limits");
    parse_limits(text.at, scan_length(&text), &limits);
    assert_true(limits.address_space == SERVICE_NO_LIMIT);
    parse_limits("", 0, &limits);
    assert_true(limits.open_files == SERVICE_NO_LIMIT);
}

TEST(memory_is_held_against_the_nearest_limit) {
    (void)state;
    struct service_usage usage = {.resident_bytes = 100 * MIB,
                                  .address_space_percent = (double)NAN};
    struct cgroup_usage group = no_group;
    assert_true(isnan(service_memory_percent(&usage, &group, false, 0)));
    assert_near(service_memory_percent(&usage, &group, false, 1000 * MIB), 10.0);
    group.memory_limit = 400 * MIB;
    assert_near(service_memory_percent(&usage, &group, false, 1000 * MIB), 25.0);
    group.has_memory = true;
    group.memory_bytes = 300 * MIB; /* counts only in a group of the service's own */
    assert_near(service_memory_percent(&usage, &group, false, 1000 * MIB), 25.0);
    assert_near(service_memory_percent(&usage, &group, true, 1000 * MIB), 75.0);
    usage.address_space_percent = 90.0;
    assert_near(service_memory_percent(&usage, &group, true, 1000 * MIB), 90.0);
    group.memory_limit = 200 * MIB;
    assert_near(service_memory_percent(&usage, &group, true, 1000 * MIB), 100.0);
}

TEST(threads_are_held_against_the_nearest_limit) {
    (void)state;
    struct service_usage usage = {.threads = 30, .processes_limit = SERVICE_NO_LIMIT};
    struct cgroup_usage group = no_group;
    assert_true(isnan(service_threads_percent(&usage, &group, true)));
    usage.processes_limit = 100;
    assert_near(service_threads_percent(&usage, &group, true), 30.0);
    group.tasks_limit = 50;
    assert_near(service_threads_percent(&usage, &group, true), 60.0);
}

TEST(a_restart_is_another_main_process) {
    (void)state;
    struct service service = {0};
    assert_false(service_restarted(&service, &(struct service_process){10, 500}));
    assert_false(service_restarted(&service, &(struct service_process){10, 500}));
    assert_true(
        service_restarted(&service, &(struct service_process){10, 900}));       /* pid used again */
    assert_false(service_restarted(&service, &(struct service_process){0, 0})); /* it is away */
    assert_true(service_restarted(&service, &(struct service_process){11, 950}));
}

TEST(groups_of_both_versions_are_found_for_a_process) {
    (void)state;
    char path[CGROUP_PATH_SIZE];
    static const char v1[] = "9:name=systemd:/a\n8:pids:/p\n4:cpu,memory:/m/x\n0::/\n";
    assert_ok(parse_process_cgroup(v1, sizeof v1 - 1, "memory", path));
    assert_string_equal(path, "/m/x");
    assert_ok(parse_process_cgroup(v1, sizeof v1 - 1, "pids", path));
    assert_string_equal(path, "/p");
    assert_ok(parse_process_cgroup("0::/system.slice/a.service\n", 27, "memory", path));
    assert_string_equal(path, "/system.slice/a.service");
    assert_int_equal(parse_process_cgroup("x\n", 2, "memory", path), STATUS_NOT_FOUND);
    assert_true(cgroup_limit(UINT64_C(9223372036854771712)) == CGROUP_NO_LIMIT);
    assert_int_equal(cgroup_limit(4096), 4096);
}

TEST(a_group_of_version_2_inherits_the_smaller_limit_above_it) {
    (void)state;
    struct source source = capture_source("linux-6.1");
    struct cgroup_usage usage = read_cgroup(&source, "/system.slice/web.service");
    assert_true(usage.has_memory && usage.has_tasks);
    assert_int_equal(usage.memory_limit, 1024 * MIB); /* of the slice */
    assert_int_equal(usage.memory_bytes, 512 * MIB);  /* without inactive file cache */
    assert_int_equal(usage.tasks, 40);
    assert_int_equal(usage.tasks_limit, 50);
    usage = read_cgroup(&source, "/nowhere");
    assert_false(usage.has_memory);
}

TEST(a_group_of_version_1_is_read_from_its_controllers) {
    (void)state;
    struct source source = capture_source("container");
    struct cgroup_usage usage = read_cgroup(&source, "/job");
    assert_int_equal(usage.memory_limit, 512 * MIB);
    assert_int_equal(usage.memory_bytes, 256 * MIB);
    assert_int_equal(usage.tasks_limit, 200);
    uint64_t kills;
    assert_true(read_cgroup_oom_kills(&source, "/job", &kills));
    assert_int_equal(kills, 7);
}

static struct metric_vector read_once(const char *kernel, struct service *service,
                                      struct members *members) {
    struct source source = capture_source(kernel);
    struct metric_vector core = {0};
    members_begin(members);
    read_service(&source, service, 0, &core, members, NULL, NULL);
    return core;
}

TEST(a_unit_is_found_by_its_group) {
    (void)state;
    struct service service = {.options = {.name = "web", .unit = "web.service"}};
    struct members *members = calloc(1, sizeof *members);
    struct metric_vector core = read_once("linux-6.1", &service, members);
    assert_near(core.values[METRIC_SERVICE_MEMORY_USED], 50.0);
    assert_near(core.values[METRIC_SERVICE_THREADS_USED], 80.0);
    assert_near(core.values[METRIC_SERVICE_RESTARTS], 0.0);
    assert_int_equal(service.main.pid, 900);
    free(members);
}

TEST(a_service_is_found_by_its_process_name_once_a_round_has_seen_it) {
    (void)state;
    struct service service = {.options = {.name = "web", .process = "web server (1)"}};
    struct members *members = calloc(1, sizeof *members);
    assert_int_equal(read_once("linux-5.10", &service, members).present, 0);
    service_see(&service, &(struct process_stat){700, "web server (1)", 'S', 1, 5000, 0, 0});
    service_see(&service, &(struct process_stat){701, "web server (1)", 'S', 1, 5100, 0, 0});
    service_see(&service, &(struct process_stat){800, "dead", 'Z', 1, 6000, 0, 0});
    service_round_over(&service);
    struct metric_vector core = read_once("linux-5.10", &service, members);
    /* 100 MiB of 200 MiB address space in the worse one; 10 threads of 100 processes */
    assert_near(core.values[METRIC_SERVICE_MEMORY_USED], 50.0);
    assert_near(core.values[METRIC_SERVICE_THREADS_USED], 10.0);
    assert_int_equal(service.main.pid, 700);
    assert_int_equal(members->has_value[0], true);
    free(members);
}

TEST(a_number_used_again_by_another_process_is_not_the_service) {
    (void)state;
    struct service service = {.options = {.name = "web", .process = "web server (1)"}};
    struct members *members = calloc(1, sizeof *members);
    service_see(&service, &(struct process_stat){700, "web server (1)", 'S', 1, 4999, 0, 0});
    service_round_over(&service);
    assert_int_equal(read_once("linux-5.10", &service, members).present, 0);
    free(members);
}
