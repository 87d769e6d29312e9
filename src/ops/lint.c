/*
 * lint.c - the hazards of many migration files.
 */
#include "lint.h"

#include <string.h>

#include "base/alloc.h"
#include "base/vec.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the files: out of memory");
}

/* --- what was found --- */

struct finder {
    VEC(struct lint_finding) list;
    size_t file_start; /* of the file that is looked at, in the list */
};

static bool is_same(const struct lint_finding *a, const struct lint_finding *b)
{
    return a->statement->line == b->statement->line && strcmp(a->hazard->id, b->hazard->id) == 0
           && strcmp(a->hazard->message, b->hazard->message) == 0
           && strcmp(a->hazard->safer, b->hazard->safer) == 0;
}

static bool add(struct finder *f, const struct lint_finding *found, hg_driver driver)
{
    struct lint_finding *slot;

    for (size_t i = f->file_start; i < f->list.count; i++)
        if (!f->list.items[i].on[driver] && is_same(&f->list.items[i], found)) {
            f->list.items[i].on[driver] = true;
            return true;
        }
    slot = VEC_PUSH(&f->list);
    if (slot == NULL)
        return false;
    *slot = *found;
    slot->on[driver] = true;
    return true;
}

static bool add_all(struct finder *f, const struct lint_result *result)
{
    const hg_plan_step *step = result->plan == NULL ? NULL : &result->plan->steps[0];

    for (size_t i = 0; step != NULL && i < step->statement_count; i++)
        for (size_t k = 0; k < step->statements[i].hazard_count; k++) {
            const struct lint_finding found = {.file = result->file,
                                               .statement = &step->statements[i],
                                               .hazard = &step->statements[i].hazards[k]};

            if (!add(f, &found, result->driver))
                return false;
        }
    return true;
}

/* Where a line has several they stay in the order of their weight, which is that of the list. */
static void sort_by_line(struct lint_finding *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct lint_finding moved = list[i];
        size_t at = i;

        for (; at > 0 && list[at - 1].statement->line > moved.statement->line; at--)
            list[at] = list[at - 1];
        list[at] = moved;
    }
}

static void count_findings(struct lint *lint)
{
    for (size_t i = 0; i < lint->finding_count; i++) {
        const hg_hazard *h = lint->findings[i].hazard;

        if (h->accepted != NULL)
            continue;
        lint->danger_count += h->severity == HG_SEVERITY_DANGER;
        lint->warning_count += h->severity == HG_SEVERITY_WARNING;
    }
}

static bool find(struct lint *lint, size_t engine_count, hg_error *err)
{
    struct finder f = {.list = VEC_INIT};
    bool ok = true;

    for (size_t i = 0; ok && i < lint->count; i++) {
        if (i % engine_count == 0)
            f.file_start = f.list.count;
        ok = add_all(&f, &lint->results[i]) || no_memory(err);
        if (ok && i % engine_count + 1 == engine_count && f.list.count > f.file_start)
            sort_by_line(f.list.items + f.file_start, f.list.count - f.file_start);
    }
    lint->findings = f.list.items;
    lint->finding_count = f.list.count;
    count_findings(lint);
    return ok;
}

/* --- looking --- */

bool lint_fault_is_new(const struct lint *lint, size_t i)
{
    const struct lint_result *before = i == 0 ? NULL : &lint->results[i - 1];
    const hg_error *fault = lint->results[i].fault;

    if (fault == NULL || before == NULL || before->fault == NULL
        || before->file != lint->results[i].file)
        return fault != NULL;
    return strcmp(before->fault->message, fault->message) != 0 || before->fault->line != fault->line
           || before->fault->column != fault->column;
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
        return no_memory(err);
    *result->fault = *fault;
    lint->fault_count += lint_fault_is_new(lint, (size_t)(result - lint->results));
    return true;
}

static bool look_into(struct lint *lint, const char *file, const hg_lint_options *engine,
                      hg_error *err)
{
    struct lint_result *result = &lint->results[lint->count++];
    hg_error fault = {0};

    *result = (struct lint_result){
        .file = file, .driver = engine->driver, .server_version = engine->server_version};
    return hg_lint_file(file, engine, &result->plan, &fault)
           || keep_fault(lint, result, &fault, err);
}

bool lint_files(const char *const *files, size_t file_count, const hg_lint_options *engines,
                size_t engine_count, struct lint *out_lint, hg_error *err)
{
    struct lint lint = {.file_count = file_count};
    bool ok;

    lint.results = alloc_zero(file_count * engine_count + 1, sizeof *lint.results);
    ok = lint.results != NULL || no_memory(err);
    for (size_t i = 0; ok && i < file_count * engine_count; i++)
        ok = look_into(&lint, files[i / engine_count], &engines[i % engine_count], err);
    ok = ok && find(&lint, engine_count, err);
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
    alloc_free(lint->findings);
    alloc_free(lint->results);
    *lint = (struct lint){0};
}
