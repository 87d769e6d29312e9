/*
 * spent.c - how long the statements of a step took.
 */
#include "spent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { KINDS = 32, TEXT_LIMIT = 64 * 1024 };

const hg_plan_table *spent_table(const hg_plan_statement *statement)
{
    for (size_t i = 0; i < statement->table_count; i++)
        if (strcmp(statement->tables[i].name, statement->table) == 0)
            return &statement->tables[i];
    return statement->table_count > 0 ? &statement->tables[0] : NULL;
}

/* --- writing --- */

struct kinds {
    struct spent_line items[KINDS];
    size_t count;
};

static const char *name_of(const hg_plan_statement *statement)
{
    const hg_plan_table *table = spent_table(statement);

    return table == NULL ? "" : table->name;
}

/* The line of a statement's kind; NULL: there are too many. */
static struct spent_line *line_of(struct kinds *kinds, const hg_plan_statement *statement)
{
    const hg_plan_table *table = spent_table(statement);
    const char *name = name_of(statement);
    size_t i = 0;

    while (i < kinds->count
           && (strcmp(kinds->items[i].form, statement->form) != 0
               || strcmp(kinds->items[i].table, name) != 0))
        i++;
    if (i == KINDS)
        return NULL;
    if (i == kinds->count)
        kinds->items[kinds->count++] = (struct spent_line){
            .form = statement->form, .table = name, .rows = table == NULL ? -1 : table->rows};
    return &kinds->items[i];
}

/* What a name must not contain to stand between tabs; such a name is nobody's. */
static bool is_plain(const char *text)
{
    return strpbrk(text, "\t\n") == NULL;
}

static void put_rest(struct buf *out, const struct spent_line *line)
{
    buf_printf(out, "\t%lld\t%lld\t%s\t%s\n", (long long)line->rows, (long long)line->count,
               line->form, line->table);
}

static bool is_worth(const struct spent_line *line)
{
    return line->count > 0 && line->form[0] != '\0' && is_plain(line->form)
           && is_plain(line->table);
}

static void count(struct kinds *kinds, const hg_plan_step *step, const double *ms, bool open)
{
    for (size_t i = 0; i < step->statement_count; i++) {
        struct spent_line *line;
        bool last = open && i + 1 == step->statement_count;

        if (ms[i] < 0 && !last)
            continue;
        line = line_of(kinds, &step->statements[i]);
        if (line == NULL)
            continue;
        line->ms += last ? 0 : ms[i];
        line->count++;
    }
}

bool spent_write(struct arena *arena, const hg_plan_step *step, const double *ms, bool open,
                 struct spent *out)
{
    struct buf head = BUF_INIT(TEXT_LIMIT), tail = BUF_INIT(TEXT_LIMIT);
    struct kinds kinds = {.count = 0};
    struct spent_line *last = NULL;
    struct spent spent = {.head = ""};
    bool ok;

    count(&kinds, step, ms, open);
    if (open && step->statement_count > 0)
        last = line_of(&kinds, &step->statements[step->statement_count - 1]);
    if (last != NULL && !is_worth(last))
        last = NULL;
    for (size_t i = 0; i < kinds.count; i++) {
        const struct spent_line *line = &kinds.items[i];

        if (line == last || !is_worth(line))
            continue;
        buf_printf(&head, "%.3f", line->ms);
        put_rest(&head, line);
    }
    if (last != NULL) {
        spent.open_ms = last->ms;
        put_rest(&tail, last);
        spent.tail = arena_text(arena, tail.bytes);
    }
    spent.head = arena_text(arena, head.bytes);
    ok = !buf_failed(&head) && !buf_failed(&tail) && spent.head != NULL
         && (last == NULL || spent.tail != NULL);
    buf_release(&head);
    buf_release(&tail);
    if (ok)
        *out = spent;
    return ok;
}

/* --- reading --- */

static bool take_field(const char **at, char end, const char **out, size_t *out_size)
{
    size_t n = strcspn(*at, "\t\n");

    if ((*at)[n] != end)
        return false;
    *out = *at;
    *out_size = n;
    *at += n + 1;
    return true;
}

bool spent_next(const char **text, struct spent_line *out)
{
    const char *ms, *rows, *number;
    size_t n;
    struct spent_line line;

    if (!take_field(text, '\t', &ms, &n) || !take_field(text, '\t', &rows, &n)
        || !take_field(text, '\t', &number, &n)
        || !take_field(text, '\t', &line.form, &line.form_size)
        || !take_field(text, '\n', &line.table, &line.table_size))
        return false;
    line.ms = strtod(ms, NULL);
    line.rows = strtoll(rows, NULL, 10);
    line.count = strtoll(number, NULL, 10);
    if (!(line.ms >= 0) || line.count < 1)
        return false;
    *out = line;
    return true;
}

/* --- what to expect --- */

static bool grows(const hg_plan_statement *statement)
{
    bool builds = false;

    for (size_t i = 0; i < statement->table_count; i++)
        builds = builds || statement->tables[i].index_build;
    return builds || statement->scan || statement->rewrite;
}

double spent_expected_ms(const hg_plan_statement *statement, const struct spent_line *line)
{
    const hg_plan_table *table = spent_table(statement);
    double ms = line->ms / (double)line->count;

    if (table == NULL || table->rows <= 0 || line->rows <= 0 || !grows(statement))
        return ms;
    return ms * (double)table->rows / (double)line->rows;
}
