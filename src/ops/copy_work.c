/*
 * copy_work.c - what the process that copies tells: everything but most of the progress, which a
 * copy of many tables has thousands of lines a second of, and which the journal keeps for a week.
 */
#include "copy_work.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "copy_pools.h"
#include "json_copy.h"
#include "outcome.h"
#include "worker.h"

enum { TELL_EVERY_MS = 1000 };

/* However its URL is spelled. */
void copy_subject(const hg_url *target, char out[COPY_SUBJECT_SIZE])
{
    struct buf text = BUF_INIT(COPY_SUBJECT_SIZE);

    buf_text(&text, "copy ");
    for (size_t i = 0; i < hg_url_host_count(target); i++)
        buf_printf(&text, "%s%s:%d", i == 0 ? "" : ",", hg_url_host(target, i),
                   hg_url_port(target, i));
    buf_printf(&text, "/%s", hg_url_database(target));
    text_copy(out, COPY_SUBJECT_SIZE, text.bytes);
    buf_release(&text);
}

hg_copy_options copy_begin_options(hg_copy_mode mode)
{
    hg_copy_options options = hg_copy_options_default();

    options.mode = mode;
    options.resume = mode == HG_COPY_RUN;
    return options;
}

bool copy_carry_out(const struct copy_sides *sides, const hg_copy_options *options,
                    const hg_observer *observer, hg_copy_result **out_result, hg_error *err)
{
    struct copy_pools pools = {NULL, NULL};
    bool ok = copy_pools_open(sides->settings, sides->source, sides->target, options, &pools, err)
              && hg_copy(pools.source, pools.target, options, observer, out_result, err);

    copy_pools_close(&pools);
    return ok;
}

/* --- what is told --- */

struct seen {
    char table[64];
    int64_t done;
};

/* Progress comes in rounds: each table that has rows, then the whole with subject "". */
struct teller {
    struct worker *worker;
    int64_t told_ns; /* the end of the last round that was told; 0: none was */
    bool in_round, tells;
    VEC(struct seen) tables;
};

/* A table that stands where it stood is no news. Without memory everything is. */
static bool has_moved(struct teller *t, const hg_event *event)
{
    char name[sizeof t->tables.items->table];
    struct seen *table;
    bool moved;

    text_copy(name, sizeof name, event->subject);
    VEC_EACH (&t->tables, table)
        if (strcmp(table->table, name) == 0)
            break;
    if (table == t->tables.items + t->tables.count) {
        table = VEC_PUSH(&t->tables);
        if (table == NULL)
            return true;
        memcpy(table->table, name, sizeof name);
    }
    moved = table->done != event->done;
    table->done = event->done;
    return moved;
}

static bool is_news(struct teller *t, const hg_event *event)
{
    bool ends = event->subject[0] == '\0';

    if (!t->in_round)
        t->tells = t->told_ns == 0 || clock_since_ms(t->told_ns) >= TELL_EVERY_MS;
    t->in_round = !ends;
    if (ends && t->tells)
        t->told_ns = clock_now_ns();
    return t->tells && (ends || has_moved(t, event));
}

static void tell(void *context, const hg_event *event)
{
    struct teller *t = context;

    if (event->kind != HG_EVENT_STEP_PROGRESS || is_news(t, event))
        worker_event(t->worker, event);
}

static bool is_cancelled(void *context)
{
    return worker_cancelled(((struct teller *)context)->worker);
}

int copy_work(const struct copy_sides *sides, const hg_copy_options *options, struct worker *worker)
{
    struct teller teller = {.worker = worker, .tables = VEC_INIT};
    const hg_observer observer = {tell, is_cancelled, &teller};
    const hg_copy_result nothing = {.mode = options->mode};
    struct outcome outcome;
    hg_copy_result *result = NULL;
    hg_error err = {0};
    bool ok = copy_carry_out(sides, options, &observer, &result, &err);

    outcome_init(&outcome);
    json_copy_result(&outcome.document, result == NULL ? &nothing : result, ok ? NULL : &err);
    hg_copy_result_free(result);
    VEC_RELEASE(&teller.tables);
    return outcome_end(&outcome, outcome_status(&outcome, ok ? NULL : &err), worker);
}
