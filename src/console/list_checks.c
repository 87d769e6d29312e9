/*
 * list_checks.c - the checks, how each came out, what it was held against, and how it did before.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"

enum { CHECK_STATUS, CHECK_ID, CHECK_FOUND, CHECK_WANTED, CHECK_PAST, CHECK_TOOK, CHECK_COLUMNS };
enum { PAST_COLUMNS = 10 };

/* clang-format off */
static const struct column columns[CHECK_COLUMNS] = {
    [CHECK_STATUS] = {"", 4, .sorts = true},
    [CHECK_ID]     = {"CHECK", 20, .sorts = true},
    [CHECK_FOUND]  = {"FOUND", 14, .grows = true, .drop = 1, .sorts = true},
    [CHECK_WANTED] = {"HELD AGAINST", 22, .drop = 4, .full = true},
    [CHECK_PAST]   = {"PAST RUNS", PAST_COLUMNS, .right = true, .drop = 3, .full = true},
    [CHECK_TOOK]   = {"TOOK", 6, .right = true, .drop = 2, .sorts = true, .full = true},
};
/* clang-format on */

static void key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%s", model_check(m, row)->id);
}

/* A letter a run, the newest last: "......!!x". */
static void past(const struct model *m, const char *id, int most, char *out, size_t size)
{
    static const char letters[] = {
        [HG_PASS] = '.', [HG_SKIP] = '-', [HG_WARN] = '!', [HG_UNKNOWN] = '?', [HG_FAIL] = 'x'};
    const struct check_past *p = m->checks_past, *end = p + CHECKS_REMEMBERED;
    size_t used = 0;

    while (p < end && strcmp(p->id, id) != 0)
        p++;
    for (size_t back = p == end ? 0 : RUNS_REMEMBERED; back-- > 0 && used + 1 < size;) {
        int8_t run =
            back > m->checks_newest ? -1 : p->runs[(m->checks_newest - back) % RUNS_REMEMBERED];

        if (run >= 0)
            out[used++] = letters[run];
    }
    out[used] = '\0';
    if (used > (size_t)most)
        memmove(out, out + used - (size_t)most, (size_t)most + 1);
}

static void cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_check_result *check = model_check(m, row);
    bool passed = check->status == HG_PASS;

    out->text = out->scratch;
    out->role = passed || check->status == HG_SKIP ? ROLE_DIM : ROLE_TEXT;
    if (column == CHECK_STATUS) {
        out->text = check->muted ? "mute" : view_status_word(check->status);
        out->role = check->muted ? ROLE_DIM : view_status_role(check->status);
    } else if (column == CHECK_ID) {
        out->text = check->id;
        out->role = check->status == HG_SKIP ? ROLE_DIM : ROLE_TEXT;
    } else if (column == CHECK_FOUND) {
        /* what passed needs no numbers: they would change with every look */
        out->text = passed && !model_smoked(m) ? check->title : check->observed;
        out->whole = passed && m->screen == SCREEN_OVERVIEW;
    } else if (column == CHECK_WANTED) {
        out->text = check->threshold;
        out->role = ROLE_DIM;
    } else if (column == CHECK_PAST) {
        past(m, check->id, PAST_COLUMNS, out->scratch, sizeof out->scratch);
    } else {
        format_took(check->duration_ms, out->scratch);
    }
}

static struct sort_value value(const struct model *m, size_t row, size_t column)
{
    const hg_check_result *check = model_check(m, row);

    return (struct sort_value){column == CHECK_ID      ? check->id
                               : column == CHECK_FOUND ? check->observed
                                                       : NULL,
                               column == CHECK_STATUS ? -(double)check->status
                                                      : check->duration_ms};
}

static enum role readiness_note(const struct model *m, char *out, size_t size)
{
    const hg_readiness *readiness = model_readiness(m);
    char since[FORMAT_ROOM];

    if (readiness == NULL) {
        snprintf(out, size, "%s", m->status == NULL ? "running" : "not known");
        return ROLE_DIM;
    }
    if (readiness->db && !model_db_answers(m)) {
        snprintf(out, size, "as of %s", format_moment(m->known_wall_ms, since));
        return ROLE_WARN;
    }
    snprintf(out, size, "%s",
             readiness->status == HG_FAIL   ? "NOT READY"
             : readiness->status == HG_PASS ? "READY"
                                            : "READY, warnings");
    return view_status_role(readiness->status);
}

static enum role note(const struct model *m, char *out, size_t size)
{
    size_t counts[HG_STATUS_COUNT] = {0};
    char when[FORMAT_ROOM];

    if (m->screen == SCREEN_CHECKS && m->smoke_job != 0) {
        snprintf(out, size, "running %lld of %lld", (long long)m->smoke_done,
                 (long long)m->smoke_total);
        return ROLE_STEP_RUN;
    }
    if (!model_smoked(m))
        return readiness_note(m, out, size);
    for (size_t i = 0; i < model_check_count(m); i++)
        counts[model_check(m, i)->status] += !model_check(m, i)->muted;
    snprintf(out, size, "%zu failed, %zu warned, %zu passed at %s", counts[HG_FAIL],
             counts[HG_WARN], counts[HG_PASS], format_clock(m->smoke->finished_ms, when));
    return counts[HG_FAIL] > 0 ? ROLE_FAIL : counts[HG_WARN] > 0 ? ROLE_WARN : ROLE_OK;
}

static const char *empty(const struct model *m)
{
    return m->status == NULL ? "the checks are running" : "";
}

static void evidence(const hg_check_result *check, struct document *d)
{
    for (size_t i = 0; i < check->evidence_count; i++)
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, i == 0 ? "evidence" : "", ROLE_TEXT,
                      check->evidence[i]);
}

static void detail(const struct model *m, size_t row, struct document *d)
{
    const hg_check_result *check = model_check(m, row);
    char text[FORMAT_ROOM], runs[RUNS_REMEMBERED + 1];

    document_item(d, DOCUMENT_FIELD, view_status_role(check->status),
                  view_status_word(check->status), ROLE_VALUE, check->title);
    document_field(d, "found", check->observed);
    document_field(d, "held against", check->threshold);
    document_field(d, "hint", check->hint);
    if (check->muted)
        document_field(d, "muted", check->mute_reason == NULL ? "yes" : check->mute_reason);
    evidence(check, d);
    past(m, check->id, RUNS_REMEMBERED, runs, sizeof runs);
    list_field(d, "took", "%s; %s when it does not pass", format_took(check->duration_ms, text),
               hg_check_severity_name(check->severity));
    document_field(d, "past runs", runs);
    if (runs[0] != '\0')
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, "", ROLE_DIM,
                      ". passed  ! warned  x failed  ? not known  - skipped; the newest last");
}

static void copy(const struct model *m, size_t row, struct buf *out)
{
    const hg_check_result *check = model_check(m, row);

    buf_printf(out, "%s %s: %s", check->id, hg_status_name(check->status), check->observed);
}

/* clang-format off */
#define LIST_OF_CHECKS(name)                                                                       \
    {                                                                                              \
        .title = name, .one = "CHECK", .row_says = "result", .columns = columns,                   \
        .column_count = CHECK_COLUMNS, .order = LIST_AS_IT_COMES, .count = model_check_count,      \
        .key = key, .cell = cell, .value = value, .note = note, .empty = empty, .detail = detail,  \
        .copy = copy                                                                               \
    }
/* clang-format on */

const struct list list_checks = LIST_OF_CHECKS("CHECKS");
const struct list list_readiness = LIST_OF_CHECKS("READINESS");
