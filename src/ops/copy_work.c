/*
 * copy_work.c - a copy from side to side, here or as the life of a worker.
 */
#include "copy_work.h"

#include "base/buf.h"
#include "base/text.h"
#include "copy_pools.h"
#include "copy_tell.h"
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

/* --- in a process of its own --- */

struct telling {
    struct worker *worker;
    struct copy_teller teller;
};

static void tell(void *context, const hg_event *event)
{
    struct telling *t = context;

    if (copy_tells(&t->teller, event))
        worker_event(t->worker, event);
}

static bool is_cancelled(void *context)
{
    return worker_cancelled(((struct telling *)context)->worker);
}

int copy_work(const struct copy_sides *sides, const hg_copy_options *options, struct worker *worker)
{
    struct telling telling = {worker, COPY_TELLER_INIT};
    const hg_observer observer = {tell, is_cancelled, &telling};
    const hg_copy_result nothing = {.mode = options->mode};
    struct outcome outcome;
    hg_copy_result *result = NULL;
    hg_error err = {0};
    bool ok = copy_carry_out(sides, options, &observer, &result, &err);

    outcome_init(&outcome);
    json_copy_result(&outcome.document, result == NULL ? &nothing : result, ok ? NULL : &err);
    hg_copy_result_free(result);
    copy_teller_release(&telling.teller);
    return outcome_end(&outcome, outcome_status(&outcome, ok ? NULL : &err), worker);
}
