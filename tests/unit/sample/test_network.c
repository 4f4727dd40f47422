/* Interfaces, retransmits, connection tracking. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/network.h"
#include "tests/unit/sample/capture.h"

#define assert_near(value, wanted) assert_true(fabs((double)(value) - (wanted)) < 0.001)

static const struct filter everything;

/* Reads a tree twice, one second apart; `change` alters the counters in between. */
static struct metric_vector read_twice(const char *kernel,
                                       void (*change)(struct network_state *network)) {
    struct source source = capture_source(kernel);
    struct network_state network = {0};
    struct members *members = calloc(1, sizeof *members);
    struct metric_vector core = {0};
    read_network(&source, &network, &everything, 0, &core, members);
    assert_false(metric_has(&core, METRIC_NET_RX_BYTES));
    if (change != NULL) change(&network);
    read_network(&source, &network, &everything, 1, &core, members);
    free(members);
    return core;
}

TEST(an_interface_line_may_have_no_blank_behind_its_name) {
    (void)state;
    struct network_row row;
    struct scan text = capture("linux-4.14/proc/net/dev"), line;
    for (int i = 0; i < 4; i++) assert_true(scan_line(&text, &line));
    assert_true(parse_net_dev_line(line.at, scan_length(&line), &row));
    assert_string_equal(row.name, "eth0");
    assert_int_equal(row.rx_bytes, 4294000000);
    assert_int_equal(row.rx_errors, 1);
    assert_int_equal(row.rx_drops, 2);
    assert_int_equal(row.tx_errors, 3);
    assert_int_equal(row.tx_drops, 4);
}

TEST(header_lines_are_not_interfaces) {
    (void)state;
    struct network_row row;
    struct scan text = capture("linux-4.14/proc/net/dev"), line;
    for (int i = 0; i < 2; i++) {
        assert_true(scan_line(&text, &line));
        assert_false(parse_net_dev_line(line.at, scan_length(&line), &row));
    }
    assert_false(parse_net_dev_line("eth0: 1 2 3", 11, &row));
    assert_false(parse_net_dev_line(": 1 2 3 4 5 6 7 8 9 10 11 12", 28, &row));
}

static void rewind_ens5(struct network_state *network) {
    assert_string_equal(network->interfaces[0].name, "ens5");
    network->interfaces[0].rx_bytes.value -= 5000;
    network->interfaces[0].tx_packets.value -= 10;
    network->interfaces[0].rx_drops.value -= 5;
    network->retransmits.value -= 4;
}

TEST(physical_interfaces_are_summed_and_virtual_ones_left_out) {
    (void)state;
    struct metric_vector core = read_twice("linux-5.10", rewind_ens5);
    assert_near(core.values[METRIC_NET_RX_BYTES], 5000.0);
    assert_near(core.values[METRIC_NET_TX_PACKETS], 10.0);
    assert_near(core.values[METRIC_NET_DROPS], 5.0);
    assert_near(core.values[METRIC_NET_ERRORS], 0.0);
    assert_near(core.values[METRIC_TCP_RETRANSMITS], 4.0);
    assert_true(fabs((double)core.values[METRIC_CONNTRACK_USED] - 10.0) < 0.01);
}

static void rewind_eth0(struct network_state *network) {
    assert_string_equal(network->interfaces[0].name, "eth0");
    network->interfaces[0].tx_bytes.value -= 6000;
}

TEST(a_container_has_only_virtual_interfaces_and_they_count) {
    (void)state;
    struct metric_vector core = read_twice("container", rewind_eth0);
    assert_near(core.values[METRIC_NET_TX_BYTES], 6000.0);
    assert_false(metric_has(&core, METRIC_TCP_RETRANSMITS));
    assert_false(metric_has(&core, METRIC_CONNTRACK_USED));
}

TEST(retransmits_are_found_by_the_name_of_their_column) {
    (void)state;
    uint64_t retransmits;
    struct scan text = capture("linux-4.14/proc/net/snmp");
    assert_ok(parse_snmp(text.at, scan_length(&text), &retransmits));
    assert_int_equal(retransmits, 321);
    static const char moved[] = "Tcp: RetransSegs X\nTcp: 9 8\n";
    assert_ok(parse_snmp(moved, sizeof moved - 1, &retransmits));
    assert_int_equal(retransmits, 9);
    assert_int_equal(parse_snmp("Udp: A\nUdp: 1\n", 14, &retransmits), STATUS_NOT_FOUND);
    assert_int_equal(parse_snmp("Tcp: A RetransSegs\nTcp: 1\n", 26, &retransmits),
                     STATUS_MALFORMED);
    assert_int_equal(parse_snmp("Tcp: RetransSegs\n", 17, &retransmits), STATUS_MALFORMED);
}
