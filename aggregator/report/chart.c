/* Sparklines and SVG; pure. */
#include "aggregator/report/chart.h"

#include <math.h>

#include "common/base/printable.h"

#define ESCAPE_SIZE 2048 /* bytes of one text in a page; longer ones are cut */

#define WIDTH  640.0
#define HEIGHT 160.0
#define LEFT   56.0
#define TOP    24.0
#define BOTTOM 22.0

static void find_range(const float *values, size_t count, double *low_out, double *high_out) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        if ((double)values[i] < low) low = (double)values[i];
        if ((double)values[i] > high) high = (double)values[i];
    }
    *low_out = low;
    *high_out = high;
}

void chart_sparkline(const float *values, size_t count, bool ascii, struct text *out) {
    static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const plain[] = {"_", ".", "-", "=", "#"};
    size_t steps = ascii ? ARRAY_LENGTH(plain) : ARRAY_LENGTH(blocks);
    double low, high;
    find_range(values, count, &low, &high);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            text_add(out, " ");
            continue;
        }
        double part = high > low ? ((double)values[i] - low) / (high - low) : 0.0;
        size_t step = (size_t)(part * (double)(steps - 1) + 0.5);
        text_add(out, ascii ? plain[step] : blocks[step]);
    }
}

void chart_escape(struct text *out, const char *plain) {
    char buffer[ESCAPE_SIZE];
    struct text text = text_over(buffer, sizeof buffer);
    printable_add(&text, plain, false);
    for (const char *c = buffer; *c != '\0'; c++) {
        switch (*c) {
        case '&': text_add(out, "&amp;"); break;
        case '<': text_add(out, "&lt;"); break;
        case '>': text_add(out, "&gt;"); break;
        case '"': text_add(out, "&quot;"); break;
        case '\'': text_add(out, "&#39;"); break;
        default: text_add_character(out, *c); break;
        }
    }
}

/* Where a value stands in the drawing. */
struct scale {
    double low, high;
    size_t count;
};

static double x_of(const struct scale *s, size_t i) {
    double steps = s->count > 1 ? (double)(s->count - 1) : 1.0;
    return LEFT + (WIDTH - LEFT - 8.0) * (double)i / steps;
}

static double y_of(const struct scale *s, double value) {
    double part = s->high > s->low ? (value - s->low) / (s->high - s->low) : 0.5;
    if (part < 0.0) part = 0.0;
    if (part > 1.0) part = 1.0;
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part;
}

static void add_word(struct text *out, double x, double y, const char *anchor, const char *word) {
    text_add(out, "<text x=\"");
    text_add_fixed(out, x, 1);
    text_add(out, "\" y=\"");
    text_add_fixed(out, y, 1);
    text_add(out, "\" text-anchor=\"");
    text_add(out, anchor);
    text_add(out, "\">");
    chart_escape(out, word);
    text_add(out, "</text>");
}

static void add_axis(const struct chart *chart, const struct scale *s, struct text *out) {
    char word[96];
    struct text text = text_over(word, sizeof word);
    text_add_fixed(&text, s->high, s->high - s->low < 10.0 ? 1 : 0);
    text_add(&text, chart->unit);
    add_word(out, LEFT - 4, TOP + 4, "end", word);
    text = text_over(word, sizeof word);
    text_add_fixed(&text, s->low, s->high - s->low < 10.0 ? 1 : 0);
    text_add(&text, chart->unit);
    add_word(out, LEFT - 4, HEIGHT - BOTTOM, "end", word);
    add_word(out, LEFT, HEIGHT - 6, "start", chart->from);
    add_word(out, WIDTH - 8, HEIGHT - 6, "end", chart->to);
}

static void add_point(const struct scale *s, size_t i, double value, struct text *out) {
    text_add_fixed(out, x_of(s, i), 1);
    text_add(out, ",");
    text_add_fixed(out, y_of(s, value), 1);
}

static void add_line(const struct scale *s, const float *values, struct text *out) {
    size_t run = 0; /* values since the last gap */
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(values[i])) continue;
        text_add(out, run++ > 0 ? " " : "<polyline class=\"line\" points=\"");
        add_point(s, i, (double)values[i], out);
        if (i + 1 < s->count && isfinite(values[i + 1])) continue;
        if (run == 1) { /* a lone value: a line to itself, which round caps show as a dot */
            text_add(out, " ");
            add_point(s, i, (double)values[i], out);
        }
        text_add(out, "\"/>");
        run = 0;
    }
}

static void add_limit(const struct chart *chart, const struct scale *s, struct text *out) {
    if (isnan(chart->limit) || chart->limit < s->low || chart->limit > s->high) return;
    text_add(out, "<line class=\"limit\" x1=\"");
    text_add_fixed(out, LEFT, 1);
    text_add(out, "\" x2=\"");
    text_add_fixed(out, WIDTH - 8, 1);
    text_add(out, "\" y1=\"");
    text_add_fixed(out, y_of(s, chart->limit), 1);
    text_add(out, "\" y2=\"");
    text_add_fixed(out, y_of(s, chart->limit), 1);
    text_add(out, "\"/>");
}

void chart_svg(const struct chart *chart, const float *values, size_t count, struct text *out) {
    struct scale s = {.count = count};
    find_range(values, count, &s.low, &s.high);
    bool any = isfinite(s.low);
    if (chart->low < chart->high) {
        s.low = chart->low;
        s.high = chart->high;
    }
    text_add(out, "<svg viewBox=\"0 0 640 160\" role=\"img\" aria-label=\"");
    chart_escape(out, chart->title);
    text_add(out, "\">");
    add_word(out, LEFT, 14, "start", chart->title);
    if (any) {
        add_axis(chart, &s, out);
        add_limit(chart, &s, out);
        add_line(&s, values, out);
    } else {
        add_word(out, WIDTH / 2, HEIGHT / 2, "middle", "no data in this time");
    }
    text_add(out, "</svg>\n");
}
