/* Calendar arithmetic without a clock: proleptic Gregorian, UTC, no leap seconds (POSIX). */
#include "common/base/clock.h"

#include "common/base/text.h"

#define MS_PER_DAY  86400000LL
#define WALL_MAX_MS 253402300799999LL /* 9999-12-31T23:59:59.999Z */

struct civil {
    int64_t year;
    unsigned month, day; /* from 1 */
};

/* Days since 1970-01-01 to a date and back; eras of 400 years counted from 1 March. */
static int64_t days_from_civil(struct civil date) {
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month = ((int64_t)date.month + 9) % 12; /* March = 0 */
    int64_t day_of_year = (153 * month + 2) / 5 + (int64_t)date.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static struct civil civil_from_days(int64_t days) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil date = {.year = year_of_era + era * 400,
                         .month = (unsigned)(month < 10 ? month + 3 : month - 9),
                         .day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1)};
    date.year += date.month <= 2;
    return date;
}

static unsigned days_in_month(int64_t year, unsigned month) {
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (unsigned)(month == 2 && leap);
}

static char *put(char *at, int64_t number, unsigned digits) {
    for (unsigned i = digits; i-- > 0; number /= 10) at[i] = (char)('0' + number % 10);
    return at + digits;
}

static char *format(struct wall_time at, char *text, bool basic, bool fraction) {
    int64_t ms = at.ms < 0 ? 0 : at.ms > WALL_MAX_MS ? WALL_MAX_MS : at.ms;
    struct civil date = civil_from_days(ms / MS_PER_DAY);
    int64_t of_day = ms % MS_PER_DAY;
    char *p = put(text, date.year, 4);
    if (!basic) *p++ = '-';
    p = put(p, date.month, 2);
    if (!basic) *p++ = '-';
    p = put(p, date.day, 2);
    *p++ = 'T';
    p = put(p, of_day / 3600000, 2);
    if (!basic) *p++ = ':';
    p = put(p, of_day / 60000 % 60, 2);
    if (!basic) *p++ = ':';
    p = put(p, of_day / 1000 % 60, 2);
    if (fraction) {
        *p++ = '.';
        p = put(p, of_day % 1000, 3);
    }
    *p++ = 'Z';
    *p = '\0';
    return text;
}

char *wall_format(struct wall_time at, char text[static CLOCK_RFC3339_SIZE]) {
    return format(at, text, false, false);
}

char *wall_format_ms(struct wall_time at, char text[static CLOCK_RFC3339_SIZE]) {
    return format(at, text, false, true);
}

char *wall_format_basic(struct wall_time at, char text[static CLOCK_RFC3339_SIZE]) {
    return format(at, text, true, false);
}

/* A cursor over the text being parsed. */
struct cursor {
    const char *at, *end;
};

static bool take_number(struct cursor *c, unsigned digits, int64_t *number_out) {
    int64_t number = 0;
    for (unsigned i = 0; i < digits; i++) {
        if (c->at == c->end || *c->at < '0' || *c->at > '9') return false;
        number = number * 10 + (*c->at++ - '0');
    }
    *number_out = number;
    return true;
}

static bool take(struct cursor *c, char wanted) {
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

/* Milliseconds of an optional fraction; digits beyond the third are read and dropped. */
static bool take_fraction(struct cursor *c, int64_t *ms_out) {
    *ms_out = 0;
    if (!take(c, '.')) return true;
    int64_t scale = 100;
    const char *first = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, scale /= 10)
        *ms_out += (*c->at - '0') * scale;
    return c->at > first;
}

static bool take_zone(struct cursor *c, int64_t *offset_minutes_out) {
    *offset_minutes_out = 0;
    if (c->at == c->end || take(c, 'Z')) return true;
    int64_t sign = *c->at == '-' ? -1 : 1, hours, minutes;
    if (!take(c, '+') && !take(c, '-')) return false;
    if (!take_number(c, 2, &hours) || !take(c, ':') || !take_number(c, 2, &minutes)) return false;
    *offset_minutes_out = sign * (hours * 60 + minutes);
    return hours <= 23 && minutes <= 59;
}

enum status wall_parse(const char *text, size_t length, struct wall_time *at_out) {
    struct cursor c = {text, text + length};
    int64_t year, month, day, hour, minute, second, ms, offset;
    if (!take_number(&c, 4, &year) || !take(&c, '-') || !take_number(&c, 2, &month) ||
        !take(&c, '-') || !take_number(&c, 2, &day))
        return STATUS_MALFORMED;
    if (!take(&c, 'T') && !take(&c, ' ')) return STATUS_MALFORMED;
    if (!take_number(&c, 2, &hour) || !take(&c, ':') || !take_number(&c, 2, &minute) ||
        !take(&c, ':') || !take_number(&c, 2, &second) || !take_fraction(&c, &ms) ||
        !take_zone(&c, &offset) || c.at != c.end)
        return STATUS_MALFORMED;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, (unsigned)month) || hour > 23 || minute > 59 || second > 60)
        return STATUS_OUT_OF_RANGE;
    int64_t days = days_from_civil((struct civil){year, (unsigned)month, (unsigned)day});
    int64_t total = days * MS_PER_DAY + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms;
    if (total < 0 || total > WALL_MAX_MS) return STATUS_OUT_OF_RANGE;
    at_out->ms = total;
    return STATUS_OK;
}

char *duration_format(struct duration span, char text[static CLOCK_RFC3339_SIZE]) {
    struct text out = text_over(text, CLOCK_RFC3339_SIZE);
    /* INT64_MIN has no positive twin. */
    int64_t ms = span.ms >= 0 ? span.ms : span.ms == INT64_MIN ? INT64_MAX : -span.ms;
    if (span.ms < 0) text_add(&out, "-");
    int64_t s = ms / 1000;
    if (ms < 1000) {
        text_add_integer(&out, ms);
        text_add(&out, "ms");
    } else if (s < 60) {
        text_add_integer(&out, s);
        text_add(&out, "s");
    } else if (s < 3600) {
        text_add_integer(&out, s / 60);
        text_add(&out, "m");
        text_add_integer(&out, s % 60);
        text_add(&out, "s");
    } else if (s < 86400) {
        text_add_integer(&out, s / 3600);
        text_add(&out, "h");
        text_add_integer(&out, s / 60 % 60);
        text_add(&out, "m");
    } else {
        text_add_integer(&out, s / 86400);
        text_add(&out, "d");
        text_add_integer(&out, s / 3600 % 24);
        text_add(&out, "h");
    }
    return text;
}
