/* CPU, memory, pressure, processes, uptime, own cost on captured text. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/cpu.h"
#include "agent/sample/memory.h"
#include "agent/sample/own.h"
#include "agent/sample/pressure.h"
#include "agent/sample/uptime.h"
#include "tests/unit/sample/capture.h"

#define assert_near(value, wanted) assert_true(fabs((double)(value) - (wanted)) < 0.001)

static struct cpu_state *new_cpu_state(void) { return calloc(1, sizeof(struct cpu_state)); }

/* Parses `text` and gives the shares since the reading before. */
static struct metric_vector shares(struct cpu_state *cpu, const char *text) {
    struct metric_vector core = {0};
    struct cpu_reading reading;
    assert_ok(parse_cpu(text, strlen(text), &reading, cpu->cores));
    cpu_shares(cpu, &reading, &core);
    return core;
}

TEST(cpu_line_of_an_old_kernel_is_read) {
    (void)state;
    struct scan text = capture("linux-4.14/proc/stat");
    struct cpu_reading reading;
    struct cpu_core cores[CPU_CORES_MAX];
    assert_ok(parse_cpu(text.at, scan_length(&text), &reading, cores));
    assert_int_equal(reading.core_count, 2);
    assert_int_equal(reading.all.user, 100000);
    assert_int_equal(reading.all.steal, 2000);
    assert_int_equal(reading.forks, 4242);
    assert_int_equal(reading.blocked, 1);
    assert_int_equal(cores[0].all, 470000);
    assert_int_equal(cores[0].busy, 470000 - 402500);
}

TEST(first_cpu_reading_gives_no_share) {
    (void)state;
    struct cpu_state *cpu = new_cpu_state();
    assert_int_equal(shares(cpu, "cpu  1 2 3 4 5 6 7 8 9 10\n").present, 0);
    free(cpu);
}

TEST(cpu_shares_are_of_all_time_and_guest_time_counts_once) {
    (void)state;
    struct cpu_state *cpu = new_cpu_state();
    (void)shares(cpu, "cpu 1000 100 1000 5000 100 0 50 20 100 10\n");
    struct metric_vector core = shares(cpu, "cpu 1300 120 1100 5400 150 10 60 130 200 15\n");
    /* 300 + 20 + 100 + 400 + 50 + 10 + 10 + 110 = 1000 ticks; 100 of user and 5 of nice are guests'
     */
    assert_near(core.values[METRIC_CPU_USER], 20.0);
    assert_near(core.values[METRIC_CPU_NICE], 1.5);
    assert_near(core.values[METRIC_CPU_SYSTEM], 10.0);
    assert_near(core.values[METRIC_CPU_IOWAIT], 5.0);
    assert_near(core.values[METRIC_CPU_SOFTIRQ], 1.0);
    assert_near(core.values[METRIC_CPU_STEAL], 11.0);
    free(cpu);
}

TEST(busiest_core_is_the_worst_one_and_waits_out_a_change_of_cores) {
    (void)state;
    struct cpu_state *cpu = new_cpu_state();
    (void)shares(cpu, "cpu 200 0 0 200 0 0 0 0\ncpu0 100 0 0 100\ncpu1 100 0 0 100\n");
    struct metric_vector core =
        shares(cpu, "cpu 300 0 0 300 0 0 0 0\ncpu0 190 0 0 110\ncpu1 110 0 0 190\n");
    assert_near(core.values[METRIC_CPU_BUSIEST], 90.0);
    core = shares(cpu, "cpu 400 0 0 400 0 0 0 0\ncpu0 290 0 0 210\n");
    assert_false(metric_has(&core, METRIC_CPU_BUSIEST));
    assert_true(metric_has(&core, METRIC_CPU_USER));
    free(cpu);
}

TEST(cpu_time_that_steps_back_is_no_time) {
    (void)state;
    struct cpu_state *cpu = new_cpu_state();
    (void)shares(cpu, "cpu 1000 0 0 1000 500 0 0 0\n");
    struct metric_vector core = shares(cpu, "cpu 1100 0 0 1100 490 0 0 0\n");
    assert_near(core.values[METRIC_CPU_IOWAIT], 0.0);
    core = shares(cpu, "cpu 10 0 0 10 1 0 0 0\n"); /* all of it began anew */
    assert_int_equal(core.present, 0);
    free(cpu);
}

TEST(cpu_text_without_the_sum_is_malformed) {
    (void)state;
    struct cpu_reading reading;
    struct cpu_core cores[CPU_CORES_MAX];
    assert_int_equal(parse_cpu("", 0, &reading, cores), STATUS_MALFORMED);
    assert_int_equal(parse_cpu("cpu0 1 2 3\n", 11, &reading, cores), STATUS_MALFORMED);
    assert_int_equal(parse_cpu("cpu  x\n", 7, &reading, cores), STATUS_MALFORMED);
}

TEST(memory_levels_of_captures) {
    (void)state;
    struct memory_reading reading;
    struct metric_vector core = {0};
    struct scan text = capture("linux-4.14/proc/meminfo");
    assert_ok(parse_meminfo(text.at, scan_length(&text), &reading));
    memory_levels(&reading, &core);
    assert_near(core.values[METRIC_MEM_USED], 50.0);
    assert_near(core.values[METRIC_SWAP_USED], 50.0);
    assert_true(core.values[METRIC_MEM_AVAILABLE] == (float)(2022814.0 * 1024));
    text = capture("linux-5.10/proc/meminfo");
    assert_ok(parse_meminfo(text.at, scan_length(&text), &reading));
    memory_levels(&reading, &core);
    assert_near(core.values[METRIC_MEM_USED], 25.0);
    assert_near(core.values[METRIC_SWAP_USED], 0.0); /* none configured */
    text = capture("linux-6.1/proc/meminfo");
    assert_ok(parse_meminfo(text.at, scan_length(&text), &reading));
    memory_levels(&reading, &core);
    assert_near(core.values[METRIC_MEM_USED], 90.0);
    assert_near(core.values[METRIC_SWAP_USED], 100.0);
}

TEST(memory_without_available_is_estimated) {
    (void)state;
    struct memory_reading reading;
    struct scan text = capture("container/proc/meminfo");
    assert_ok(parse_meminfo(text.at, scan_length(&text), &reading));
    assert_int_equal(reading.available, UINT64_C(30500000) * 1024);
    assert_int_equal(parse_meminfo("MemFree: 5 kB\n", 14, &reading), STATUS_MALFORMED);
    assert_int_equal(parse_meminfo("MemTotal: 99999999999999999999 kB\n", 34, &reading),
                     STATUS_MALFORMED);
}

TEST(vmstat_of_an_older_kernel_has_no_oom_kills) {
    (void)state;
    struct memory_vm vm;
    parse_vmstat("pgmajfault 5\n", 13, &vm);
    assert_true(vm.has_major_faults);
    assert_false(vm.has_oom_kills);
}

TEST(pressure_of_captures) {
    (void)state;
    struct source source = capture_source("linux-5.10");
    struct metric_vector core = {0};
    read_pressure(&source, &core);
    assert_near(core.values[METRIC_PRESSURE_CPU], 3.21);
    assert_near(core.values[METRIC_PRESSURE_MEMORY], 0.5);
    assert_near(core.values[METRIC_PRESSURE_IO], 12.34);
    source = capture_source("linux-4.14");
    core = (struct metric_vector){0};
    read_pressure(&source, &core);
    assert_int_equal(core.present, 0);
}

TEST(broken_pressure_is_malformed) {
    (void)state;
    struct pressure_reading reading;
    static const char *const texts[] = {"",
                                        "some\n",
                                        "some avg10=x\n",
                                        "some avg10=101.00\n",
                                        "some avg60=1.00\n",
                                        "full avg10=1.00\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_int_equal(parse_pressure(texts[i], strlen(texts[i]), &reading), STATUS_MALFORMED);
}

TEST(process_names_may_hold_blanks_and_parentheses) {
    (void)state;
    struct process_stat process;
    struct scan text = capture("linux-5.10/proc/700/stat");
    assert_ok(parse_process_stat(text.at, scan_length(&text), &process));
    assert_string_equal(process.comm, "web server (1)");
    assert_int_equal(process.pid, 700);
    assert_int_equal(process.state, 'S');
    assert_int_equal(process.threads, 8);
    assert_int_equal(process.start_ticks, 5000);
    assert_int_equal(process.virtual_bytes, 104857600);
    assert_int_equal(process.resident_pages, 12800);
}

TEST(short_process_lines_are_malformed_at_every_cut) {
    (void)state;
    struct process_stat process;
    struct scan text = capture("linux-5.10/proc/700/stat");
    const char *end = strstr(text.at, " 12800");
    for (size_t length = 0; length < (size_t)(end - text.at); length++)
        assert_int_equal(parse_process_stat(text.at, length, &process), STATUS_MALFORMED);
}

TEST(load_tasks_descriptors_uptime_and_own_memory) {
    (void)state;
    double load1, percent, seconds;
    uint64_t tasks, pages;
    struct scan text = capture("linux-5.10/proc/loadavg");
    assert_ok(parse_loadavg(text.at, scan_length(&text), &load1, &tasks));
    assert_near(load1, 12.0);
    assert_int_equal(tasks, 612);
    text = capture("linux-4.14/proc/sys/fs/file-nr");
    assert_ok(parse_file_nr(text.at, scan_length(&text), &percent));
    assert_near(percent, 0.4);
    text = capture("linux-5.10/proc/sys/fs/file-nr"); /* the limit systemd sets: without one */
    assert_ok(parse_file_nr(text.at, scan_length(&text), &percent));
    assert_near(percent, 0.0);
    text = capture("linux-4.14/proc/uptime");
    assert_ok(parse_uptime(text.at, scan_length(&text), &seconds));
    assert_near(seconds, 86400.25);
    text = capture("linux-4.14/proc/self/statm");
    assert_ok(parse_statm(text.at, scan_length(&text), &pages));
    assert_int_equal(pages, 500);
    assert_int_equal(parse_file_nr("1 0 0\n", 6, &percent), STATUS_MALFORMED);
    assert_int_equal(parse_loadavg("0.1 0.2 0.3 5\n", 14, &load1, &tasks), STATUS_MALFORMED);
    assert_int_equal(parse_uptime("-1 2\n", 5, &seconds), STATUS_MALFORMED);
}

TEST(boot_id_is_read_and_checked) {
    (void)state;
    struct boot_id boot;
    struct source source = capture_source("linux-6.1");
    assert_ok(read_boot_id(&source, &boot));
    assert_string_equal(boot.text, "33333333-2222-4333-8444-555555555555");
    source = capture_source("container");
    assert_int_equal(read_boot_id(&source, &boot), STATUS_NOT_FOUND);
}

TEST(zombies_are_counted_over_rounds_of_bounded_length) {
    (void)state;
    struct source source = capture_source("linux-5.10");
    struct process_state processes = {0};
    struct metric_vector core = {0};
    unsigned rounds = 0;
    for (; rounds < 100 && !metric_has(&core, METRIC_PROCESSES_ZOMBIES); rounds++)
        read_processes(&source, &processes, NULL, 1, 3, NULL, &core);
    assert_true(rounds > 1 && rounds < 100); /* three entries at a time are not enough for one */
    assert_near(core.values[METRIC_PROCESSES_ZOMBIES], 1.0);
    process_state_fini(&processes);
}
