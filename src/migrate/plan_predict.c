/*
 * plan_predict.c - how long a plan will likely take.
 */
#include "plan_predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_work.h"
#include "spent.h"

/* What the history may know a step by. */
struct past {
    const char *checksum; /* of the section that runs */
    const char *work;     /* see plan_work.h */
    bool known;           /* the section itself ran before */
};

/* A statement of the plan, to be found by its form. */
struct candidate {
    hg_plan_statement *statement;
    bool known; /* one on the same table ran before */
};

struct prediction {
    hg_plan *plan;
    struct past *past; /* of each step */
    struct candidate *candidates;
    size_t count;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the history: out of memory");
}

static int by_form(const void *a, const void *b)
{
    return strcmp(((const struct candidate *)a)->statement->form,
                  ((const struct candidate *)b)->statement->form);
}

static bool gather(struct prediction *p, struct prepared *prepared)
{
    struct arena *arena = &prepared->arena;
    size_t most = 0;

    for (size_t i = 0; i < p->plan->step_count; i++)
        most += p->plan->steps[i].statement_count;
    p->past = arena_alloc(arena, p->plan->step_count + 1, sizeof *p->past);
    p->candidates = arena_alloc(arena, most + 1, sizeof *p->candidates);
    if (p->past == NULL || p->candidates == NULL)
        return false;
    for (size_t i = 0; i < p->plan->step_count; i++) {
        const hg_plan_step *step = &p->plan->steps[i];

        p->past[i] = (struct past){.checksum = prepared->scripts[i].section.checksum,
                                   .work = plan_work(arena, step)};
        if (p->past[i].work == NULL)
            return false;
        for (size_t k = 0; k < step->statement_count; k++)
            if (step->statements[k].form[0] != '\0')
                p->candidates[p->count++].statement = &step->statements[k];
    }
    qsort(p->candidates, p->count, sizeof *p->candidates, by_form);
    return true;
}

/* --- from one event --- */

/* A section that ran before is known by itself; from then on others of its work say nothing. */
static void learn_step(struct prediction *p, hg_rows *rows, double took)
{
    for (size_t i = 0; i < p->plan->step_count; i++) {
        hg_plan_step *step = &p->plan->steps[i];
        struct past *past = &p->past[i];

        if (strcmp(step->direction == HG_UP ? "up" : "down", hg_rows_text(rows, 1)) != 0)
            continue;
        if (strcmp(step->revision, hg_rows_text(rows, 0)) == 0
            && strcmp(past->checksum, hg_rows_text(rows, 2)) == 0) {
            past->known = true;
            step->predicted_ms = took;
        } else if (!past->known && past->work[0] != '\0' && took > step->predicted_ms
                   && strcmp(past->work, hg_rows_text(rows, 4)) == 0) {
            step->predicted_ms = took;
        }
    }
}

static int compare_form(const char *form, const struct spent_line *line)
{
    int order = strncmp(form, line->form, line->form_size);

    return order != 0 ? order : form[line->form_size] != '\0';
}

/* The first candidate whose form is not smaller than the line's. */
static size_t find_form(const struct prediction *p, const struct spent_line *line)
{
    size_t low = 0, high = p->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_form(p->candidates[middle].statement->form, line) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_its_table(const hg_plan_statement *statement, const struct spent_line *line)
{
    const hg_plan_table *table = spent_table(statement);

    return table != NULL && strlen(table->name) == line->table_size
           && memcmp(table->name, line->table, line->table_size) == 0;
}

static void learn_line(struct prediction *p, const struct spent_line *line)
{
    for (size_t i = find_form(p, line); i < p->count; i++) {
        struct candidate *c = &p->candidates[i];
        bool same = is_its_table(c->statement, line);
        double ms;

        if (compare_form(c->statement->form, line) != 0)
            break;
        ms = spent_expected_ms(c->statement, line);
        if (same || (!c->known && ms > c->statement->predicted_ms))
            c->statement->predicted_ms = ms;
        c->known = c->known || same;
    }
}

static void learn(struct prediction *p, hg_rows *rows)
{
    const char *spent = hg_rows_text(rows, 5);
    struct spent_line line;

    learn_step(p, rows, hg_rows_value(rows, 3).as.real);
    while (spent_next(&spent, &line))
        learn_line(p, &line);
}

/* --- all of it --- */

/* Where every statement of a step is known, together they are known better than its like. */
static void add_up(struct prediction *p)
{
    for (size_t i = 0; i < p->plan->step_count; i++) {
        hg_plan_step *step = &p->plan->steps[i];
        double ms = 0;
        bool all = step->statement_count > 0;

        for (size_t k = 0; k < step->statement_count; k++) {
            all = all && step->statements[k].predicted_ms >= 0;
            ms += step->statements[k].predicted_ms;
        }
        if (all && !p->past[i].known)
            step->predicted_ms = ms;
    }
}

bool plan_predict(hg_conn *conn, struct prepared *prepared, hg_deadline by, hg_error *err)
{
    const struct ledger_place *place = &prepared->place;
    struct prediction p = {.plan = &prepared->plan};
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    char sql[1024];

    if (!place->has_history || p.plan->step_count == 0)
        return true;
    if (!gather(&p, prepared))
        return no_memory(err);
    snprintf(sql, sizeof sql,
             "SELECT revision, direction, checksum, duration_ms, %s, %s FROM %s "
             "WHERE outcome = 'ok' AND direction IN ('up', 'down') AND duration_ms IS NOT NULL "
             "ORDER BY id",
             place->later >= LEDGER_WORK ? "work" : "''",
             place->later >= LEDGER_SPENT ? "spent" : "''", place->history);
    if (hg_conn_query(conn, sql, NULL, 0, by, &rows, err))
        while ((step = hg_rows_next(rows, by, err)) == HG_ROW)
            learn(&p, rows);
    hg_rows_close(rows);
    add_up(&p);
    return step == HG_END;
}
