/*
 * mute.c - lines of "ID until DAY: reason".
 */
#include "mute.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

enum { FILE_LIMIT = 256 * 1024, DAY_LENGTH = 10, DAY_MS = 24 * 3600 * 1000 };

static bool fault(const char *name, int line, hg_error *err)
{
    hg_fail(err, HG_FILE, "a mute is not \"ID until YYYY-MM-DD: reason\"");
    hg_error_hint(err, "Say how long and why: what is muted for ever is forgotten.");
    hg_error_place(err, name, line, 1);
    return false;
}

/* The end of a day in UTC. */
static bool read_day(const char *text, int64_t *out_ms)
{
    struct tm day = {0};
    int year, month, date, used = 0;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &date, &used) != 3 || used != DAY_LENGTH
        || month < 1 || month > 12 || date < 1 || date > 31)
        return false;
    day.tm_year = year - 1900;
    day.tm_mon = month - 1;
    day.tm_mday = date;
    *out_ms = (int64_t)timegm(&day) * 1000 + DAY_MS;
    return day.tm_mday == date; /* else there is no such day in that month */
}

static bool parse_line(char *line, const char *name, int number, struct arena *arena,
                       struct mutes *out, hg_error *err)
{
    static const char until[] = " until ";
    char *behind = strstr(line, until), *reason;
    struct mute *mute;
    int64_t until_ms;

    if (behind == NULL || behind == line || !read_day(behind + sizeof until - 1, &until_ms))
        return fault(name, number, err);
    reason = behind + sizeof until - 1 + DAY_LENGTH;
    if (reason[0] != ':' || reason[1 + strspn(reason + 1, " \t")] == '\0')
        return fault(name, number, err);
    *behind = '\0';
    reason += 1 + strspn(reason + 1, " \t");
    mute = VEC_PUSH(out);
    if (mute == NULL || (mute->id = arena_text(arena, line)) == NULL
        || (mute->reason = arena_text(arena, reason)) == NULL)
        return hg_fail(err, HG_NOMEM, "could not read the mutes: out of memory");
    mute->until_ms = until_ms;
    return true;
}

bool mutes_parse(const char *text, const char *name, struct arena *arena, struct mutes *out,
                 hg_error *err)
{
    char line[1024];

    for (int number = 1; *text != '\0'; number++) {
        size_t n = strcspn(text, "\n"), start = strspn(text, " \t\r"), end = n;

        while (end > start && strchr(" \t\r", text[end - 1]) != NULL)
            end--;
        if (start < end && text[start] != '#') {
            if (end - start >= sizeof line)
                return fault(name, number, err);
            snprintf(line, sizeof line, "%.*s", (int)(end - start), text + start);
            if (!parse_line(line, name, number, arena, out, err))
                return false;
        }
        text += n + (text[n] == '\n');
    }
    return true;
}

bool mutes_load(const char *dir, struct arena *arena, struct mutes *out, hg_error *err)
{
    struct buf text = BUF_INIT(FILE_LIMIT);
    char path[PATH_MAX];
    bool ok;

    if (!file_join(path, sizeof path, dir, "mutes") || !file_exists(path))
        return true;
    ok = file_read(path, &text, err) && mutes_parse(text.bytes, path, arena, out, err);
    buf_release(&text);
    return ok;
}

void mutes_apply(const struct mutes *mutes, hg_check_result *result)
{
    const struct mute *mute;
    int64_t now_ms = clock_wall_ms();

    if (result->status != HG_WARN && result->status != HG_FAIL)
        return;
    VEC_EACH (mutes, mute) {
        size_t n = strlen(mute->id);

        if (now_ms < mute->until_ms && strncmp(result->id, mute->id, n) == 0
            && (result->id[n] == '\0' || result->id[n] == '.')) {
            result->muted = true;
            result->mute_reason = mute->reason;
        }
    }
}

void mutes_release(struct mutes *mutes)
{
    VEC_RELEASE(mutes);
}
