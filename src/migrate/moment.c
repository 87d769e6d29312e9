/*
 * moment.c - points in time as the ledger keeps them.
 */
#include "moment.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

char *moment_text(int64_t wall_ms, char out[MOMENT_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc = {0};
    size_t n;

    gmtime_r(&seconds, &utc);
    n = strftime(out, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + n, MOMENT_SIZE - n, ".%03dZ", (int)(wall_ms % 1000));
    return out;
}

/* As many digits as the pattern has zeros in a row; everything else stands for itself. */
static bool read_like(const char *pattern, const char *text, int *numbers)
{
    for (; *pattern != '\0'; pattern++, text++) {
        if (*pattern != '0') {
            if (*text != *pattern)
                return false;
            numbers++;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        *numbers = *numbers * 10 + (*text - '0');
    }
    return *text == '\0';
}

/* By hand: of a history of a thousand events sscanf() was the largest part. */
int64_t moment_parse(const char *text)
{
    int n[8] = {0}; /* the last one is behind the Z */
    struct tm utc = {0};

    if (!read_like("0000-00-00T00:00:00.000Z", text, n))
        return 0;
    utc.tm_year = n[0] - 1900;
    utc.tm_mon = n[1] - 1;
    utc.tm_mday = n[2];
    utc.tm_hour = n[3];
    utc.tm_min = n[4];
    utc.tm_sec = n[5];
    return (int64_t)timegm(&utc) * 1000 + n[6];
}
