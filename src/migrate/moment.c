/*
 * moment.c - points in time as the ledger keeps them.
 */
#include "moment.h"

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

int64_t moment_parse(const char *text)
{
    struct tm utc = {0};
    int ms = 0, end = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &ms, &end)
            != 7
        || end == 0 || text[end] != '\0')
        return 0;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    return (int64_t)timegm(&utc) * 1000 + ms;
}
