/* EC2's answers: what is read, what is refused, and pages that must not be half taken. */
#include <string.h>

#include "aggregator/aws/ec2_decode.h"
#include "common/base/text.h"
#include "tests/support/unit.h"

static const char instances_page[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
    "<requestId>8f7724cf</requestId><reservationSet><item><reservationId>r-1</reservationId>"
    "<instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><imageId>ami-1</imageId>"
    "<instanceState><code>16</code><name>running</name></instanceState>"
    "<privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>54.1.2.3</ipAddress>"
    "<instanceType>m7g.large</instanceType><launchTime>2026-01-02T03:04:05.000Z</launchTime>"
    "<placement><availabilityZone>us-east-1a</availabilityZone><tenancy>default</tenancy></"
    "placement>"
    "<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><rootDeviceType>ebs</rootDeviceType>"
    "<stateReason><code>Client.UserInitiatedShutdown</code><message>m</message></stateReason>"
    "<instanceLifecycle>spot</instanceLifecycle><operator><managed>true</managed></operator>"
    "<groupSet><item><groupId>sg-1</groupId></item></groupSet>"
    "<tagSet><item><key>Name</key><value>web &amp; db</value></item>"
    "<item><key>AutoRecovery</key><value>enabled</value></item>"
    "<item><key>aws:autoscaling:groupName</key><value>fleet</value></item>"
    "<item><key>other</key><value/></item></tagSet></item>"
    "<item><instanceId>i-0a0a0a0a</instanceId><instanceState><name>hibernating-new</name>"
    "</instanceState><launchTime/></item></instancesSet></item></reservationSet>"
    "<nextToken>tok+/=</nextToken></DescribeInstancesResponse>";

TEST(instances_are_read_with_all_their_fields) {
    (void)state;
    struct ec2_instances answer = {0};
    char token[AWS_PAGE_TOKEN_SIZE];
    assert_ok(ec2_decode_instances(instances_page, sizeof instances_page - 1, &answer, token));
    assert_int_equal(answer.count, 2);
    const struct instance_facts *facts = &answer.instances[0].facts;
    assert_string_equal(facts->id.text, "i-0123456789abcdef0");
    assert_string_equal(facts->name, "web & db");
    assert_string_equal(answer.instances[0].auto_recovery, "enabled");
    assert_true(facts->opted_in);
    assert_string_equal(facts->autoscaling_group, "fleet");
    assert_int_equal(facts->state, INSTANCE_RUNNING);
    assert_string_equal(facts->state_reason, "Client.UserInitiatedShutdown");
    assert_int_equal(facts->launch_time.ms, 1767323045000);
    assert_string_equal(facts->availability_zone, "us-east-1a");
    assert_string_equal(facts->type, "m7g.large");
    assert_string_equal(facts->tenancy, "default");
    assert_string_equal(facts->image_id, "ami-1");
    assert_string_equal(facts->subnet_id, "subnet-1");
    assert_string_equal(answer.instances[0].vpc, "vpc-1");
    assert_string_equal(facts->private_ip, "10.0.0.5");
    assert_string_equal(facts->public_ip, "54.1.2.3");
    assert_true(facts->spot && facts->managed_by_service);
    assert_true(answer.instances[0].root_is_known && !facts->instance_store_root);
    assert_string_equal(token, "tok+/=");
    const struct ec2_instance *second = &answer.instances[1];
    assert_int_equal(second->facts.state, INSTANCE_STATE_UNKNOWN);
    assert_false(second->root_is_known || second->facts.spot || second->facts.opted_in);
    assert_string_equal(second->auto_recovery, "");
    ec2_release_instances(&answer);
}

TEST(only_the_exact_tag_value_opts_in) {
    (void)state;
    static const char *const values[] = {"Enabled", "enabled ", "true", "enabled-not", ""};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        char body[512], token[AWS_PAGE_TOKEN_SIZE];
        struct text text = text_over(body, sizeof body);
        text_add(&text, "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>"
                        "<instanceId>i-0a0a0a0a</instanceId><tagSet><item><key>AutoRecovery</key>"
                        "<value>");
        text_add(&text, values[i]);
        text_add(&text, "</value></item></tagSet></item></instancesSet></item></reservationSet>"
                        "</DescribeInstancesResponse>");
        struct ec2_instances answer = {0};
        assert_ok(ec2_decode_instances(body, text.length, &answer, token));
        assert_false(answer.instances[0].facts.opted_in);
        assert_string_equal(answer.instances[0].auto_recovery, values[i]);
        ec2_release_instances(&answer);
    }
}

TEST(a_bad_page_leaves_the_pages_before_it_alone) {
    (void)state;
    struct ec2_instances answer = {0};
    char token[AWS_PAGE_TOKEN_SIZE];
    assert_ok(ec2_decode_instances(instances_page, sizeof instances_page - 1, &answer, token));
    for (size_t length = 0; length < sizeof instances_page - 1; length += 7) {
        assert_int_equal(ec2_decode_instances(instances_page, length, &answer, token),
                         STATUS_MALFORMED);
        assert_int_equal(answer.count, 2);
    }
    ec2_release_instances(&answer);
}

static void refused(const char *body) {
    struct ec2_instances answer = {0};
    char token[AWS_PAGE_TOKEN_SIZE];
    assert_int_equal(ec2_decode_instances(body, strlen(body), &answer, token), STATUS_MALFORMED);
    assert_int_equal(answer.count, 0);
    ec2_release_instances(&answer);
}

TEST(answers_that_do_not_say_which_instance_are_refused) {
    (void)state;
#define AROUND(item)                                                                               \
    "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>" item                   \
    "</item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    refused(AROUND("<imageId>ami-1</imageId>"));
    refused(AROUND("<instanceId>../../etc</instanceId>"));
    refused(AROUND("<instanceId>i-0a0a0a0a</instanceId><launchTime>yesterday</launchTime>"));
    refused("<DescribeInstanceStatusResponse/>");
    refused("<html><body>oops</body></html>");
}

TEST(an_empty_page_may_carry_a_token) {
    (void)state;
    static const char body[] =
        "<DescribeInstancesResponse><reservationSet/><nextToken>t</nextToken>"
        "</DescribeInstancesResponse>";
    struct ec2_instances answer = {0};
    char token[AWS_PAGE_TOKEN_SIZE];
    assert_ok(ec2_decode_instances(body, sizeof body - 1, &answer, token));
    assert_int_equal(answer.count, 0);
    assert_string_equal(token, "t");
    ec2_release_instances(&answer);
}

static const char statuses_page[] =
    "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>i-0a0a0a0a</instanceId>"
    "<availabilityZone>us-east-1a</availabilityZone><instanceState><name>running</name>"
    "</instanceState><systemStatus><status>impaired</status><details><item><name>reachability</"
    "name>"
    "<status>failed</status><impairedSince>2026-01-02T03:04:05.000Z</impairedSince></item></"
    "details>"
    "</systemStatus><instanceStatus><status>initializing</status></instanceStatus>"
    "<attachedEbsStatus><status>not-applicable</status></attachedEbsStatus>"
    "<applicationStatus><status>shining</status></applicationStatus><eventsSet>"
    "<item><instanceEventId>e-1</instanceEventId><code>instance-retirement</code>"
    "<description>runs on degraded hardware</description><notBefore>2026-02-01T00:00:00.000Z"
    "</notBefore></item><item><code>system-reboot</code><description>[Completed] done</description>"
    "</item><item><code>system-reboot</code><description>[Canceled] no</description></item>"
    "</eventsSet></item><item><instanceId>i-0b0b0b0b</instanceId></item></instanceStatusSet>"
    "</DescribeInstanceStatusResponse>";

TEST(statuses_are_read_and_finished_events_left_out) {
    (void)state;
    struct ec2_statuses answer = {0};
    char token[AWS_PAGE_TOKEN_SIZE];
    assert_ok(ec2_decode_statuses(statuses_page, sizeof statuses_page - 1, &answer, token));
    assert_string_equal(token, "");
    assert_int_equal(answer.count, 2);
    const struct instance_checks *checks = &answer.statuses[0].checks;
    assert_int_equal(checks->system, CHECK_STATUS_IMPAIRED);
    assert_int_equal(checks->system_since.ms, 1767323045000);
    assert_int_equal(checks->instance, CHECK_STATUS_INITIALIZING);
    assert_int_equal(checks->attached_ebs, CHECK_STATUS_NOT_APPLICABLE);
    assert_int_equal(checks->application, CHECK_STATUS_UNKNOWN);
    assert_int_equal(checks->event_count, 1);
    assert_string_equal(checks->events[0].code, "instance-retirement");
    assert_string_equal(answer.statuses[0].descriptions[0], "runs on degraded hardware");
    assert_int_equal(checks->events[0].not_before.ms, 1769904000000);
    assert_int_equal(checks->events[0].not_after.ms, 0);
    /* Absent checks are unknown, never ok (SPEC C18). */
    assert_int_equal(answer.statuses[1].checks.system, CHECK_STATUS_UNKNOWN);
    ec2_release_statuses(&answer);
}

TEST(events_past_the_bound_are_counted_and_cost_nothing_else) {
    (void)state;
    char body[2048], token[AWS_PAGE_TOKEN_SIZE];
    struct text text = text_over(body, sizeof body);
    text_add(&text,
             "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>i-0a0a0a0a"
             "</instanceId><eventsSet>");
    for (int i = 0; i < INSTANCE_EVENTS_MAX + 2; i++)
        text_add(&text, "<item><code>system-reboot</code></item>");
    text_add(&text, "</eventsSet></item></instanceStatusSet></DescribeInstanceStatusResponse>");
    struct ec2_statuses answer = {0};
    assert_ok(ec2_decode_statuses(body, text.length, &answer, token));
    assert_int_equal(answer.statuses[0].checks.event_count, INSTANCE_EVENTS_MAX);
    assert_int_equal(answer.statuses[0].events_left_out, 2);
    ec2_release_statuses(&answer);
}

static enum status change(const char *body, struct ec2_state_change *answer) {
    char token[AWS_PAGE_TOKEN_SIZE];
    return ec2_decode_stop(body, strlen(body), answer, token);
}

TEST(a_change_of_state_is_read_for_exactly_one_instance) {
    (void)state;
#define ITEM                                                                                       \
    "<item><instanceId>i-0a0a0a0a</instanceId><currentState><code>64</code><name>stopping</name>"  \
    "</currentState><previousState><code>16</code><name>running</name></previousState></item>"
    struct ec2_state_change answer;
    assert_ok(change("<StopInstancesResponse><instancesSet>" ITEM
                     "</instancesSet></StopInstancesResponse>",
                     &answer));
    assert_int_equal(answer.current, INSTANCE_STOPPING);
    assert_int_equal(answer.previous, INSTANCE_RUNNING);
    assert_int_equal(change("<StopInstancesResponse><instancesSet>" ITEM ITEM
                            "</instancesSet></StopInstancesResponse>",
                            &answer),
                     STATUS_MALFORMED);
    assert_int_equal(change("<StopInstancesResponse/>", &answer), STATUS_MALFORMED);
    assert_int_equal(change("<StartInstancesResponse><instancesSet>" ITEM
                            "</instancesSet></StartInstancesResponse>",
                            &answer),
                     STATUS_MALFORMED);
}

TEST(a_reboot_is_accepted_unless_the_answer_denies_it) {
    (void)state;
    static const struct {
        const char *body;
        enum status status;
    } rows[] = {
        {"<RebootInstancesResponse><return>true</return></RebootInstancesResponse>", STATUS_OK},
        {"<RebootInstancesResponse><return>false</return></RebootInstancesResponse>",
         STATUS_MALFORMED},
        {"<RebootInstancesResponse/>", STATUS_OK},
        {"<RebootInstancesResponse><return/></RebootInstancesResponse>", STATUS_MALFORMED},
        {"<StopInstancesResponse/>", STATUS_MALFORMED},
        {"", STATUS_MALFORMED},
    };
    char token[AWS_PAGE_TOKEN_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(ec2_decode_reboot(rows[i].body, strlen(rows[i].body), NULL, token),
                         rows[i].status);
}
