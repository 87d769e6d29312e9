/*
 * plan_explain.c - brings together what statements are taken for, what the live database says, and
 * what follows.
 */
#include "plan_explain.h"

#include <stdlib.h>
#include <string.h>

#include "plan_assess.h"
#include "plan_measure.h"
#include "plan_predict.h"
#include "sql/grammar.h"

enum { COUNT_MS = 1000 }; /* to count the rows that would be lost, in all */

struct explanation {
    hg_conn *conn;
    struct prepared *p;
    struct assess_step *read; /* of each step */
    struct live live;
    const char **names; /* that the statements use */
    size_t name_count;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the plan: out of memory");
}

/* --- syntax --- */

/* Lets a server that may know more than our grammar read the statement, without running it. */
static bool ask_server(hg_conn *conn, const struct script *script, size_t i, hg_deadline by,
                       hg_error *err)
{
    hg_statement *statement = NULL;
    hg_error said = {0};

    if (hg_conn_prepare(conn, script->statements[i].sql, by, &statement, &said)) {
        hg_statement_close(statement);
        return true;
    }
    if (strcmp(said.sqlstate, "42601") != 0) /* whatever else is wrong is wrong when it runs */
        return true;
    return script_fail_syntax(script, i, said.message, said.column, err);
}

static bool check_syntax(const struct explanation *e, const struct assess_step *read,
                         hg_deadline by, hg_error *err)
{
    int version = e->conn == NULL ? ASSESS_NEWEST_POSTGRES : hg_conn_server_version_number(e->conn);

    for (size_t i = 0; i < read->script->count; i++) {
        const struct classified *class = &read->classes[i];

        if (class->how != CLASSIFY_FAULT || e->conn == NULL)
            continue;
        if (version / 10000 <= GRAMMAR_VERSION / 10000)
            return script_fail_syntax(read->script, i, class->fault_message, class->fault_character,
                                      err);
        if (!ask_server(e->conn, read->script, i, by, err))
            return false;
    }
    return true;
}

static bool read_steps(struct explanation *e, hg_deadline by, hg_error *err)
{
    struct prepared *p = e->p;

    e->read = arena_alloc(&p->arena, p->script_count + 1, sizeof *e->read);
    if (e->read == NULL)
        return no_memory(err);
    for (size_t i = 0; i < p->script_count; i++)
        if (!assess_read(&p->arena, p->driver, &p->scripts[i], &e->read[i], err)
            || !check_syntax(e, &e->read[i], by, err))
            return false;
    return true;
}

/* --- the live database --- */

static void add_name(struct explanation *e, const char *name)
{
    if (name[0] != '\0')
        e->names[e->name_count++] = name;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each name once, in the order in which live_read() wants them. */
static void sort_names(struct explanation *e)
{
    size_t kept = 0;

    qsort(e->names, e->name_count, sizeof *e->names, by_text);
    for (size_t i = 0; i < e->name_count; i++)
        if (kept == 0 || strcmp(e->names[kept - 1], e->names[i]) != 0)
            e->names[kept++] = e->names[i];
    e->name_count = kept;
}

static size_t count_names(const struct explanation *e)
{
    size_t count = 0;

    for (size_t i = 0; i < e->p->script_count; i++)
        for (size_t j = 0; j < e->p->scripts[i].count; j++)
            count += 2 * e->read[i].classes[j].use_count + e->read[i].classes[j].effect_count
                     + (e->read[i].trials == NULL ? 0 : e->read[i].trials[j].count);
    return count;
}

static bool collect_names(struct explanation *e, hg_error *err)
{
    e->names = arena_alloc(&e->p->arena, count_names(e) + 1, sizeof *e->names);
    if (e->names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < e->p->script_count; i++)
        for (size_t j = 0; j < e->p->scripts[i].count; j++) {
            const struct classified *c = &e->read[i].classes[j];

            for (size_t k = 0; k < c->use_count; k++) {
                add_name(e, c->uses[k].table);
                add_name(e, c->uses[k].other);
            }
            for (size_t k = 0; k < c->effect_count; k++)
                add_name(e, c->effects[k].name);
            for (size_t k = 0; e->read[i].trials != NULL && k < e->read[i].trials[j].count; k++)
                add_name(e, e->read[i].trials[j].seen[k].name);
        }
    sort_names(e);
    return true;
}

static bool ask_live(struct explanation *e, enum explain_depth depth, hg_deadline by, hg_error *err)
{
    return e->conn == NULL
           || (collect_names(e, err)
               && live_read(e->conn, &e->p->arena, e->names, e->name_count,
                            depth == EXPLAIN_TO_SHOW, by, &e->live, err));
}

/* The rows that go with a table that goes; for each as exactly as the time allows. */
static void count_losses(const struct explanation *e, hg_deadline by)
{
    hg_deadline patience = hg_deadline_first(by, hg_deadline_in_ms(COUNT_MS));
    const hg_plan *plan = &e->p->plan;

    for (size_t i = 0; i < plan->step_count; i++)
        for (size_t j = 0; j < plan->steps[i].statement_count; j++) {
            const hg_plan_statement *s = &plan->steps[i].statements[j];

            for (size_t k = 0; k < s->table_count; k++) {
                hg_plan_table *t = &s->tables[k];

                if (t->loses_rows && !t->created && hg_deadline_left_ms(patience) > 0)
                    t->rows_exact = live_count(e->conn, t->name, patience, &t->rows);
            }
        }
}

/* --- all of it --- */

static bool assess(const struct explanation *e, const hg_migrate_options *options, hg_error *err)
{
    struct prepared *p = e->p;
    int newest = p->driver == HG_SQLITE ? ASSESS_NEWEST_SQLITE : ASSESS_NEWEST_POSTGRES;
    struct assessor a = {.arena = &p->arena,
                         .driver = p->driver,
                         .server_version =
                             e->conn == NULL ? newest : hg_conn_server_version_number(e->conn),
                         .live = e->conn == NULL ? NULL : &e->live,
                         .accept = options->accept,
                         .accept_count = options->accept_count,
                         .one_transaction = options->single_transaction};
    bool ok = true;

    for (size_t i = 0; ok && i < p->plan.step_count; i++)
        ok = assess_step(&a, &e->read[i], &p->plan.steps[i], err);
    p->plan.danger_count = a.danger_count;
    assess_release(&a);
    return ok;
}

/* Whether there is something to measure; on SQLite what a statement does is known from its form. */
static bool may_measure(const struct explanation *e, const hg_migrate_options *options)
{
    return options->measure && e->conn != NULL && e->p->driver == HG_POSTGRESQL
           && e->p->script_count > 0;
}

static bool explain_to_show(struct explanation *e, hg_pool *pool, const hg_migrate_options *options,
                            hg_deadline by, hg_error *err)
{
    if (may_measure(e, options)
        && !plan_measure(pool, e->conn, e->p, e->read, options->observer, by, err))
        return false;
    if (!ask_live(e, EXPLAIN_TO_SHOW, by, err) || !assess(e, options, err))
        return false;
    if (e->conn == NULL)
        return true;
    count_losses(e, by);
    return hg_conn_lost(e->conn) || plan_predict(e->conn, e->p, by, err);
}

/* What the table of forms does not object to needs no measuring. */
static bool explain_to_run(struct explanation *e, hg_pool *pool, const hg_migrate_options *options,
                           hg_deadline by, hg_error *err)
{
    if (!ask_live(e, EXPLAIN_TO_RUN, by, err) || !assess(e, options, err))
        return false;
    if (options->deadline_ms > 0 && !plan_predict(e->conn, e->p, by, err))
        return false;
    if (!options->production || e->p->plan.danger_count == 0 || !may_measure(e, options))
        return true;
    return plan_measure(pool, e->conn, e->p, e->read, options->observer, by, err)
           && assess(e, options, err);
}

bool plan_explain(hg_pool *pool, hg_conn *conn, struct prepared *prepared,
                  const hg_migrate_options *options, enum explain_depth depth, hg_deadline by,
                  hg_error *err)
{
    struct explanation e = {.conn = conn, .p = prepared};

    prepared->plan.measured_ms = -1;
    prepared->plan.unmeasured = "";
    if (!assess_check_accept(options->accept, options->accept_count, err)
        || !read_steps(&e, by, err))
        return false;
    return depth == EXPLAIN_TO_SHOW ? explain_to_show(&e, pool, options, by, err)
                                    : explain_to_run(&e, pool, options, by, err);
}
