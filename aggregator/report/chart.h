/* Small charts of one series: block characters for terminals, SVG for pages. Pure. */
#ifndef EAR_AGGREGATOR_REPORT_CHART_H
#define EAR_AGGREGATOR_REPORT_CHART_H

#include "common/base/text.h"

#define CHART_POINTS_MAX 2048

/* One character a value, lowest to highest of the values present; a NaN is a blank. `ascii` uses
 * "_.-=#" instead of blocks. */
void chart_sparkline(const float *values, size_t count, bool ascii, struct text *out);

struct chart {
    const char *title; /* escaped here */
    const char *unit;
    int64_t from_ms, to_ms; /* wall time of the first and behind the last point */
    double low, high;       /* of the axis; equal = from the values */
    double limit;           /* a dashed line; NaN = none */
};

/* One <svg> element, 640 by 160, with title, axis words and a polyline that breaks at NaN. */
void chart_svg(const struct chart *chart, const float *values, size_t count, struct text *out);

/* Adds text with &, <, >, quotes escaped for HTML; control characters become spaces. */
void chart_escape(struct text *out, const char *plain);

#endif
