/*
 * list_migrations.c - the revisions, ancestors first, with what is applied.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"

enum { MIG_REVISION, MIG_MESSAGE, MIG_STATE, MIG_WHEN, MIG_TOOK, MIG_BY, MIG_COLUMNS };

/* clang-format off */
static const struct column columns[MIG_COLUMNS] = {
    [MIG_REVISION] = {"REVISION", 12, .sorts = true},
    [MIG_MESSAGE]  = {"MESSAGE", 8, .grows = true, .drop = 2, .sorts = true},
    [MIG_STATE]    = {"STATE", 7, .sorts = true},
    [MIG_WHEN]     = {"AGO", 4, .right = true, .drop = 1, .sorts = true},
    [MIG_TOOK]     = {"TOOK", 6, .right = true, .drop = 3, .sorts = true, .full = true},
    [MIG_BY]       = {"BY", 10, .drop = 4, .sorts = true, .full = true},
};
/* clang-format on */

static const hg_revision *revision_at(const struct model *m, size_t row)
{
    return &model_history(m)->revisions[row];
}

static size_t count(const struct model *m)
{
    const hg_history *history = model_history(m);

    return history == NULL ? 0 : history->revision_count;
}

static void key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%s", revision_at(m, row)->revision);
}

static int64_t since_ms(const struct model *m, const hg_revision *r)
{
    return r->applied_ms <= 0 ? -1 : m->wall_ms > r->applied_ms ? m->wall_ms - r->applied_ms : 0;
}

/* Lanes stand for ancestors above their descendants, all of them. */
static bool has_lanes(const struct model *m)
{
    const struct looking *l = &m->lists[PANE_MIGRATIONS];

    return m->lanes != NULL && m->screen == SCREEN_MIGRATIONS && l->order == LIST_AS_IT_COMES
           && !l->reversed && l->filter[0] == '\0';
}

static void revision_cell(const struct model *m, size_t row, struct table_cell *out)
{
    const hg_revision *r = revision_at(m, row);
    char lanes[6 * LANES_MAX + 1];

    out->text = r->revision;
    if (!has_lanes(m))
        return;
    lanes_text(&m->lanes[row], m->lane_count, r, m->utf8, lanes, sizeof lanes);
    snprintf(out->scratch, sizeof out->scratch, "%s %s", lanes, r->revision);
    out->text = out->scratch;
}

/* Where there are several heads they are called so. */
static void message_cell(const struct model *m, const hg_revision *r, struct table_cell *out)
{
    out->text = r->message;
    if (!r->head || model_history(m)->head_count < 2)
        return;
    snprintf(out->scratch, sizeof out->scratch, "(head) %.180s", r->message);
    out->text = out->scratch;
}

static void cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_revision *r = revision_at(m, row);

    out->text = out->scratch;
    out->role = column == MIG_STATE     ? view_revision_role(r)
                : column <= MIG_MESSAGE ? ROLE_TEXT
                                        : ROLE_DIM;
    if (column == MIG_REVISION)
        revision_cell(m, row, out);
    else if (column == MIG_MESSAGE)
        message_cell(m, r, out);
    else if (column == MIG_STATE)
        out->text = view_revision_word(r);
    else if (column == MIG_WHEN && r->applied_ms > 0)
        format_ago(since_ms(m, r), out->scratch);
    else if (column == MIG_TOOK && r->duration_ms >= 0)
        format_took(r->duration_ms, out->scratch);
    else if (column == MIG_BY)
        out->text = r->applied_by;
}

static struct sort_value value(const struct model *m, size_t row, size_t column)
{
    const hg_revision *r = revision_at(m, row);
    const char *const texts[MIG_COLUMNS] = {[MIG_REVISION] = r->revision,
                                            [MIG_MESSAGE] = r->message,
                                            [MIG_STATE] = view_revision_word(r),
                                            [MIG_BY] = r->applied_by};

    return (struct sort_value){texts[column],
                               column == MIG_WHEN ? (double)since_ms(m, r) : r->duration_ms};
}

/* The check that says why files and ledger cannot be read, though the database answers; NULL: they
 * can. */
static const hg_check_result *trouble(const struct model *m)
{
    const hg_readiness *now = model_readiness(m);

    if (now == NULL || !now->db || now->history != NULL)
        return NULL;
    for (size_t i = 0; i < now->check_count; i++)
        if (now->checks[i].status == HG_FAIL && strncmp(now->checks[i].id, "migrate.", 8) == 0)
            return &now->checks[i];
    return NULL;
}

void list_migrations_trouble(const struct model *m, struct document *d)
{
    const hg_check_result *why = trouble(m);

    if (why == NULL)
        return;
    document_item(d, DOCUMENT_FIELD, ROLE_FAIL, "BROKEN", ROLE_TEXT, why->observed);
    document_field(d, "hint", why->hint);
}

/* What is counted at the end of the rule: "2 pending", and what is out of order before it. */
static enum role note(const struct model *m, char *out, size_t size)
{
    const hg_history *history = model_history(m);
    size_t broken = m->broken_count, applied = m->applied_count;
    char since[FORMAT_ROOM], heads[32] = "";

    if (trouble(m) != NULL) {
        snprintf(out, size, "BROKEN");
        return ROLE_FAIL;
    }
    if (history == NULL) {
        snprintf(out, size, "%s", m->status == NULL ? "reading" : "not known");
        return ROLE_DIM;
    }
    if (!model_db_answers(m)) {
        snprintf(out, size, "as of %s", format_moment(m->known_wall_ms, since));
        return ROLE_WARN;
    }
    if (history->head_count > 1)
        snprintf(heads, sizeof heads, ", %zu heads", history->head_count);
    if (broken > 0)
        snprintf(out, size, "%zu broken, %zu pending%s", broken, history->pending_count, heads);
    else
        snprintf(out, size, "%zu applied, %zu pending%s", applied, history->pending_count, heads);
    return broken > 0 ? ROLE_MIG_BROKEN : history->pending_count > 0 ? ROLE_MIG_PENDING : ROLE_OK;
}

static const char *empty(const struct model *m)
{
    if (trouble(m) != NULL)
        return trouble(m)->observed;
    return model_history(m) == NULL ? "" : "no migration files";
}

static void parents_of(const hg_revision *r, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < r->revises_count && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", r->revises[i]);
}

/* Alembic's are Python. */
static bool is_sql(const char *file)
{
    size_t n = strlen(file);

    return n >= 4 && strcmp(file + n - 4, ".sql") == 0;
}

/* The file's text, if it has been read. */
static void source(const struct model *m, const hg_revision *r, struct document *d)
{
    const struct source *s = &m->source;

    if (r->file[0] == '\0' || strcmp(s->file, r->file) != 0 || s->result == NULL)
        return;
    document_blank(d);
    if (s->result->ok && is_sql(r->file))
        document_sql(d, 0, s->result->text);
    else if (s->result->ok)
        document_text(d, 0, ROLE_SQL, s->result->text);
    else
        document_text(d, 0, ROLE_WARN, s->result->error.message);
}

/* How it came to be what it is. */
static void when_and_who(const struct model *m, const hg_revision *r, struct document *d)
{
    char date[FORMAT_ROOM], ago[FORMAT_ROOM], took[FORMAT_ROOM], in[48] = "";

    if (r->applied_ms <= 0)
        return;
    if (r->duration_ms >= 0)
        snprintf(in, sizeof in, " in %s", format_took(r->duration_ms, took));
    list_field(d, "applied", "%s UTC, %s ago%s%s%s", format_date(r->applied_ms, date),
               format_age(since_ms(m, r), ago), in, r->applied_by[0] == '\0' ? "" : ", by ",
               r->applied_by);
}

static void detail(const struct model *m, size_t row, struct document *d)
{
    const hg_revision *r = revision_at(m, row);
    char parents[256];

    parents_of(r, parents, sizeof parents);
    document_item(d, DOCUMENT_FIELD, view_revision_role(r), view_revision_word(r), ROLE_VALUE,
                  r->message);
    document_field(d, "revises", parents);
    if (r->current)
        document_field(d, "current", "the database is here");
    when_and_who(m, r, d);
    document_field(d, "release", r->release);
    if (r->checksum_known && !r->checksum_ok)
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, "edited", ROLE_WARN,
                      "the file runs something else than was applied");
    else if (r->reformatted)
        document_field(d, "reformatted",
                       "the file looks another way than when it was applied, "
                       "and runs the same");
    if (r->irreversible || !r->has_down)
        document_field(d, "down",
                       r->irreversible ? "it says that it cannot be rolled back"
                                       : "it has no down section");
    document_field(d, "file", r->file);
    source(m, r, d);
}

static void copy(const struct model *m, size_t row, struct buf *out)
{
    buf_text(out, revision_at(m, row)->revision);
}

const struct list list_migrations = {
    .title = "MIGRATIONS",
    .one = "MIGRATION",
    .row_says = "revision",
    .columns = columns,
    .column_count = MIG_COLUMNS,
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
