/* exp and log made of + - * / only, so that x86-64 and Graviton give the same bits: the C library's
 * differ with and without fused multiply-add. Relative error below 1e-14 over the ranges named. */
#ifndef EAR_COMMON_BASE_MATHS_H
#define EAR_COMMON_BASE_MATHS_H

#include "common/base/base.h"

/* e^x; 0 below -745, +infinity above 709.7; NaN stays NaN. */
double maths_exp(double x);
/* Natural logarithm; -infinity at 0, NaN below 0, +infinity stays. */
double maths_log(double x);
/* 1 / (1 + e^-x), in [0, 1]. */
double maths_logistic(double x);
/* x held to [low, high]; NaN stays NaN. */
double maths_clamp(double x, double low, double high);

#endif
