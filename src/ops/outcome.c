/*
 * outcome.c - the end of a worker, told alike by whatever works in one.
 */
#include "outcome.h"

#include "json.h"
#include "said.h"
#include "worker.h"

enum { OUTPUT_LIMIT = 64 << 20 };

void outcome_init(struct outcome *o)
{
    *o = (struct outcome){BUF_INIT(OUTPUT_LIMIT), BUF_INIT(OUTPUT_LIMIT), BUF_INIT(OUTPUT_LIMIT)};
}

int outcome_status(struct outcome *o, const hg_error *err)
{
    if (err != NULL)
        said_error(&o->errors, err);
    return err == NULL ? 0 : hg_code_exit_status(err->code);
}

int outcome_of_run(struct outcome *o, const hg_run_result *result, const hg_error *err)
{
    json_run(&o->document, result, err);
    if (err == NULL)
        said_run(&o->out, result);
    return outcome_status(o, err);
}

int outcome_end(struct outcome *o, int status, struct worker *worker)
{
    worker_end(worker, &(struct worker_outcome){.exit_status = status,
                                                .out = o->out.bytes,
                                                .errors = o->errors.bytes,
                                                .document = o->document.bytes});
    buf_release(&o->out);
    buf_release(&o->errors);
    buf_release(&o->document);
    return status;
}
