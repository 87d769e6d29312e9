/*
 * convert_time.c - dates and times of ISO 8601. Pure.
 *
 * A text without a zone is UTC. Numbers need somebody who knows what they count; words such as
 * "now" and formats with slashes are nobody's to guess.
 */
#include "convert.h"

enum { MICROSECONDS = 1000000, DAYS_TO_2000 = 10957 };

static const int64_t day_us = INT64_C(86400) * MICROSECONDS;

int64_t days_of(int year, int month, int day)
{
    int64_t era, y = year - (month <= 2);
    int yoe, doy, doe;

    era = (y >= 0 ? y : y - 399) / 400;
    yoe = (int)(y - era * 400);
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468 - DAYS_TO_2000;
}

/* What is left of a text. */
struct cursor {
    const char *at, *end;
};

/* Exactly n digits; false: there are others. */
static bool take_number(struct cursor *c, int n, int *out)
{
    int value = 0;

    if (c->end - c->at < n)
        return false;
    for (int i = 0; i < n; i++) {
        unsigned digit = (unsigned)(unsigned char)c->at[i] - '0';

        if (digit > 9)
            return false;
        value = value * 10 + (int)digit;
    }
    c->at += n;
    *out = value;
    return true;
}

static bool take_char(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DD */
static enum finding take_date(struct cursor *c, int64_t *out_days)
{
    int year = 0, month = 0, day = 0;

    if (!take_number(c, 4, &year) || !take_char(c, '-') || !take_number(c, 2, &month)
        || !take_char(c, '-') || !take_number(c, 2, &day))
        return TIME_SYNTAX;
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return TIME_RANGE;
    *out_days = days_of(year, month, day);
    return FITS;
}

/* .f to .fffffffff in microseconds, half a one up; *out_rounded: that lost something. */
static bool take_fraction(struct cursor *c, int64_t *out_us, bool *out_rounded)
{
    int64_t nanoseconds = 0;
    int digits = 0;

    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9' && digits < 9; c->at++, digits++)
        nanoseconds = nanoseconds * 10 + (*c->at - '0');
    if (digits == 0)
        return false;
    for (; digits < 9; digits++)
        nanoseconds *= 10;
    *out_us = (nanoseconds + 500) / 1000;
    *out_rounded = nanoseconds % 1000 != 0;
    return true;
}

/* HH:MM[:SS[.f]] */
static enum finding take_clock(struct cursor *c, int64_t *out_us)
{
    int hour = 0, minute = 0, second = 0;
    int64_t fraction = 0;
    bool rounded = false;

    if (!take_number(c, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, &minute))
        return TIME_SYNTAX;
    if (take_char(c, ':')) {
        if (!take_number(c, 2, &second))
            return TIME_SYNTAX;
        if (take_char(c, '.') && !take_fraction(c, &fraction, &rounded))
            return TIME_SYNTAX;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return TIME_RANGE;
    *out_us = ((hour * 60 + minute) * INT64_C(60) + second) * MICROSECONDS + fraction;
    return rounded ? FRACTION_ROUNDED : FITS;
}

/* Z, +HH, +HHMM or +HH:MM behind an optional space; nothing is UTC. *out_given: there was one. */
static enum finding take_zone(struct cursor *c, int64_t *out_us, bool *out_given)
{
    int sign, hours = 0, minutes = 0;

    *out_us = 0;
    *out_given = c->at < c->end;
    if (c->at == c->end)
        return FITS;
    (void)take_char(c, ' ');
    if (take_char(c, 'Z') || take_char(c, 'z'))
        return c->at == c->end ? FITS : TIME_SYNTAX;
    sign = take_char(c, '-') ? -1 : take_char(c, '+') ? 1 : 0;
    if (sign == 0 || !take_number(c, 2, &hours))
        return TIME_SYNTAX;
    if (c->at < c->end && ((void)take_char(c, ':'), !take_number(c, 2, &minutes)))
        return TIME_SYNTAX;
    if (c->at != c->end)
        return TIME_SYNTAX;
    if (hours > 15 || minutes > 59)
        return TIME_RANGE;
    *out_us = sign * (hours * INT64_C(60) + minutes) * 60 * MICROSECONDS;
    return FITS;
}

struct moment {
    int64_t us; /* since 2000-01-01 00:00 UTC */
    bool zone;  /* one was given */
};

/* A date, and behind a T or a space the time of day. */
static enum finding parse_moment(const struct cell *cell, struct moment *out)
{
    struct cursor c = {cell->as.bytes, cell->as.bytes + cell->size};
    int64_t days = 0, clock_us = 0, zone_us = 0;
    enum finding finding = take_date(&c, &days), zone;

    out->zone = false;
    if (finding == FITS && c.at < c.end) {
        if (!take_char(&c, 'T') && !take_char(&c, ' '))
            return TIME_SYNTAX;
        finding = take_clock(&c, &clock_us);
        zone = finding_fits(finding) ? take_zone(&c, &zone_us, &out->zone) : finding;
        if (zone != FITS && finding_fits(finding))
            return zone;
    }
    out->us = days * day_us + clock_us - zone_us;
    return finding;
}

static enum finding class_of(const struct cell *cell)
{
    if (cell->class == CELL_TEXT)
        return FITS;
    return cell->class == CELL_BLOB ? TIME_BLOB : TIME_NUMBER;
}

/* finding: what was found until now. */
static enum finding put_us(const struct target *target, int64_t us, enum finding finding,
                           struct image *out)
{
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

    if (us % units[target->places] != 0)
        return TIME_PRECISION;
    image_u32(out, 8);
    image_u64(out, (uint64_t)us);
    return finding;
}

enum finding convert_timestamptz(const struct target *target, const struct cell *cell,
                                 struct image *out)
{
    enum finding finding = class_of(cell);
    struct moment moment;

    if (finding == FITS)
        finding = parse_moment(cell, &moment);
    return finding_fits(finding) ? put_us(target, moment.us, finding, out) : finding;
}

enum finding convert_timestamp(const struct target *target, const struct cell *cell,
                               struct image *out)
{
    enum finding finding = class_of(cell);
    struct moment moment;

    if (finding == FITS)
        finding = parse_moment(cell, &moment);
    if (!finding_fits(finding))
        return finding;
    return put_us(target, moment.us, moment.zone ? ZONE_TO_UTC : finding, out);
}

enum finding convert_date(const struct target *target, const struct cell *cell, struct image *out)
{
    enum finding finding = class_of(cell);
    struct moment moment;

    (void)target;
    if (finding == FITS)
        finding = parse_moment(cell, &moment);
    if (!finding_fits(finding))
        return finding;
    if (moment.us % day_us != 0)
        return DATE_TIME_PART;
    image_u32(out, 4);
    image_u32(out, (uint32_t)(int32_t)(moment.us / day_us));
    return finding;
}

enum finding convert_time(const struct target *target, const struct cell *cell, struct image *out)
{
    struct cursor c = {cell->as.bytes, NULL};
    enum finding finding = class_of(cell);
    int64_t us = 0;

    if (finding != FITS)
        return finding;
    c.end = c.at + cell->size;
    finding = take_clock(&c, &us);
    if (finding_fits(finding) && c.at != c.end)
        return TIME_SYNTAX;
    return finding_fits(finding) ? put_us(target, us, finding, out) : finding;
}
