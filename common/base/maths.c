/* Own transcendental functions: argument reduction by exact powers of two, then a series. */
#include "common/base/maths.h"

#include <math.h>
#include <string.h>

#define LN2_HIGH    6.93147180369123816490e-01 /* ln 2 in two parts, the first exact in 33 bits */
#define LN2_LOW     1.90821492927058770002e-10
#define INVERSE_LN2 1.44269504088896338700e+00
#define SQRT_HALF   0.70710678118654752440

/* 2^exponent for -1022 <= exponent <= 1023, from its bits. */
static double power_of_two(int exponent) {
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double maths_exp(double x) {
    if (isnan(x)) return x;
    if (x > 709.782712893384) return (double)INFINITY;
    if (x < -745.2) return 0.0;
    double steps = floor(x * INVERSE_LN2 + 0.5);
    double rest = (x - steps * LN2_HIGH) - steps * LN2_LOW; /* |rest| <= 0.3466 */
    /* Taylor series by Horner; the 15th term is below 2^-60. */
    double sum = 1.0;
    for (int term = 15; term >= 1; term--) sum = 1.0 + sum * rest / (double)term;
    int exponent = (int)steps;
    if (exponent < -1000) return sum * power_of_two(exponent + 200) * power_of_two(-200);
    if (exponent > 1000) return sum * power_of_two(exponent - 100) * power_of_two(100);
    return sum * power_of_two(exponent);
}

double maths_log(double x) {
    if (isnan(x) || x < 0.0) return (double)NAN;
    if (x == 0.0) return -(double)INFINITY;
    if (isinf(x)) return x;
    int exponent = 0;
    if (x < 0x1p-1000) { /* lift subnormal numbers into the normal range */
        x *= 0x1p200;
        exponent -= 200;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    exponent += (int)(bits >> 52 & 0x7ff) - 1022;
    bits = (bits & 0x000fffffffffffffULL) | 0x3fe0000000000000ULL;
    double mantissa; /* in [0.5, 1) */
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa < SQRT_HALF) {
        mantissa *= 2.0;
        exponent--;
    }
    /* ln m = 2 artanh((m-1)/(m+1)); |s| <= 0.1716, so s^2 <= 0.0295 and 13 terms reach 2^-66. */
    double s = (mantissa - 1.0) / (mantissa + 1.0), square = s * s, sum = 0.0;
    for (int term = 25; term >= 1; term -= 2) sum = sum * square + 1.0 / (double)term;
    return (double)exponent * LN2_HIGH + ((double)exponent * LN2_LOW + 2.0 * s * sum);
}

double maths_logistic(double x) {
    if (x >= 0.0) return 1.0 / (1.0 + maths_exp(-x));
    double power = maths_exp(x);
    return power / (1.0 + power);
}

double maths_clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}
