/* exp, log and the logistic function give the same bits on every machine.
 *
 * Each row: argument, the bits our function gives, the exact value rounded to a double (computed
 * with 60 decimal digits by Python's decimal module). */
#include <math.h>
#include <string.h>

#include "common/base/maths.h"
#include "tests/support/unit.h"

struct row {
    double argument;
    uint64_t bits;
    double exact;
};

/* clang-format off */
static const struct row exp_rows[] = {
    {0x0.0p+0, 0x3ff0000000000000ULL, 0x1.0000000000000p+0},
    {0x1.0000000000000p+0, 0x4005bf0a8b14576aULL, 0x1.5bf0a8b145769p+1},
    {-0x1.0000000000000p+0, 0x3fd78b56362cef38ULL, 0x1.78b56362cef38p-2},
    {0x1.0000000000000p-1, 0x3ffa61298e1e069cULL, 0x1.a61298e1e069cp+0},
    {-0x1.0000000000000p-1, 0x3fe368b2fc6f960aULL, 0x1.368b2fc6f960ap-1},
    {0x1.b7cdfd9d7bdbbp-34, 0x3ff000000006df38ULL, 0x1.000000006df38p+0},
    {-0x1.b7cdfd9d7bdbbp-34, 0x3feffffffff24190ULL, 0x1.ffffffff24190p-1},
    {0x1.62e42fefa39efp-2, 0x3ff6a09e667f3bccULL, 0x1.6a09e667f3bccp+0},
    {0x1.4000000000000p+3, 0x40d5829dcf950560ULL, 0x1.5829dcf950560p+14},
    {-0x1.4000000000000p+3, 0x3f07cd79b5647c9aULL, 0x1.7cd79b5647c9bp-15},
    {0x1.6000000000000p+6, 0x47df1056dc7bf22dULL, 0x1.f1056dc7bf22dp+126},
    {-0x1.6000000000000p+6, 0x38007b7112bc1ffeULL, 0x1.07b7112bc1ffep-127},
    {0x1.5e00000000000p+9, 0x7f0d945df4f8ec8eULL, 0x1.d945df4f8ec8ep+1009},
    {-0x1.5e00000000000p+9, 0x00d14f2b0fb9307fULL, 0x1.14f2b0fb9307fp-1010},
    {0x1.62d999999999ap+9, 0x7fed75ae7a50ee14ULL, 0x1.d75ae7a50ee14p+1023},
    {-0x1.7400000000000p+9, 0x0000000000000002ULL, 0x0.0000000000002p-1022},
    {0x1.999999999999ap-4, 0x3ff1aec7b35a00d4ULL, 0x1.1aec7b35a00d4p+0},
    {0x1.26bb1bbb55516p+1, 0x4024000000000001ULL, 0x1.4000000000001p+3},
    {-0x1.4000000000000p+1, 0x3fb50385c094f425ULL, 0x1.50385c094f425p-4},
    {0x1.921fb54442d11p+1, 0x403724046eb09324ULL, 0x1.724046eb09325p+4},
};

static const struct row log_rows[] = {
    {0x1.0000000000000p+0, 0x0000000000000000ULL, 0x0.0p+0},
    {0x1.0000000000000p+1, 0x3fe62e42fefa39efULL, 0x1.62e42fefa39efp-1},
    {0x1.0000000000000p-1, 0xbfe62e42fefa39efULL, -0x1.62e42fefa39efp-1},
    {0x1.5bf0a8b145769p+1, 0x3ff0000000000000ULL, 0x1.0000000000000p+0},
    {0x1.4000000000000p+3, 0x40026bb1bbb55516ULL, 0x1.26bb1bbb55516p+1},
    {0x1.999999999999ap-4, 0xc0026bb1bbb55515ULL, -0x1.26bb1bbb55515p+1},
    {0x1.56e1fc2f8f359p-997, 0xc085963447f87fb5ULL, -0x1.5963447f87fb5p+9},
    {0x1.7e43c8800759cp+996, 0x4085963447f87fb5ULL, 0x1.5963447f87fb5p+9},
    {0x0.0000000000001p-1022, 0xc0874385446d71c3ULL, -0x1.74385446d71c3p+9},
    {0x1.fffffffffffffp+1023, 0x40862e42fefa39efULL, 0x1.62e42fefa39efp+9},
    {0x1.000000006df38p+0, 0x3ddb7cdffffa18d8ULL, 0x1.b7cdffffa18d8p-34},
    {0x1.ffffffff24190p-1, 0xbddb7ce00005e728ULL, -0x1.b7ce00005e728p-34},
    {0x1.6a09e667f3bcdp-1, 0xbfd62e42fefa39eeULL, -0x1.62e42fefa39eep-2},
    {0x1.6a09e667f3bccp-1, 0xbfd62e42fefa39f1ULL, -0x1.62e42fefa39f1p-2},
    {0x1.8000000000000p+1, 0x3ff193ea7aad030bULL, 0x1.193ea7aad030bp+0},
    {0x1.c000000000000p+2, 0x3fff2272ae325a57ULL, 0x1.f2272ae325a57p+0},
    {0x1.9000000000000p+6, 0x40126bb1bbb55516ULL, 0x1.26bb1bbb55516p+2},
    {0x1.4f8b588e368f1p-17, 0xc027069e2aa2aa5bULL, -0x1.7069e2aa2aa5bp+3},
    {0x1.999999999999ap-1, 0xbfcc8ff7c79a9a1fULL, -0x1.c8ff7c79a9a20p-3},
    {0x1.3333333333333p-1, 0xbfe058aefa811452ULL, -0x1.058aefa811452p-1},
};

static const struct row logistic_rows[] = {
    {0x0.0p+0, 0x3fe0000000000000ULL, 0x1.0000000000000p-1},
    {0x1.0000000000000p+0, 0x3fe764d4f5d5a2bdULL, 0x1.764d4f5d5a2bdp-1},
    {-0x1.0000000000000p+0, 0x3fd136561454ba86ULL, 0x1.136561454ba86p-2},
    {0x1.4000000000000p+2, 0x3fefc92c130538e2ULL, 0x1.fc92c130538e1p-1},
    {-0x1.4000000000000p+2, 0x3f7b69f67d638f8fULL, 0x1.b69f67d638f8ep-8},
    {0x1.2000000000000p+5, 0x3feffffffffffffeULL, 0x1.ffffffffffffep-1},
    {-0x1.2000000000000p+5, 0x3cb0b6c3afdde063ULL, 0x1.0b6c3afdde062p-52},
    {0x1.5798ee2308c3ap-27, 0x3fe00000015798eeULL, 0x1.00000015798eep-1},
    {0x1.62e42fefa39efp+0, 0x3fe999999999999aULL, 0x1.999999999999ap-1},
    {0x1.9f323ecbf9845p-2, 0x3fe3333333333332ULL, 0x1.3333333333332p-1},
    {-0x1.5e00000000000p+9, 0x00d14f2b0fb9307fULL, 0x1.14f2b0fb9307fp-1010},
    {0x1.4000000000000p+5, 0x3ff0000000000000ULL, 0x1.0000000000000p+0},
};

/* clang-format on */

static uint64_t bits_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void check(double (*function)(double), const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double found = function(rows[i].argument);
        if (bits_of(found) != rows[i].bits) fail_msg("bits of %a: %a", rows[i].argument, found);
        double error = fabs(found - rows[i].exact);
        if (error > 1e-15 * fabs(rows[i].exact))
            fail_msg("value of %a: %a", rows[i].argument, found);
    }
}

TEST(exp_gives_its_golden_bits) {
    (void)state;
    check(maths_exp, exp_rows, sizeof exp_rows / sizeof exp_rows[0]);
}

TEST(log_gives_its_golden_bits) {
    (void)state;
    check(maths_log, log_rows, sizeof log_rows / sizeof log_rows[0]);
}

TEST(logistic_gives_its_golden_bits) {
    (void)state;
    check(maths_logistic, logistic_rows, sizeof logistic_rows / sizeof logistic_rows[0]);
}

TEST(ends_of_the_ranges) {
    (void)state;
    assert_true(maths_exp(-800.0) == 0.0);
    assert_true(maths_exp(-(double)INFINITY) == 0.0);
    assert_true(isinf(maths_exp(710.0)) && isinf(maths_exp((double)INFINITY)));
    assert_true(isnan(maths_exp((double)NAN)));
    assert_true(maths_log(0.0) == -(double)INFINITY);
    assert_true(isnan(maths_log(-1.0)) && isnan(maths_log((double)NAN)));
    assert_true(maths_log((double)INFINITY) == (double)INFINITY);
    assert_true(maths_log(1.0) == 0.0);
    assert_true(maths_logistic(-(double)INFINITY) == 0.0);
    assert_true(maths_logistic((double)INFINITY) == 1.0);
    assert_true(isnan(maths_logistic((double)NAN)));
}

TEST(they_never_fall_where_they_must_rise) {
    (void)state;
    double exp_before = 0.0, log_before = -(double)INFINITY, logistic_before = 0.0;
    for (int i = 0; i <= 40000; i++) {
        double x = (double)(i - 20000) / 1000.0;
        assert_true(maths_exp(x) >= exp_before);
        assert_true(maths_logistic(x) >= logistic_before);
        assert_true(maths_log((double)i / 1000.0) >= log_before);
        exp_before = maths_exp(x);
        logistic_before = maths_logistic(x);
        log_before = maths_log((double)i / 1000.0);
    }
}

TEST(clamp_holds_and_lets_nan_pass) {
    (void)state;
    assert_true(maths_clamp(-1.0, 0.0, 1.0) == 0.0);
    assert_true(maths_clamp(2.0, 0.0, 1.0) == 1.0);
    assert_true(maths_clamp(0.25, 0.0, 1.0) == 0.25);
    assert_true(isnan(maths_clamp((double)NAN, 0.0, 1.0)));
}
