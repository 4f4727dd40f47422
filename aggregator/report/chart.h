/* Small charts of one series: block characters for terminals, SVG for pages. Pure. */
#ifndef EAR_AGGREGATOR_REPORT_CHART_H
#define EAR_AGGREGATOR_REPORT_CHART_H

#include "common/base/text.h"

/* One character a value, lowest to highest of the values present; one that is not finite is a
 * blank. `ascii` uses
 * "_.-=#" instead of blocks. */
void chart_sparkline(const float *values, size_t count, bool ascii, struct text *out);

struct chart {
    const char *title; /* escaped here */
    const char *unit;
    const char *from, *to; /* words below the axis: when it begins and ends */
    double low, high;      /* of the axis; equal = from the values */
    double limit;          /* a dashed line; NaN = none */
};

/* One <svg> element, 640 by 160, with title, axis words and a polyline that breaks where a value is
 * not finite. */
void chart_svg(const struct chart *chart, const float *values, size_t count, struct text *out);

/* Adds text made printable (common/base/printable.h), with &, <, > and quotes escaped for HTML. */
void chart_escape(struct text *out, const char *plain);

#endif
