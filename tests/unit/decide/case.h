/* The cases that the tests of the rules start from: each may act, and a test spoils one thing of
 * it. The variables are what decide() borrows; every case fills them anew. */
#ifndef EAR_TESTS_UNIT_DECIDE_CASE_H
#define EAR_TESTS_UNIT_DECIDE_CASE_H

#include "aggregator/decide/decide.h"
#include "tests/support/unit.h"

extern struct instance_facts facts;
extern struct instance_checks checks;
extern struct decide_policy policy;
extern struct decide_fleet fleet;
extern struct decide_case subject;
extern struct decide_decision decision;
extern const struct now now;

/* A fleet of 10 in which a reboot of a silent and impaired instance is right. */
void good(void);
void stopping(void); /* ... whose reboot has failed: stop-start is right */
void on_broken_host(
    void);            /* ... with a failed system check that AWS had its time for: stop-start */
void service(void);   /* a speaking agent's check of web.service fails: restart-service */
void predicted(void); /* a leak of leaky.service is predicted: restart-service */
void steal(void);     /* steal is predicted and AWS retires the host: stop-start */
void person(enum rung rung); /* a person asks for `rung` of a healthy instance */

/* Puts a retirement `ms` from now into the instance's checks. */
void retirement_in(int64_t ms);

/* Decides, and fails the case unless `rung` is allowed. */
void acts(enum rung rung);
/* Decides, and fails the case unless `rule` answers `kind` and names `numbers`. */
void says(enum decide_kind kind, const char *rule, const char *numbers);

#endif
