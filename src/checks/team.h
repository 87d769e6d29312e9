/*
 * team.h - a team's own checks: one .sql file each, one statement, what is expected in its first
 * comments.
 *
 *     -- headgate: id=orders.no_orphans severity=critical timeout=5s
 *     -- title: every order has a customer
 *     -- warn: rows > 0
 *     -- fail: rows > 10
 *     -- hint: run scripts/repair_orders.sql
 *     SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE c.id IS NULL
 *
 * Only id is required. Without warn and fail the expectation is "no rows", so that the file is also
 * of use by hand. What cannot be understood is an error with its place: a check that silently
 * passes is worse than none.
 */
#ifndef CHECKS_TEAM_H
#define CHECKS_TEAM_H

#include "checks.h"
#include "expect.h"

struct team_check {
    const char *id;
    const char *title;  /* the id when none is given */
    const char *hint;   /* "" when none */
    const char *groups; /* with commas */
    const char *file;
    const char *sql;
    unsigned engines; /* as check.flags */
    hg_check_severity severity;
    int64_t timeout_ms;
    struct expectation warn, fail;
    bool same; /* source and target of a cutover must answer the same */
};

struct team {
    struct team_check *checks;
    size_t count;
};

/* Reads the .sql files of dir in the order of their names; a missing folder holds none. Everything
 * lives in the arena. err: HG_FILE with place, HG_IO, HG_NOMEM. */
bool team_load(const char *dir, struct arena *arena, struct team *out, hg_error *err);

/* The same of one file's text. Pure. */
bool team_parse(const char *text, const char *name, struct arena *arena, struct team_check *out,
                hg_error *err);

bool team_in_group(const struct team_check *check, const char *group);

/* Connections of their own for the team's checks; zero is an empty one. */
struct team_runner {
    hg_pool *pool;
    bool tried;
    hg_error error; /* why there is no pool */
};

/*
 * Asks one question on a connection that is closed afterwards: a read-only transaction does not
 * keep a statement from leaving a lock or a setting behind in its session, the session's end does.
 * SQLite: the file is opened read-only.
 */
void team_run(struct team_runner *runner, const struct team_check *check,
              struct check_context *context, hg_check_result *result);
void team_runner_end(struct team_runner *runner);

#endif
