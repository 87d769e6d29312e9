/*
 * cli.h - from argv to a command and its exit status: options, output, questions, interruption.
 *
 * Results go to stdout, progress, logs and questions to stderr. A command is one cmd_*.c with one
 * function; its row in cli.c's table says which options it takes.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ops/actions.h"
#include "ops/ops.h"

struct command_row;

enum { CLI_WORDS_MAX = 4096 }; /* lint takes a whole folder */

/* What an option that may come several times has collected. */
enum { CLI_LIST_MAX = 32 };
struct cli_list {
    const char *items[CLI_LIST_MAX]; /* point into text */
    char text[CLI_LIST_MAX][64];
    size_t count;
};

enum { CLI_TEXTS_MAX = 100 };

/* Texts of an option that may be given several times, as they are. */
struct cli_texts {
    const char *items[CLI_TEXTS_MAX];
    size_t count;
};

/* What `headgate copy` was told. */
struct cli_copy {
    const char *sqlite;    /* a file */
    const char *from, *to; /* URLs */
    const char *tables;    /* separated by commas */
    const char *snapshot;  /* a folder */
    const char *rules_file, *rejects_file;
    struct cli_texts rules;
    int jobs, max_value_mb; /* 0: not given */
    bool dry_run, verify_only, create, abandon, catch_up, follow, last, triggers, remove_triggers;
};

/* What `headgate cutover` was told. */
struct cli_cutover {
    const char *runbook; /* a built-in one's name or a file */
    const char *check;   /* a file */
    const char *note, *answer;
    double budget_s;   /* -1: not given */
    bool plain;        /* questions and answers, not the console */
    const char *drill; /* STEP[:HOW] */
    const char *run;   /* which one is looked at; NULL: the newest */
    bool abort, pause, go_on, status, postpone, unpostpone, report, rehearse;
};

/* What the command line said. Texts are argv's. */
struct cli {
    const struct command_row *command; /* see options.h */
    const struct action *action;
    hg_settings_options settings;
    const char *directory;
    const char *color; /* "auto", "always", "never" */
    const char *confirm;
    const char *plan_id;
    const char *message;
    const char *words[CLI_WORDS_MAX]; /* all arguments, also the two below */
    size_t word_count;
    const char *argument;        /* TARGET and the like; NULL: none */
    const char *second_argument; /* import's DIR; NULL: none */
    double lock_timeout_s;       /* -1: not given */
    double deadline_s;           /* -1: not given */
    struct cli_list accept;      /* hazards */
    struct cli_list server_versions;
    const char *dialect;                /* NULL: not given */
    const char *script, *size, *record; /* the console */
    const char *scratch;                /* NULL: not given */
    bool autogenerate, live, privileges;
    struct cli_texts renames;
    struct cli_list only; /* checks and groups */
    const char *listen;
    const char *junit; /* a file */
    const char *app_url;
    bool tap, list;
    struct cli_copy copy;
    struct cli_cutover cutover;
    int rate;      /* copy, cutover; -1: not given */
    bool resume;   /* copy, cutover */
    int verbosity; /* -1 quiet, 0, 1, 2 */
    bool json, yes, plan, single_transaction, watch, help, version;
    bool detach, attach, events, down, no_measure, no_copy;
    bool help_for_all; /* no command was named */
};

/* Runs the command that argv names; returns the exit status of the command-line contract. */
int cli_main(int argc, char **argv);

/* Finds command and options. err: HG_USAGE. */
bool cli_parse(struct cli *cli, int argc, char **argv, hg_error *err);

/* The text of --help, of one command or of all (NULL). */
void cli_help(struct buf *out, const struct command_row *command);

/* Shell completion for bash, zsh or fish; false: another shell. */
bool cli_completion(struct buf *out, const char *shell);

/* Settings and pool for this command. */
bool cli_open(const struct cli *cli, bool may_create, struct ops *out_ops, hg_error *err);

/* The same for one that asks a few questions and changes nothing. */
bool cli_open_briefly(const struct cli *cli, struct ops *out_ops, hg_error *err);

/* Writes to stdout; what cannot be written ends the command with status 1 at its end. */
void cli_print(const struct buf *out);

/* A line to stderr, unless -q. */
/* What --privileges and --scratch say, for the selected database. out_named: NULL, or the caller's,
 * who frees it. err: HG_USAGE. */
bool cli_schema_options(const struct cli *cli, const struct ops *ops, hg_url **out_named,
                        hg_schema_options *out_options, hg_error *err);

void cli_note(const struct cli *cli, const char *format, ...) HG_PRINTF(2, 3);

/* Shows an error as text or JSON and returns its exit status. */
int cli_fail(const struct cli *cli, const hg_error *error);

/* The same without JSON: for a command whose document carries the error. */
void cli_show_error(const hg_error *error);

/* Asks for what the action needs (see actions.h); `what` is shown before the question. */
bool cli_consent(const struct cli *cli, const struct ops *ops, const char *what, hg_error *err);

/* Whether a signal has asked the command to stop; an observer's cancelled(). */
bool cli_interrupted(void *context);
/* From here on SIGINT, SIGTERM and SIGHUP only set a flag. */
void cli_catch_signals(void);

/* An observer that prints progress lines to stderr. */
hg_observer cli_observer(const struct cli *cli);

/* "12 ms", "3.4 s", "2 min 5 s" into size bytes; "-" when negative. Returns out. */
char *cli_duration(double ms, char *out, size_t size);

/* The same in an arena, for a cell of a table. */
const char *cli_took(struct arena *arena, double ms);

/* A plan as people read it: steps, statements, and what each of them does to others. */
void cli_put_plan(struct buf *out, const hg_plan *plan);

/* A change of a schema as a line: "+ table accounts". */
void cli_put_schema_change(struct buf *out, const hg_schema_change *change);

/* The steps alone. */
void cli_put_steps(struct buf *out, const hg_plan_step *steps, size_t count);

/* "12 B", "3.4 kB", "1.0 GB" into size bytes. Returns out. */
char *cli_bytes(int64_t bytes, char *out, size_t size);

/* Opens the console on the selected database, with the cutover first when that is the command;
 * returns when its user leaves. Only while the process has one thread, which it has afterwards too
 * when err is HG_UNSUPPORTED: the terminal cannot show it. */
bool cli_open_console(const struct cli *cli, hg_error *err);

/* The same on a database that is open. */
bool cli_run_console(const struct cli *cli, struct ops *ops, hg_error *err);

/* How long a cutover may keep its source frozen, as the command line says; 0: it does not. */
int64_t cli_budget_ms(const struct cli *cli);

int cmd_check(const struct cli *cli);
int cmd_completion(const struct cli *cli);
int cmd_config(const struct cli *cli);
int cmd_console(const struct cli *cli);
int cmd_copy(const struct cli *cli);
int cmd_cutover(const struct cli *cli);
int cmd_demo(const struct cli *cli);
int cmd_history(const struct cli *cli); /* history, current, heads */
int cmd_import(const struct cli *cli);
int cmd_init(const struct cli *cli);
int cmd_lint(const struct cli *cli);
int cmd_merge(const struct cli *cli);
int cmd_migrate(const struct cli *cli); /* up, down, reset */
int cmd_pools(const struct cli *cli);
int cmd_ready(const struct cli *cli);
int cmd_rehearse(const struct cli *cli);
int cmd_rev(const struct cli *cli);
int cmd_sessions(const struct cli *cli);
int cmd_schema(const struct cli *cli);
int cmd_serve(const struct cli *cli);
int cmd_smoke(const struct cli *cli);
int cmd_stamp(const struct cli *cli);
int cmd_status(const struct cli *cli);
int cmd_theme(const struct cli *cli);

#endif
