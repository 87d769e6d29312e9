/*
 * lint.c - the hazards of many migration files.
 */
#include "lint.h"

#include "base/alloc.h"

static void count_warnings(struct lint *lint, const hg_plan *plan)
{
    const hg_plan_step *step = &plan->steps[0];

    for (size_t i = 0; i < step->statement_count; i++)
        for (size_t k = 0; k < step->statements[i].hazard_count; k++) {
            const hg_hazard *h = &step->statements[i].hazards[k];

            lint->warning_count += h->severity == HG_SEVERITY_WARNING && h->accepted == NULL;
        }
}

/* What is wrong with the file is a result; what is wrong with the question ends it. */
static bool keep_fault(struct lint *lint, struct lint_result *result, const hg_error *fault,
                       hg_error *err)
{
    if (fault->code == HG_USAGE || fault->code == HG_NOMEM) {
        *err = *fault;
        return false;
    }
    result->fault = alloc_zero(1, sizeof *result->fault);
    if (result->fault == NULL)
        return hg_fail(err, HG_NOMEM, "could not look into the files: out of memory");
    *result->fault = *fault;
    lint->fault_count++;
    return true;
}

static bool look_into(struct lint *lint, const char *file, const hg_lint_options *engine,
                      hg_error *err)
{
    struct lint_result *result = &lint->results[lint->count++];
    hg_error fault = {0};

    *result = (struct lint_result){
        .file = file, .driver = engine->driver, .server_version = engine->server_version};
    if (!hg_lint_file(file, engine, &result->plan, &fault))
        return keep_fault(lint, result, &fault, err);
    lint->danger_count += result->plan->danger_count;
    count_warnings(lint, result->plan);
    return true;
}

bool lint_files(const char *const *files, size_t file_count, const hg_lint_options *engines,
                size_t engine_count, struct lint *out_lint, hg_error *err)
{
    struct lint lint = {.file_count = file_count};
    bool ok;

    lint.results = alloc_zero(file_count * engine_count + 1, sizeof *lint.results);
    ok = lint.results != NULL
         || hg_fail(err, HG_NOMEM, "could not look into the files: out of memory");
    for (size_t i = 0; ok && i < file_count * engine_count; i++)
        ok = look_into(&lint, files[i / engine_count], &engines[i % engine_count], err);
    if (ok)
        *out_lint = lint;
    else
        lint_release(&lint);
    return ok;
}

void lint_release(struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++) {
        hg_plan_free(lint->results[i].plan);
        alloc_free(lint->results[i].fault);
    }
    alloc_free(lint->results);
    *lint = (struct lint){0};
}
