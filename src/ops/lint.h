/*
 * lint.h - the hazards of many migration files, for each engine that they will run on.
 */
#ifndef OPS_LINT_H
#define OPS_LINT_H

#include <headgate/headgate.h>

/* One file as one engine takes it. */
struct lint_result {
    const char *file; /* borrowed */
    hg_driver driver;
    int server_version;
    hg_plan *plan;   /* one step; NULL: the file could not be understood */
    hg_error *fault; /* why not */
};

/* A hazard of a statement, once for all engines that have it alike. */
struct lint_finding {
    const char *file; /* borrowed */
    const hg_plan_statement *statement;
    const hg_hazard *hazard;
    bool on[2]; /* by hg_driver */
};

struct lint {
    struct lint_result *results; /* file by file, of each the engines in the order asked for */
    size_t count, file_count;
    struct lint_finding *findings; /* file by file, of each by line */
    size_t finding_count;
    size_t fault_count;   /* of files, those that engines find alike once */
    size_t danger_count;  /* findings that refuse a run in production */
    size_t warning_count; /* warnings that nobody accepted */
};

/* Looks into every file for every engine; a fault in one does not keep it from the others. Names of
 * files are borrowed. err: HG_USAGE for options that make no sense, HG_NOMEM. */
bool lint_files(const char *const *files, size_t file_count, const hg_lint_options *engines,
                size_t engine_count, struct lint *out_lint, hg_error *err);

/* Whether the i-th result has a fault that the engine before did not find as well. */
bool lint_fault_is_new(const struct lint *lint, size_t i);
void lint_release(struct lint *lint);

#endif
