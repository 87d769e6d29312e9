/*
 * test_console_walk.c - every key of the key table is pressed once, wherever it has a meaning, in
 * the real program over a real database of each engine.
 *
 * The scripts are made from the key table: a key that is added there and not visited here fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "console/keys.h"
#include "console/playscript.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

enum { QUICK = 39, SCRIPT_MAX = 1 << 18 };

/* How a context is reached from the first screen, with one of forty migrations applied. The last
 * migration is stopped long before it ends. */
#define TO_QUESTION "until \"y apply\"\n"
#define TO_RUN                                       \
    "keys :\ntype up head\nkeys Enter\n" TO_QUESTION \
    "keys y\nuntil \"step 39 of 39\" within 30\nuntil \"statement 1 of 1\"\n"
#define STOP       "keys Esc\nuntil \"hat becomes of the run?\"\n"
#define LOOK       "keys p\nuntil \"1  up    0002\"\n"
#define LEFT       "keys Esc\nuntil \"nothing was changed\"\n"
#define TO_CUTOVER "keys 6\nuntil \"── PLAN C01\" within 30\n"
#define TO_LIST    "keys 4\nuntil \"MIGRATION 00\"\n"

// clang-format off
static const struct place {
    enum context context;
    const char *name, *reach;
    bool production;
    bool moves; /* to PostgreSQL: such a database is a SQLite one */
} places[] = {
    {IN_SCREEN, "screen", TO_LIST, false},
    {IN_PAGE,   "page",   "keys 4\n" LOOK, false},
    {IN_PLAN,   "plan",   "keys :\ntype up 0039\nkeys Enter\n" TO_QUESTION, false},
    {IN_PROMPT, "prompt", "keys W\nuntil \"for ten minutes?\"\nkeys y\nuntil \"ARMED\"\n"
                          "keys :\ntype up 0039\nkeys Enter\nuntil \"type the database's name\"\n", true},
    {IN_RUN,    "run",    TO_RUN, false},
    {IN_RESULT, "result", TO_RUN STOP "keys c\nuntil \"STOPPED\"\n", false},
    {IN_STOP,   "stop",   TO_RUN STOP, false},
    {IN_ASK,    "ask",    "keys W\nuntil \"for ten minutes?\"\n", true},
    {IN_CUTOVER, "cutover", TO_CUTOVER, false, true},
    {IN_LINE,   "line",   "keys :\ntype zz\nuntil \":zz\"\n", false},
};
enum { PLACES = sizeof places / sizeof *places };

/* A short run to look at the result of, when the one that was looked at is left. */
#define SHORT_RESULT "keys Esc 4 U\nuntil \"y roll back\"\nkeys y\nuntil \"DONE\" within 60\n"

/*
 * What is done before the key, what the screen shows then, and the way back to the place. The
 * console ends with a key whose `after` is QUITS.
 */
#define QUITS NULL
static const struct visit {
    enum command command;
    unsigned contexts;
    const char *before, *after, *back;
} visits[] = {
    {COMMAND_HELP, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_PLAN | IN_RUN | IN_RESULT, "", "until \"HELP\"\n", "keys Esc\ngone \"HELP\"\n"},
    {COMMAND_SCREEN + SCREEN_OVERVIEW, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"READINESS\"\nuntil \"CONNECTIONS\"\n", "keys 4\n"},
    {COMMAND_SCREEN + SCREEN_POOLS, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"POOLS\"\n", "keys 4\n"},
    {COMMAND_SCREEN + SCREEN_SESSIONS, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"PID \"\n", "keys 4\n"},
    {COMMAND_SCREEN + SCREEN_MIGRATIONS, IN_SCREEN, "keys 1\nuntil \"READINESS\"\n", "until \"MIGRATION 00\"\n", ""},
    {COMMAND_SCREEN + SCREEN_MIGRATIONS, IN_PAGE, "keys 1\nuntil \"READINESS\"\n", "until \"1  up    0002\"\n", ""},
    {COMMAND_SCREEN + SCREEN_MIGRATIONS, IN_RUN, "keys 1\nuntil \"READINESS\"\n", "until \"step 39\"\n", ""},
    {COMMAND_SCREEN + SCREEN_MIGRATIONS, IN_RESULT, "keys 1\nuntil \"READINESS\"\n", "until \"STOPPED\"\n", ""},
    {COMMAND_SCREEN + SCREEN_CHECKS, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"GROUPS\"\n", "keys 4\n"},
    {COMMAND_SCREEN + SCREEN_LOG, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"── LOG\"\n", "keys 4\n"},
    {COMMAND_NEXT_PANE, IN_SCREEN, "size 40x10\nkeys 1\nuntil \"── MIGRATIONS\"\n", "gone \"── MIGRATIONS\"\n", "keys S-Tab\nsize 80x24\n" TO_LIST},
    {COMMAND_PREVIOUS_PANE, IN_SCREEN, "size 40x10\nkeys 1\nuntil \"── MIGRATIONS\"\n", "gone \"── MIGRATIONS\"\n", "keys Tab\nsize 80x24\n" TO_LIST},

    {COMMAND_DOWN, IN_SCREEN, "keys Home\nuntil \"MIGRATION 0001\"\n", "until \"MIGRATION 0002\"\n", ""},
    {COMMAND_UP, IN_SCREEN, "keys Home Down\nuntil \"MIGRATION 0002\"\n", "until \"MIGRATION 0001\"\n", ""},
    {COMMAND_PAGE_DOWN, IN_SCREEN, "keys Home\nuntil \"MIGRATION 0001\"\n", "until \"MIGRATION 0009\"\n", ""},
    {COMMAND_PAGE_UP, IN_SCREEN, "keys End\nuntil \"MIGRATION 0040\"\n", "until \"MIGRATION 0032\"\n", ""},
    {COMMAND_FIRST, IN_SCREEN, "keys End\nuntil \"MIGRATION 0040\"\n", "until \"MIGRATION 0001\"\n", ""},
    {COMMAND_LAST, IN_SCREEN, "keys Home\nuntil \"MIGRATION 0001\"\n", "until \"MIGRATION 0040\"\n", ""},

    {COMMAND_DOWN, IN_PAGE | IN_PLAN | IN_PROMPT, "until \"1  up    0002\"\n", "gone \"1  up    0002\"\n", "keys Up\n"},
    {COMMAND_UP, IN_PAGE | IN_PLAN | IN_PROMPT, "keys Down\ngone \"1  up    0002\"\n", "until \"1  up    0002\"\n", ""},
    {COMMAND_PAGE_DOWN, IN_PAGE | IN_PLAN | IN_PROMPT, "until \"1  up    0002\"\n", "until \"6  up    0007\"\n", "keys PgUp\n"},
    {COMMAND_PAGE_UP, IN_PAGE | IN_PLAN | IN_PROMPT, "keys PgDn\nuntil \"6  up    0007\"\n", "until \"1  up    0002\"\n", ""},
    {COMMAND_FIRST, IN_PAGE | IN_PLAN, "keys End\nuntil \"up    0039\"\n", "until \"1  up    0002\"\n", ""},
    {COMMAND_LAST, IN_PAGE | IN_PLAN, "keys Home\n", "until \"up    0039\"\n", "keys Home\n"},

    {COMMAND_DOWN, IN_RUN, "keys Home\nuntil \"0002  t02\"\n", "gone \"0002  t02\"\n", ""},
    {COMMAND_UP, IN_RUN, "keys Home Down\ngone \"0002  t02\"\n", "until \"0002  t02\"\n", ""},
    {COMMAND_PAGE_DOWN, IN_RUN, "keys Home\nuntil \"0002  t02\"\n", "until \"0020  t20\"\n", ""},
    {COMMAND_PAGE_UP, IN_RUN, "keys Home PgDn\ngone \"0002  t02\"\n", "until \"0002  t02\"\n", ""},
    {COMMAND_FIRST, IN_RUN, "keys End\nuntil \"0039  t39\"\n", "until \"0002  t02\"\n", ""},
    {COMMAND_LAST, IN_RUN, "keys Home\nuntil \"0002  t02\"\n", "until \"0039  t39\"\n", ""},
    {COMMAND_DOWN, IN_RESULT, "keys Home\nuntil \" 1–\"\n", "until \" 2–\"\n", ""},
    {COMMAND_UP, IN_RESULT, "keys Home Down\nuntil \" 2–\"\n", "until \" 1–\"\n", ""},
    {COMMAND_PAGE_DOWN, IN_RESULT, "keys Home\nuntil \" 1–\"\n", "gone \" 1–\"\n", ""},
    {COMMAND_PAGE_UP, IN_RESULT, "keys Home PgDn\ngone \" 1–\"\n", "until \" 1–\"\n", ""},
    {COMMAND_FIRST, IN_RESULT, "keys End\ngone \"STOPPED\"\n", "until \"STOPPED\"\n", ""},
    {COMMAND_LAST, IN_RESULT, "keys Home\nuntil \"STOPPED\"\n", "gone \"STOPPED\"\n", "keys Home\n"},

    {COMMAND_OPEN, IN_SCREEN | IN_CUTOVER, "gone \"Esc back\"\n", "until \"Esc back\"\n", "keys Esc\n"},
    {COMMAND_BACK, IN_SCREEN, "keys /\ntype t07\nkeys Enter\nuntil \"/t07\"\n", "gone \"/t07\"\n", ""},
    {COMMAND_FILTER, IN_SCREEN, "", "type t07\nuntil \"1 of 40\"\n", "keys Esc\n"},
    {COMMAND_SEARCH, IN_PAGE, "", "type 0039\nuntil \"/0039: 1 of \"\n", "keys Esc Home\ngone \"/0039\"\n"},
    {COMMAND_SEARCH, IN_RESULT, "", "type stopped\nuntil \"/stopped: 1 of \"\n", "keys Esc Home\ngone \"/stopped\"\n"},
    {COMMAND_MATCH, IN_SCREEN, "keys /\ntype t0\nkeys Enter Esc Home\nuntil \"MIGRATION 0001\"\n", "until \"MIGRATION 0002\"\n", ""},
    {COMMAND_MATCH_BACK, IN_SCREEN, "keys Home\nuntil \"MIGRATION 0001\"\n", "until \"MIGRATION 0009\"\n", "keys Home\n"},
    {COMMAND_MATCH, IN_PAGE, "keys /\ntype up\nkeys Enter\nuntil \"/up: 1 of \"\n", "until \"/up: 2 of \"\n", "keys Esc Home\ngone \"/up\"\n"},
    {COMMAND_MATCH_BACK, IN_PAGE, "keys /\ntype up\nkeys Enter n\nuntil \"/up: 2 of \"\n", "until \"/up: 1 of \"\n", "keys Esc Home\ngone \"/up\"\n"},
    {COMMAND_MATCH, IN_RESULT, "keys /\ntype stopped\nkeys Enter\nuntil \"/stopped: 1 of \"\n", "until \"/stopped: \"\n", "keys Esc Home\ngone \"/stopped\"\n"},
    {COMMAND_MATCH_BACK, IN_RESULT, "keys /\ntype stopped\nkeys Enter\nuntil \"/stopped: 1 of \"\n", "until \"/stopped: \"\n", "keys Esc Home\ngone \"/stopped\"\n"},
    {COMMAND_SORT, IN_SCREEN, "", "until \"▴\"\n", "keys :\ntype sort\nkeys Enter\ngone \"▴\"\n"},
    {COMMAND_REVERSE, IN_SCREEN, "keys s\nuntil \"▴\"\n", "until \"▾\"\n", "keys S :\ntype sort\nkeys Enter\n"},
    {COMMAND_COPY, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RESULT, "", "until \"COPY\"\n", "keys Esc\ngone \"COPY\"\n"},

    {COMMAND_EXPORT, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RESULT, "keys - +\ngone \"wrote \"\n", "until \"write to headgate-\"\nkeys Enter\nuntil \" to headgate-\"\n", ""},

    {COMMAND_ARM, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"only production is guarded\"\n", ""},

    {COMMAND_SCREEN + SCREEN_OVERVIEW, IN_CUTOVER, "", "until \"READINESS\"\nuntil \"CONNECTIONS\"\n", TO_CUTOVER},
    {COMMAND_SCREEN + SCREEN_POOLS, IN_CUTOVER, "", "until \"── POOLS\"\n", TO_CUTOVER},
    {COMMAND_SCREEN + SCREEN_SESSIONS, IN_CUTOVER, "", "until \"── FILE\"\n", TO_CUTOVER},
    {COMMAND_SCREEN + SCREEN_MIGRATIONS, IN_CUTOVER, "", "until \"MIGRATION 00\"\n", TO_CUTOVER},
    {COMMAND_SCREEN + SCREEN_CHECKS, IN_CUTOVER, "", "until \"GROUPS\"\n", TO_CUTOVER},
    {COMMAND_SCREEN + SCREEN_CUTOVER, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"── CUTOVER\"\n", "keys 4\n"},
    {COMMAND_SCREEN + SCREEN_CUTOVER, IN_CUTOVER, "keys 1\nuntil \"READINESS\"\n", "until \"── PLAN C\"\n", ""},
    {COMMAND_SCREEN + SCREEN_LOG, IN_CUTOVER, "", "until \"── LOG\"\n", TO_CUTOVER},
    {COMMAND_NEXT_PANE, IN_CUTOVER, "", "until \"── STEPS\"\n", ""}, /* a plan has no journal */
    {COMMAND_PREVIOUS_PANE, IN_CUTOVER, "", "until \"── STEPS\"\n", ""},
    {COMMAND_DOWN, IN_CUTOVER, "keys Home\nuntil \"PLAN C01\"\n", "until \"PLAN C02\"\n", "keys Home\n"},
    {COMMAND_UP, IN_CUTOVER, "keys Home Down\nuntil \"PLAN C02\"\n", "until \"PLAN C01\"\n", ""},
    {COMMAND_PAGE_DOWN, IN_CUTOVER, "keys Home\nuntil \"PLAN C01\"\n", "until \"PLAN C10\"\n", "keys Home\n"},
    {COMMAND_PAGE_UP, IN_CUTOVER, "keys End\nuntil \"PLAN C18\"\n", "until \"PLAN C09\"\n", "keys Home\n"},
    {COMMAND_FIRST, IN_CUTOVER, "keys End\nuntil \"PLAN C18\"\n", "until \"PLAN C01\"\n", ""},
    {COMMAND_LAST, IN_CUTOVER, "keys Home\nuntil \"PLAN C01\"\n", "until \"PLAN C18\"\n", "keys Home\n"},
    {COMMAND_BACK, IN_CUTOVER, "keys /\ntype Rehearse\nkeys Enter\nuntil \"/Rehearse\"\n", "gone \"/Rehearse\"\n", "keys Home\n"},
    {COMMAND_FILTER, IN_CUTOVER, "", "type Rehearse\nuntil \"1 of 18\"\n", "keys Esc Home\n"},
    {COMMAND_SORT, IN_CUTOVER, "", "until \"▴\"\n", "keys :\ntype sort\nkeys Enter\ngone \"▴\"\nkeys Home\n"},
    {COMMAND_REVERSE, IN_CUTOVER, "keys s\nuntil \"▴\"\n", "until \"▾\"\n", "keys S :\ntype sort\nkeys Enter Home\n"},
    {COMMAND_NEXT, IN_CUTOVER, "", "until \"Begin the cutover to \"\n", "keys Esc\nuntil \"nothing was said to it\"\n"},
    {COMMAND_PAUSE, IN_CUTOVER, "keys - +\ngone \"pause: \"\n", "until \"pause: nobody works on a cutover\"\n", ""},
    {COMMAND_BACK_OUT, IN_CUTOVER, "keys - +\ngone \"back out: \"\n", "until \"back out: no cutover is open\"\n", ""},
    {COMMAND_REMARK, IN_CUTOVER, "keys - +\ngone \"remark: \"\n", "until \"remark: nobody works on a cutover\"\n", ""},
    {COMMAND_LEAVE, IN_CUTOVER, "", "until \"READINESS\"\n", TO_CUTOVER},
    {COMMAND_PLAN, IN_CUTOVER, "", "until \"trying the gates\"\n", "gone \"trying the gates\" within 30\n"},
    {COMMAND_REDRAW, IN_CUTOVER, "", "until \"── PLAN C\"\n", ""},

    {COMMAND_CHECKS, IN_SCREEN, "keys 5\nuntil \"READINESS\"\n", "until \"checks: \" within 60\n", "until \" passed, \"\n" TO_LIST},
    {COMMAND_CHECKS, IN_PAGE | IN_RESULT, "keys - +\ngone \"ready: \"\n", "until \"ready: \"\n", ""},
    {COMMAND_CHECK_ONE, IN_SCREEN, "keys 5 - +\ngone \" passed, \"\n", "until \" passed, \" within 60\n", TO_LIST},
    {COMMAND_CHECK_FAILED, IN_SCREEN, "keys 5 - +\ngone \" passed, \"\n", "until \" passed, \" within 60\n", TO_LIST},
    {COMMAND_CHECK_ONE, IN_PAGE | IN_RESULT, "", "until \"only on the screen of the checks\"\n", ""},
    {COMMAND_CHECK_FAILED, IN_PAGE | IN_RESULT, "", "until \"only on the screen of the checks\"\n", ""},
    {COMMAND_REFRESH, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RESULT, "", "until \"? help\"\n", ""},
    {COMMAND_HOLD, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RESULT, "", "until \"PAUSED since\"\n", "keys Space\ngone \"PAUSED since\"\n"},
    {COMMAND_ZOOM, IN_SCREEN, "gone \"MIGRATIONS zoomed\"\n", "until \"MIGRATIONS zoomed\"\ngone \"MIGRATION 00\"\n", "keys z\nuntil \"MIGRATION 00\"\n"},
    {COMMAND_ZOOM, IN_CUTOVER, "", "until \"STEPS zoomed\"\n", "keys Esc\ngone \"zoomed\"\nkeys Home\n"},
    {COMMAND_FASTER, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"read again every 0.5 s\"\n", "keys -\n"},
    {COMMAND_SLOWER, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"read again every 2 s\"\n", "keys +\n"},
    {COMMAND_LINE, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT, "", "type zz\nuntil \":zz\"\n", "keys Esc\ngone \":zz\"\n"},
    {COMMAND_THEME, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT, "keys - +\ngone \"theme \"\n", "until \"theme \"\n", ""},

    {COMMAND_DRIFT, IN_SCREEN | IN_PAGE | IN_RESULT, "", "until \"DRIFT\"\nuntil \"no schema file\"\n", "keys Esc\ngone \"DRIFT\"\n"},
    {COMMAND_TRANSFER, IN_SCREEN | IN_PAGE | IN_RESULT, "", "until \"── COPY\"\n", "keys Esc\ngone \"── COPY\"\nkeys 4\n"},
    {COMMAND_COMPARE, IN_SCREEN | IN_PAGE | IN_RESULT, "keys - +\ngone \"verify: \"\n", "until \"only on the page of the copy\"\n", ""},
    {COMMAND_MOUSE, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT, "keys - +\ngone \"mouse\"\n", "until \"this terminal does not tell of its mouse\"\n", ""},

    {COMMAND_REDRAW, IN_SCREEN, "", "until \"MIGRATION 00\"\n", ""},
    {COMMAND_REDRAW, IN_PAGE | IN_PLAN | IN_PROMPT, "", "until \"1  up    0002\"\n", ""},
    {COMMAND_REDRAW, IN_RUN, "", "until \"0039  t39\"\n", ""},
    {COMMAND_REDRAW, IN_RESULT, "", "until \"STOPPED\"\n", ""},
    {COMMAND_REDRAW, IN_ASK, "", "until \"for ten minutes?\"\n", ""},
    {COMMAND_REDRAW, IN_LINE, "", "until \":zz\"\n", ""},
    {COMMAND_SUSPEND, ANYWHERE & ~(IN_ASK | IN_LINE), "", "until \"no shell to go back to\"\n", ""},
    {COMMAND_SUSPEND, IN_ASK, "", "until \"for ten minutes?\"\n", "keys w\nuntil \"no shell to go back to\"\nkeys W\nuntil \"for ten minutes?\"\n"},
    {COMMAND_SUSPEND, IN_LINE, "", "until \":zz\"\n", "keys Esc\nuntil \"no shell to go back to\"\nkeys :\ntype zz\n"},

    {COMMAND_WAIT, IN_ASK, "until \"for ten minutes?\"\n", "gone \"for ten minutes?\"\n", "keys W\nuntil \"for ten minutes?\"\n"},
    {COMMAND_YES, IN_ASK, "", "until \"ARMED 10m\"\n", "keys W\ngone \"ARMED\"\nkeys W\nuntil \"for ten minutes?\"\n"},
    {COMMAND_STOP, IN_RUN, "", "until \"What becomes of the run?\"\n", "keys w\ngone \"hat becomes\"\n"},
    {COMMAND_QUIT, IN_RUN, "", "until \"Quit: what becomes of the run?\"\n", "keys w\ngone \"hat becomes\"\n"},
    {COMMAND_INTERRUPT, IN_RUN, "", "until \"What becomes of the run?\"\n", "keys w\ngone \"hat becomes\"\n"},
    {COMMAND_REDRAW, IN_STOP, "", "until \"What becomes of the run?\"\n", ""},
    {COMMAND_WAIT, IN_STOP, "", "gone \"hat becomes\"\nuntil \"step 39 of 39\"\n", STOP},
    {COMMAND_INTERRUPT, IN_STOP, "", "until \"Quit: what becomes of the run?\"\n", "keys w\ngone \"hat becomes\"\n" STOP},
    {COMMAND_DETACH, IN_STOP, "", "until \"goes on by itself\"\n", "until \"somebody changes the schema\"\nkeys a\nuntil \"statement 1 of 1\"\n" STOP},
    {COMMAND_CANCEL, IN_STOP, "", "until \"STOPPED\"\n", ""},
    {COMMAND_CANCEL_QUERY, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"cancel its statement: \"\n", ""},
    {COMMAND_END_SESSION, IN_SCREEN | IN_PAGE | IN_RUN | IN_RESULT, "", "until \"end session: \"\n", ""},
    {COMMAND_ATTACH, IN_SCREEN | IN_PAGE | IN_RESULT, "", "until \"nobody changes the schema now\"\n", ""},
    {COMMAND_INTERRUPT, IN_PLAN | IN_PROMPT, "", "until \"nothing was changed\"\n", "keys :\ntype up 0039\nkeys Enter\nuntil \"QUESTION\"\n"},
    {COMMAND_BACK, IN_PLAN | IN_PROMPT, "", "until \"nothing was changed\"\n", "keys :\ntype up 0039\nkeys Enter\nuntil \"QUESTION\"\n"},
    {COMMAND_BACK, IN_LINE, "until \":zz\"\n", "gone \":zz\"\n", "keys :\ntype zz\n"},

    {COMMAND_PLAN, IN_SCREEN, "gone \"1  up    0002\"\n", "until \"1  up    0002\"\n", "keys Esc\nuntil \"MIGRATION 00\"\n"},
    {COMMAND_APPLY, IN_SCREEN, "", "until \"y apply\"\n", LEFT},
    {COMMAND_ROLL_BACK, IN_SCREEN, "", "until \"y roll back\"\n", LEFT},
    {COMMAND_RESET, IN_SCREEN, "", "until \"y reset\"\n", LEFT},
    {COMMAND_PLAN, IN_PAGE, "keys End\ngone \"1  up    0002\"\n", "until \"1  up    0002\"\n", ""},
    {COMMAND_APPLY, IN_PAGE, "", "until \"y apply\"\n", LEFT LOOK},
    {COMMAND_ROLL_BACK, IN_PAGE, "", "until \"y roll back\"\n", LEFT LOOK},
    {COMMAND_RESET, IN_PAGE, "", "until \"y reset\"\n", LEFT LOOK},
    {COMMAND_PLAN, IN_RESULT, "", "until \"one transaction\"\n", SHORT_RESULT},
    {COMMAND_APPLY, IN_RESULT, "", "until \"y apply\"\n", SHORT_RESULT},
    {COMMAND_ROLL_BACK, IN_RESULT, "", "until \"y roll back\"\n", SHORT_RESULT},
    {COMMAND_RESET, IN_RESULT, "", "until \"y reset\"\n", SHORT_RESULT},
    {COMMAND_BACK, IN_PAGE, "until \"1  up    0002\"\n", "until \"MIGRATION 00\"\n", LOOK},
    {COMMAND_BACK, IN_RESULT, "until \"DONE\"\n", "gone \"DONE\"\nuntil \"MIGRATION 00\"\n", SHORT_RESULT},
    {COMMAND_YES, IN_PLAN, "", "until \"DONE\" within 60\n", "keys Esc U\nuntil \"y roll back\"\n"},

    {COMMAND_QUIT, IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_PLAN | IN_RESULT, "", QUITS, ""},
    {COMMAND_INTERRUPT, IN_PAGE, "", "until \"MIGRATION 00\"\n", LOOK},
    {COMMAND_INTERRUPT, IN_SCREEN | IN_CUTOVER | IN_RESULT | IN_ASK | IN_LINE, "", QUITS, ""},
};
// clang-format on
enum { VISITS = sizeof visits / sizeof *visits };

/* A project on a database of its own; the first migration is applied. */
struct project {
    char *dir;
    char url[512], prod[512]; /* the same, in development and in production */
    char target[512];         /* of a cutover; "": none */
};

static void write_migrations(const char *dir, bool postgres)
{
    char name[64], text[256];

    for (int i = 1; i <= QUICK; i++) {
        snprintf(name, sizeof name, "migrations/%04d_t%02d.sql", i, i);
        snprintf(text, sizeof text,
                 "-- migrate:up\nCREATE TABLE t%02d (id integer PRIMARY KEY);\n"
                 "-- migrate:down\nDROP TABLE t%02d;\n",
                 i, i);
        temp_write(dir, name, text);
    }
    temp_write(dir, "migrations/0040_long.sql",
               postgres ? "-- migrate:up\nSELECT pg_sleep(60);\n-- migrate:down\nSELECT 1;\n"
                        : "-- migrate:up\nWITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
                          "FROM c LIMIT 200000000)\nSELECT count(*) FROM c;\n"
                          "-- migrate:down\nSELECT 1;\n");
}

static struct process_result run(const struct project *p, bool production, const char *const *argv)
{
    const char *const environment[] = {p->url,
                                       p->prod,
                                       production ? "ENV=production" : "ENV=development",
                                       "HEADGATE_STATE_DIR=state",
                                       p->target[0] == '\0' ? NULL : p->target,
                                       NULL};

    return process_run(p->dir, environment, argv);
}

/* Brings the database to its first migration, from where it is: as soon as a run that was stopped
 * has let go of it. */
static void go_to_first(const struct project *p, const char *command)
{
    enum { LOCKED = 5 };
    const char *const argv[] = {TEST_HEADGATE, command, "0001", "--yes", "-q", NULL};
    struct process_result result = run(p, false, argv);

    while (result.status == LOCKED) {
        process_release(&result);
        result = run(p, false, argv);
    }
    if (result.status != 0)
        fail_msg("%s: %s", command, result.err);
    process_release(&result);
}

/* A cutover could be begun from here. */
static void name_target(struct project *p)
{
    char *database = postgres_database(), *url = postgres_url_text(database);

    snprintf(p->target, sizeof p->target, "HEADGATE_CUTOVER_URL=%s", url);
    free(url);
    free(database);
}

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};
    char *database = postgres ? postgres_database() : NULL;
    char *url = postgres ? postgres_owner_url_text(database) : strdup("sqlite:///shop.db");

    write_migrations(p.dir, postgres);
    if (!postgres)
        name_target(&p);
    snprintf(p.url, sizeof p.url, "DATABASE_URL=%s", url);
    snprintf(p.prod, sizeof p.prod, "DATABASE_URL_PROD=%s", url);
    go_to_first(&p, "up");
    free(url);
    free(database);
    return p;
}

static const struct visit *visit_of(enum command command, enum context context)
{
    for (size_t i = 0; i < VISITS; i++)
        if (visits[i].command == command && (visits[i].contexts & context) != 0)
            return &visits[i];
    return NULL;
}

/* Which of all visits and keys come before which, and what is written for each. */
typedef void press(const struct place *place, const struct visit *visit, uint32_t key, void *to);

/* Every key that means the command in this context, in the order of the visits. */
static void each_key(const struct place *place, press *each, void *to)
{
    size_t count;
    const struct key_row *rows = keys_rows(&count);

    for (size_t v = 0; v < VISITS; v++)
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < 3 && rows[i].keys[k] != 0; k++)
                if (visit_of(rows[i].command, place->context) == &visits[v]
                    && (rows[i].contexts & place->context) != 0)
                    each(place, &visits[v], rows[i].keys[k], to);
}

static void write_visit(const struct place *place, const struct visit *visit, uint32_t key,
                        void *to)
{
    char name[8];

    (void)place;
    if (visit->after != QUITS)
        buf_printf(to, "# %s\n%skeys %s\n%s%s", keys_row(visit->command)->name, visit->before,
                   playscript_key_name(key, name), visit->after, visit->back);
}

/* The line of the script that is complained of, and those before it. */
static const char *excerpt(const struct buf *script, const char *complaint)
{
    const char *at = strstr(complaint, "script:");
    int line = at == NULL ? 0 : atoi(at + 7);
    char *from = script->bytes, *end = script->bytes;

    for (int i = 1; end != NULL && i <= line; i++) {
        end = strchr(end, '\n');
        end += end != NULL;
        if (i <= line - 8 && end != NULL)
            from = end;
    }
    if (line > 0 && end != NULL)
        *end = '\0';
    return from;
}

/* Plays a script; fails when it does not come to its end as it should. */
static void play(const struct project *p, const struct place *place, const struct buf *script,
                 const char *says)
{
    const char *const argv[] = {TEST_HEADGATE, "--script", "script", NULL};
    struct process_result result;

    temp_write(p->dir, "script", script->bytes);
    result = run(p, place->production, argv);
    if (says == NULL ? result.status != 0 : strstr(result.err, says) == NULL) {
        fprintf(stderr, "%s\n%s\n", result.err, excerpt(script, result.err));
        fail();
    }
    process_release(&result);
}

/* The console ends with this key: the step behind it finds nobody. to: the project. */
static void write_end(const struct place *place, const struct visit *visit, uint32_t key, void *to)
{
    struct buf script = BUF_INIT(SCRIPT_MAX);
    char name[8];

    if (visit->after != QUITS)
        return;
    buf_printf(&script, "until \"READINESS\"\nuntil \"pending\"\n%skeys %s ?\n", place->reach,
               playscript_key_name(key, name));
    play(to, place, &script, "the console was quit before this step");
    if (place->context == IN_RESULT)
        go_to_first(to, "down");
    buf_release(&script);
}

static void walk_in(const struct project *p, const struct place *place)
{
    struct buf script = BUF_INIT(SCRIPT_MAX);

    buf_printf(&script, "until \"READINESS\"\nuntil \"1 applied, 39 pending\"\n%s", place->reach);
    each_key(place, write_visit, &script);
    if (place->context == IN_RUN)
        buf_text(&script, STOP "keys c\nuntil \"STOPPED\"\n");
    assert_false(script.failed);
    each_key(place, write_end, (void *)(uintptr_t)p);
    play(p, place, &script, NULL);
    go_to_first(p, "down");
    buf_release(&script);
}

static void walk(bool postgres)
{
    struct project p = project_make(postgres);

    for (size_t i = 0; i < PLACES; i++)
        if (!postgres || !places[i].moves)
            walk_in(&p, &places[i]);
    temp_dir_remove(p.dir);
}

static void every_key_works_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void every_key_works_on_postgresql(void **state)
{
    (void)state;
    walk(true);
}

static void check_row(const struct key_row *row, const struct place *place)
{
    if (visit_of(row->command, place->context) == NULL)
        fail_msg("key %s is not pressed in the %s", row->name, place->name);
    for (size_t k = 0; k < 3 && row->keys[k] != 0; k++)
        if (keys_find(place->context, row->keys[k]) != row->command)
            fail_msg("a key of %s means something else in the %s", row->name, place->name);
}

static void no_key_is_left_out(void **state)
{
    size_t count;
    const struct key_row *rows = keys_rows(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < PLACES; p++)
            if ((rows[i].contexts & places[p].context) != 0)
                check_row(&rows[i], &places[p]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_is_left_out),
        cmocka_unit_test(every_key_works_on_sqlite),
        cmocka_unit_test(every_key_works_on_postgresql),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
