/*
 * list_checks.c - the readiness checks, how each came out, and how it did before.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"

enum { CHECK_STATUS, CHECK_ID, CHECK_FOUND, CHECK_PAST, CHECK_TOOK, CHECK_COLUMNS };
enum { PAST_COLUMNS = 16 };

/* clang-format off */
static const struct column columns[CHECK_COLUMNS] = {
    [CHECK_STATUS] = {"", 4, .sorts = true},
    [CHECK_ID]     = {"CHECK", 17, .sorts = true},
    [CHECK_FOUND]  = {"FOUND", 6, .grows = true, .drop = 1, .sorts = true},
    [CHECK_PAST]   = {"PAST RUNS", PAST_COLUMNS, .right = true, .drop = 3, .full = true},
    [CHECK_TOOK]   = {"TOOK", 6, .right = true, .drop = 2, .sorts = true, .full = true},
};
/* clang-format on */

static const hg_check_result *check_at(const struct model *m, size_t row)
{
    return &model_readiness(m)->checks[row];
}

static size_t count(const struct model *m)
{
    const hg_readiness *readiness = model_readiness(m);

    return readiness == NULL ? 0 : readiness->check_count;
}

static void key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%s", check_at(m, row)->id);
}

/* A letter a run, the newest last: "......!!x". */
static void past(const struct model *m, const char *id, int most, char *out, size_t size)
{
    static const char letters[] = {
        [HG_PASS] = '.', [HG_SKIP] = '-', [HG_WARN] = '!', [HG_UNKNOWN] = '?', [HG_FAIL] = 'x'};
    size_t used = 0;

    for (size_t i = 0; i < HG_CHECKS_MAX && m->checks_past[i].id != NULL; i++) {
        const struct check_past *p = &m->checks_past[i];

        if (strcmp(p->id, id) != 0)
            continue;
        for (size_t back = (size_t)most; back-- > 0 && used + 1 < size;) {
            int8_t run =
                back > m->checks_newest ? -1 : p->runs[(m->checks_newest - back) % RUNS_REMEMBERED];

            if (run >= 0)
                out[used++] = letters[run];
        }
    }
    out[used] = '\0';
}

static void cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_check_result *check = check_at(m, row);
    bool passed = check->status == HG_PASS;

    out->text = out->scratch;
    out->role = passed ? ROLE_DIM : ROLE_TEXT;
    if (column == CHECK_STATUS) {
        out->text = view_status_word(check->status);
        out->role = view_status_role(check->status);
    } else if (column == CHECK_ID) {
        out->text = check->id;
        out->role = ROLE_TEXT;
    } else if (column == CHECK_FOUND) {
        /* what passed needs no numbers: they would change with every look */
        out->text = passed ? check->title : check->observed;
        out->whole = passed && m->screen == SCREEN_OVERVIEW;
    } else if (column == CHECK_PAST) {
        past(m, check->id, PAST_COLUMNS, out->scratch, sizeof out->scratch);
    } else {
        format_took(check->duration_ms, out->scratch);
    }
}

static struct sort_value value(const struct model *m, size_t row, size_t column)
{
    const hg_check_result *check = check_at(m, row);

    return (struct sort_value){column == CHECK_ID      ? check->id
                               : column == CHECK_FOUND ? check->observed
                                                       : NULL,
                               column == CHECK_STATUS ? -(double)check->status
                                                      : check->duration_ms};
}

static enum role note(const struct model *m, char *out, size_t size)
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

static const char *empty(const struct model *m)
{
    return m->status == NULL ? "the checks are running" : "";
}

static void detail(const struct model *m, size_t row, struct document *d)
{
    const hg_check_result *check = check_at(m, row);
    char text[FORMAT_ROOM], runs[RUNS_REMEMBERED + 1];

    document_item(d, DOCUMENT_FIELD, ROLE_DIM, "state", view_status_role(check->status),
                  view_status_word(check->status));
    document_field(d, "check", check->title);
    document_field(d, "observed", check->observed);
    document_field(d, "hint", check->hint);
    list_field(d, "took", "%s", format_took(check->duration_ms, text));
    past(m, check->id, RUNS_REMEMBERED, runs, sizeof runs);
    document_field(d, "past runs", runs);
    document_item(d, DOCUMENT_FIELD, ROLE_DIM, "", ROLE_DIM,
                  ". passed   ! warned   x failed   ? not known   - skipped; the newest last");
}

static void copy(const struct model *m, size_t row, struct buf *out)
{
    const hg_check_result *check = check_at(m, row);

    buf_printf(out, "%s %s: %s", check->id, hg_status_name(check->status), check->observed);
}

const struct list list_checks = {
    .title = "READINESS",
    .one = "CHECK",
    .row_says = "result",
    .columns = columns,
    .column_count = CHECK_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .count = count,
    .key = key,
    .cell = cell,
    .value = value,
    .note = note,
    .empty = empty,
    .detail = detail,
    .copy = copy,
};
