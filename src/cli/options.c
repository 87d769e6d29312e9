/*
 * options.c - the tables of options and commands; parsing, help and completion read the same rows.
 * Pure.
 */
#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Which options a command takes beside those that every command takes. */
enum {
    FOR_ALL = 1,
    FOR_RUNS = 2, /* up, down, reset */
    FOR_UP = 4,
    FOR_REV = 8, /* rev, merge */
    FOR_SMOKE = 16,
    FOR_WATCH = 32,
    FOR_HISTORY = 64,
    FOR_SERVE = 128,
    FOR_COPY = 256,
    FOR_LINT = 512,
    FOR_CONSOLE = 1024, /* and the demo */
    FOR_AUTO = 2048,    /* rev */
    FOR_CUTOVER = 4096,
    FOR_SCHEMA = 8192 /* schema, check */
};

/* clang-format off */
const struct option_row option_rows[] = {
    {"-C",                   "DIR",    FOR_ALL,     OPTION_TEXT, offsetof(struct cli, directory),               "Change to DIR first"},
    {"--env-file",           "FILE",   FOR_ALL,     OPTION_TEXT, offsetof(struct cli, settings.env_file),       "Settings file; real environment variables win over it (default: .env when there is one)"},
    {"--env",                "NAME",   FOR_ALL,     OPTION_TEXT, offsetof(struct cli, settings.env),            "Environment: development, production, or another name"},
    {"--url",                "URL",    FOR_ALL,     OPTION_TEXT, offsetof(struct cli, settings.url),            "The database, instead of what the environment selects"},
    {"--migrations",         "DIR",    FOR_ALL,     OPTION_TEXT, offsetof(struct cli, settings.migrations_dir), "Migrations folder (default: migrations)"},
    {"--schema",             "FILE",   FOR_ALL,     OPTION_TEXT, offsetof(struct cli, settings.schema_file),    "The file of the wanted schema (default: schema.sql)"},
    {"--json",               NULL,     FOR_ALL,     OPTION_FLAG, offsetof(struct cli, json),                    "One JSON document on stdout, nothing else there"},
    {"--color",              "WHEN",   FOR_ALL,     OPTION_TEXT, offsetof(struct cli, color),                   "Colour of the console: auto, always or never (NO_COLOR is honoured)"},
    {"-q",                   NULL,     FOR_ALL,     OPTION_LESS, offsetof(struct cli, verbosity),               "No progress and notes"},
    {"-v",                   NULL,     FOR_ALL,     OPTION_MORE, offsetof(struct cli, verbosity),               "Log to stderr; -vv also every statement, without its values"},
    {"--read-only",          NULL,     FOR_ALL,     OPTION_FLAG, offsetof(struct cli, settings.read_only),      "Read-only sessions; refuse every changing command (also HEADGATE_READ_ONLY=1)"},
    {"-h",                   NULL,     FOR_ALL,     OPTION_FLAG, offsetof(struct cli, help),                    "This help"},
    {"--help",               NULL,     FOR_ALL,     OPTION_FLAG, offsetof(struct cli, help),                    "This help"},
    {"--version",            NULL,     FOR_ALL,     OPTION_FLAG, offsetof(struct cli, version),                 "The version"},
    {"--yes",                NULL,     FOR_ALL,     OPTION_FLAG, offsetof(struct cli, yes),                     "Answer the questions of a non-production command"},
    {"--confirm",            "DBNAME", FOR_ALL,     OPTION_TEXT, offsetof(struct cli, confirm),                 "Confirm a change of the production database by its name"},
    {"--plan-id",            "ID",     FOR_RUNS,    OPTION_TEXT, offsetof(struct cli, plan_id),                 "Refuse when the plan is no longer the one that --plan showed"},
    {"--plan",               NULL,     FOR_RUNS | FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, plan),                    "Show what would run and change nothing"},
    {"--no-measure",         NULL,     FOR_RUNS,    OPTION_FLAG, offsetof(struct cli, no_measure),              "Look statements up in the table of forms; make no scratch database to try them in"},
    {"--no-copy",            NULL,     FOR_RUNS,    OPTION_FLAG, offsetof(struct cli, no_copy),                 "SQLite: keep no copy of the file from before rows are lost"},
    {"--lock-timeout",       "S",      FOR_RUNS,    OPTION_SECONDS, offsetof(struct cli, lock_timeout_s),       "Wait at most S seconds for another deployer and for each lock"},
    {"--deadline",           "S",      FOR_RUNS,    OPTION_SECONDS, offsetof(struct cli, deadline_s),           "Start no migration that is not expected to end within S seconds from now"},
    {"--detach",             NULL,     FOR_RUNS | FOR_COPY, OPTION_FLAG, offsetof(struct cli, detach),                  "Run in a process of its own, which outlives this terminal"},
    {"--attach",             NULL,     FOR_UP | FOR_COPY | FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, attach), "Watch the run that goes on in a process of its own; ends with its exit status"},
    {"--accept",             "HAZARD", FOR_RUNS | FOR_LINT, OPTION_LIST, offsetof(struct cli, accept),          "Run in production in spite of this hazard; several with commas, or the option again"},
    {"--script",             "FILE",   FOR_CONSOLE, OPTION_TEXT, offsetof(struct cli, script),                  "Play the keys of FILE without a terminal and print screens as text (-: standard input)"},
    {"--size",               "COLUMNSxROWS", FOR_CONSOLE, OPTION_TEXT, offsetof(struct cli, size),              "The size of the script's screen (default: 80x24)"},
    {"--record",             "FILE",   FOR_CONSOLE, OPTION_TEXT, offsetof(struct cli, record),                  "Record what is shown to FILE, as an asciicast; without secrets and keys"},
    {"--dialect",            "NAME",   FOR_LINT | FOR_AUTO, OPTION_TEXT, offsetof(struct cli, dialect),         "For this engine: sqlite, postgresql or both (default: both; rev --autogenerate: the selected database's)"},
    {"--autogenerate",       NULL,     FOR_AUTO,    OPTION_FLAG, offsetof(struct cli, autogenerate),            "Fill it with the difference between what the migrations make and the schema file"},
    {"--rename",             "OLD=NEW", FOR_AUTO,   OPTION_TEXTS, offsetof(struct cli, renames),                "What is gone is what is new: accounts=customers, customers.email=mail; \"customers.email=\" is not; may be repeated"},
    {"--live",               NULL,     FOR_AUTO,    OPTION_FLAG, offsetof(struct cli, live),                    "With --autogenerate: begin with the schema of the selected database, which must be at head, not with what the migrations make"},
    {"--privileges",         NULL,     FOR_AUTO | FOR_SCHEMA, OPTION_FLAG, offsetof(struct cli, privileges),    "PostgreSQL: grants and default privileges count, too"},
    {"--scratch",            "URL",    FOR_AUTO | FOR_SCHEMA, OPTION_TEXT, offsetof(struct cli, scratch),                 "The PostgreSQL server on which scratch databases are made (default: the selected database's)"},
    {"--server-version",     "N",      FOR_LINT,    OPTION_LIST, offsetof(struct cli, server_versions),         "As this version takes it: 17 is PostgreSQL's, 3.40 SQLite's (default: 15 and 3.53)"},
    {"--down",               NULL,     FOR_LINT,    OPTION_FLAG, offsetof(struct cli, down),                    "The hazards of the down sections, not of the up sections"},
    {"--events",             NULL,     FOR_HISTORY, OPTION_FLAG, offsetof(struct cli, events),                  "What was run, event by event, the newest first: by whom, from where, how it ended"},
    {"--single-transaction", NULL,     FOR_UP,      OPTION_FLAG, offsetof(struct cli, single_transaction),      "Apply all migrations in one transaction"},
    {"-m",                   "MESSAGE", FOR_REV,    OPTION_TEXT, offsetof(struct cli, message),                 "What the migration does"},
    {"--watch",              NULL,     FOR_WATCH,   OPTION_FLAG, offsetof(struct cli, watch),                   "Show it again every second, until Ctrl-C; with --json a document a line"},
    {"--message",            "MESSAGE", FOR_REV,    OPTION_TEXT, offsetof(struct cli, message),                 "What the migration does"},
    {"--only",               "ID",     FOR_SMOKE,   OPTION_LIST, offsetof(struct cli, only),                    "Only these checks or groups; several with commas, or the option again"},
    {"--list",               NULL,     FOR_SMOKE,   OPTION_FLAG, offsetof(struct cli, list),                    "Show which checks there are and run none"},
    {"--tap",                NULL,     FOR_SMOKE,   OPTION_FLAG, offsetof(struct cli, tap),                     "The Test Anything Protocol instead of a table"},
    {"--app-url",           "URL",    FOR_SMOKE,   OPTION_TEXT, offsetof(struct cli, app_url),                 "Also ask the application at URL: its /healthz, /readiness and /metrics"},
    {"--junit",              "FILE",   FOR_SMOKE,   OPTION_TEXT, offsetof(struct cli, junit),                   "Also write the results to FILE, as JUnit's XML"},
    {"--listen",             "ADDR:PORT", FOR_SERVE, OPTION_TEXT, offsetof(struct cli, listen),                "Where to listen (default: 127.0.0.1:8080)"},
    {"--sqlite",             "PATH",   FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.sqlite),             "The SQLite file that is copied (default: the selected database, or ./instance/app.db)"},
    {"--postgres",           "URL",    FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.to),                 "The PostgreSQL database that it is copied into"},
    {"--from",               "URL",    FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.from),               "The source as a URL, instead of --sqlite"},
    {"--to",                 "URL",    FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.to),                 "The same as --postgres"},
    {"--dry-run",            NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.dry_run),            "Check every value and change nothing"},
    {"--verify-only",        NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.verify_only),        "Compare both sides and change nothing"},
    {"--resume",             NULL,     FOR_COPY | FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, resume),       "Go on where a copy or a cutover was interrupted"},
    {"--snapshot",           "FOLDER", FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.snapshot),           "Keep what is copied there, page for page, so that changes can be brought over later"},
    {"--triggers",           NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.triggers),           "Install triggers in the source that note what changes, to be brought over without reading all of it; --dry-run shows them"},
    {"--remove-triggers",    NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.remove_triggers),    "Take from the source what --triggers has installed there; needs no --postgres"},
    {"--catch-up",           NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.catch_up),           "Bring over what changed in the source since it was copied with --snapshot or --triggers"},
    {"--follow",             NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.follow),             "Catch up again and again until interrupted, and tell how far behind the target is"},
    {"--last",               NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.last),               "Catch up for the last time: the application has stopped, the snapshot or the triggers go"},
    {"--abandon",            NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.abandon),            "Give an unfinished copy up: the target is as before it"},
    {"--create",             NULL,     FOR_COPY,    OPTION_FLAG, offsetof(struct cli, copy.create),             "Make the tables that the target lacks (a target without any gets all in any case)"},
    {"--tables",             "LIST",   FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.tables),             "Only these tables, separated by commas"},
    {"--rule",               "RULE",   FOR_COPY,    OPTION_TEXTS, offsetof(struct cli, copy.rules),              "What to do about values that do not fit: \"orders.note truncate\"; may be repeated"},
    {"--rules",              "FILE",   FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.rules_file),         "Rules from a file, one a line"},
    {"--rejects",            "FILE",   FOR_COPY,    OPTION_TEXT, offsetof(struct cli, copy.rejects_file),       "Write rejected rows there, and in a dry run every value that does not fit"},
    {"--max-value",          "MB",     FOR_COPY,    OPTION_COUNT, offsetof(struct cli, copy.max_value_mb),      "The largest value that is carried, in megabytes (default: 256; 1000 where pieces will do)"},
    {"--rate",               "N",      FOR_COPY | FOR_CUTOVER, OPTION_RATE, offsetof(struct cli, rate),        "Rows a second at most that a copy checks, sends or reads back; 0, the default: as fast as it goes"},
    {"--jobs",               "N",      FOR_COPY,    OPTION_COUNT, offsetof(struct cli, copy.jobs),              "Connections to each side (default: processors and one more)"},
    {"--runbook",            "NAME",   FOR_CUTOVER, OPTION_TEXT, offsetof(struct cli, cutover.runbook),         "Steps of a new run: env-file, systemd[:UNIT], elastic-beanstalk or a JSON file (default: env-file)"},
    {"--plain",              NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.plain),           "Questions and answers, also where the terminal could show the console"},
    {"--budget",             "S",      FOR_CUTOVER, OPTION_SECONDS, offsetof(struct cli, cutover.budget_s),     "The source may stay frozen for S seconds; after half as many again all is taken back"},
    {"--check",              "FILE",   FOR_CUTOVER, OPTION_TEXT, offsetof(struct cli, cutover.check),           "Check a runbook: every fault with its place; changes nothing"},
    {"--status",             NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.status),          "Show where the newest run stands: steps, question, journal"},
    {"--rehearse",           NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.rehearse),        "Go through the whole runbook on copies of both sides, and keep how long it took"},
    {"--drill",              "STEP",   FOR_CUTOVER, OPTION_TEXT, offsetof(struct cli, cutover.drill),           "Rehearse, and let STEP fail; STEP:kill, STEP:target: be killed, lose the target"},
    {"--report",             NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.report),          "Tell the newest run from beginning to end, in Markdown or with --json"},
    {"--run",                "NAME",   FOR_CUTOVER, OPTION_TEXT, offsetof(struct cli, cutover.run),             "With --status and --report: another run, or a rehearsal"},
    {"--abort",              NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.abort),           "Take back all that was done; its name has to be typed, or given with --confirm"},
    {"--pause",              NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.pause),           "Let the run wait before its next step"},
    {"--continue",           NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.go_on),           "Let the run go on after a pause, or try a step again that has failed"},
    {"--postpone",           NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.postpone),        "Let the run wait before the freeze"},
    {"--unpostpone",         NULL,     FOR_CUTOVER, OPTION_FLAG, offsetof(struct cli, cutover.unpostpone),      "Let it freeze"},
    {"--answer",             "TEXT",   FOR_CUTOVER, OPTION_TEXT, offsetof(struct cli, cutover.answer),          "Answer the question that the run waits with"},
    {"--note",               "TEXT",   FOR_CUTOVER, OPTION_TEXT, offsetof(struct cli, cutover.note),            "Write a remark into the run's journal"},
};

const struct command_row command_rows[] = {
    /* name         options                              argument  run */
    {"console",    FOR_ALL | FOR_CONSOLE,                NO_ARGUMENT,       cmd_console},
    {"demo",       FOR_ALL | FOR_CONSOLE,                NO_ARGUMENT,       cmd_demo},
    {"config",     FOR_ALL,                              NO_ARGUMENT,       cmd_config},
    {"status",     FOR_ALL,                              NO_ARGUMENT,       cmd_status},
    {"init",       FOR_ALL,                NO_ARGUMENT,       cmd_init},
    {"rev",        FOR_ALL | FOR_REV | FOR_AUTO,         NO_ARGUMENT,       cmd_rev},
    {"up",         FOR_ALL | FOR_RUNS | FOR_UP, MAY_HAVE_ARGUMENT, cmd_migrate},
    {"down",       FOR_ALL | FOR_RUNS,     MAY_HAVE_ARGUMENT, cmd_migrate},
    {"reset",      FOR_ALL | FOR_RUNS,     NO_ARGUMENT,       cmd_migrate},
    {"history",    FOR_ALL | FOR_HISTORY,                NO_ARGUMENT,       cmd_history},
    {"current",    FOR_ALL,                              NO_ARGUMENT,       cmd_history},
    {"heads",      FOR_ALL,                              NO_ARGUMENT,       cmd_history},
    {"stamp",      FOR_ALL,                MUST_HAVE_ARGUMENT, cmd_stamp},
    {"import",     FOR_ALL,                              ONE_OR_TWO_ARGUMENTS, cmd_import},
    {"rehearse",   FOR_ALL,                              MAY_HAVE_ARGUMENT, cmd_rehearse},
    {"lint",       FOR_ALL | FOR_LINT,                   ANY_ARGUMENTS,     cmd_lint},
    {"check",      FOR_ALL | FOR_SCHEMA,                        NO_ARGUMENT,       cmd_check},
    {"schema",     FOR_ALL | FOR_SCHEMA,                        ANY_ARGUMENTS,     cmd_schema},
    {"merge",      FOR_ALL | FOR_REV,                    NO_ARGUMENT,       cmd_merge},
    {"copy",       FOR_ALL | FOR_COPY,                   NO_ARGUMENT,       cmd_copy},
    {"cutover",    FOR_ALL | FOR_CUTOVER,                NO_ARGUMENT,       cmd_cutover},
    {"ready",      FOR_ALL,                              NO_ARGUMENT,       cmd_ready},
    {"smoke",      FOR_ALL | FOR_SMOKE,                  NO_ARGUMENT,       cmd_smoke},
    {"pools",      FOR_ALL | FOR_WATCH,                  ANY_ARGUMENTS,     cmd_pools},
    {"sessions",   FOR_ALL,                              ANY_ARGUMENTS,     cmd_sessions},
    {"serve",      FOR_ALL | FOR_SERVE,                  NO_ARGUMENT,       cmd_serve},
    {"theme",      FOR_ALL,                              ONE_OR_TWO_ARGUMENTS, cmd_theme},
    {"completion", FOR_ALL,                              MUST_HAVE_ARGUMENT, cmd_completion},
};
/* clang-format on */

const size_t option_row_count = sizeof option_rows / sizeof *option_rows;
const size_t command_row_count = sizeof command_rows / sizeof *command_rows;

const struct command_row *command_find(const char *name)
{
    for (size_t i = 0; i < command_row_count; i++)
        if (strcmp(command_rows[i].name, name) == 0)
            return &command_rows[i];
    return NULL;
}

bool option_applies(const struct option_row *option, const struct command_row *command)
{
    return (option->commands & (command == NULL ? FOR_ALL : command->options)) != 0;
}

/* The row of argv[i], with its value behind '=' or NULL. */
static const struct option_row *find_option(const char *word, const char **out_value)
{
    const char *equals = strchr(word, '=');
    size_t n =
        equals != NULL && strncmp(word, "--", 2) == 0 ? (size_t)(equals - word) : strlen(word);

    for (size_t i = 0; i < option_row_count; i++)
        if (strlen(option_rows[i].name) == n && strncmp(option_rows[i].name, word, n) == 0) {
            *out_value = word[n] == '=' ? word + n + 1 : NULL;
            return &option_rows[i];
        }
    return NULL;
}

static bool set_seconds(double *to, const char *value, const char *name, hg_error *err)
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end != '\0' || !(seconds >= 0 && seconds < 1e6)) {
        hg_fail(err, HG_USAGE, "option %s: \"%s\" is not a number of seconds", name, value);
        hg_error_hint(err, "For example: %s 5", name);
        return false;
    }
    *to = seconds;
    return true;
}

/* Every part between commas. */
static bool add_to_list(struct cli_list *list, const char *value, const char *name, hg_error *err)
{
    while (*value != '\0') {
        size_t n = strcspn(value, ",");

        if (list->count == CLI_LIST_MAX || n == 0 || n >= sizeof list->text[0])
            return hg_fail(err, HG_USAGE, "option %s: \"%s\" cannot be understood", name, value);
        memcpy(list->text[list->count], value, n);
        list->items[list->count] = list->text[list->count];
        list->count++;
        value += n + (value[n] == ',');
    }
    return true;
}

static bool set_count(int *to, const char *value, int least, int most, const char *name, hg_error *err)
{
    char *end;
    long count = strtol(value, &end, 10);

    if (end == value || *end != '\0' || count < least || count > most) {
        hg_fail(err, HG_USAGE, "option %s: \"%s\" is not a number from %d to %d", name, value, least,
                most);
        return false;
    }
    *to = (int)count;
    return true;
}

static bool add_item(struct cli_texts *list, const char *value, const char *name, hg_error *err)
{
    if (list->count == CLI_TEXTS_MAX)
        return hg_fail(err, HG_USAGE, "option %s was given more than %d times", name,
                       CLI_TEXTS_MAX);
    list->items[list->count++] = value;
    return true;
}

static bool apply(struct cli *cli, const struct option_row *option, const char *value,
                  hg_error *err)
{
    char *field = (char *)cli + option->offset;

    switch (option->kind) {
    case OPTION_TEXT:
        *(const char **)(void *)field = value;
        break;
    case OPTION_FLAG:
        *(bool *)field = true;
        break;
    case OPTION_MORE:
        ++*(int *)(void *)field;
        break;
    case OPTION_LESS:
        *(int *)(void *)field = -1;
        break;
    case OPTION_LIST:
        return add_to_list((struct cli_list *)(void *)field, value, option->name, err);
    case OPTION_SECONDS:
        return set_seconds((double *)(void *)field, value, option->name, err);
    case OPTION_COUNT:
        return set_count((int *)(void *)field, value, 1, 1000, option->name, err);
    case OPTION_RATE:
        return set_count((int *)(void *)field, value, 0, 1000000000, option->name, err);
    case OPTION_TEXTS:
        return add_item((struct cli_texts *)(void *)field, value, option->name, err);
    }
    return true;
}

/* One option with its value; *i moves over what it used. */
static bool take_option(struct cli *cli, int argc, char **argv, int *i, bool *used, hg_error *err)
{
    const char *word = argv[*i], *value = NULL;
    const struct option_row *option = find_option(word, &value);

    if (option == NULL && word[1] == 'v' && strspn(word + 1, "v") == strlen(word + 1)) {
        cli->verbosity += (int)strlen(word + 1);
        return true;
    }
    if (option == NULL) {
        hg_fail(err, HG_USAGE, "unknown option \"%.*s\"", (int)strcspn(word, "="), word);
        hg_error_hint(err, "See headgate --help.");
        return false;
    }
    if (option->argument == NULL && value != NULL)
        return hg_fail(err, HG_USAGE, "option %s takes no value", option->name);
    if (option->argument != NULL && value == NULL) {
        if (++*i >= argc)
            return hg_fail(err, HG_USAGE, "option %s needs %s", option->name, option->argument);
        value = argv[*i];
    }
    used[option - option_rows] = true;
    return apply(cli, option, value, err);
}

static size_t words_of(const struct command_row *command)
{
    static const size_t most[] = {
        [NO_ARGUMENT] = 0,          [MAY_HAVE_ARGUMENT] = 1,         [MUST_HAVE_ARGUMENT] = 1,
        [ONE_OR_TWO_ARGUMENTS] = 2, [ANY_ARGUMENTS] = CLI_WORDS_MAX,
    };

    return most[command->argument];
}

static bool take_word(struct cli *cli, const struct command_row **command, const char *word,
                      hg_error *err)
{
    if (*command == NULL) {
        *command = command_find(word);
        if (*command != NULL)
            return true;
        hg_fail(err, HG_USAGE, "unknown command \"%s\"", word);
        hg_error_hint(err, "See headgate --help.");
        return false;
    }
    if (cli->word_count >= words_of(*command)) {
        hg_fail(err, HG_USAGE, "\"%s\" does not take the argument \"%s\"", (*command)->name, word);
        hg_error_hint(err, "See headgate %s --help.", (*command)->name);
        return false;
    }
    cli->words[cli->word_count++] = word;
    cli->argument = cli->words[0];
    cli->second_argument = cli->words[1];
    return true;
}

/* "-1" and "-2" are targets of up and down, not options. */
static bool is_relative_target(const char *word)
{
    return word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

static bool check_whole(const struct cli *cli, const struct command_row *command, const bool *used,
                        hg_error *err)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (used[i] && !option_applies(&option_rows[i], command)) {
            hg_fail(err, HG_USAGE, "\"%s\" does not take the option %s", command->name,
                    option_rows[i].name);
            hg_error_hint(err, "See headgate %s --help.", command->name);
            return false;
        }
    if (strcmp(cli->color, "auto") != 0 && strcmp(cli->color, "always") != 0
        && strcmp(cli->color, "never") != 0)
        return hg_fail(err, HG_USAGE, "option --color: \"%s\" is not auto, always or never",
                       cli->color);
    if ((command->argument == MUST_HAVE_ARGUMENT || command->argument == ONE_OR_TWO_ARGUMENTS)
        && cli->argument == NULL && !cli->help) {
        hg_fail(err, HG_USAGE, "\"%s\" needs %s", command->name, cli->action->arguments);
        hg_error_hint(err, "See headgate %s --help.", command->name);
        return false;
    }
    return true;
}

bool cli_parse(struct cli *cli, int argc, char **argv, hg_error *err)
{
    const struct command_row *command = NULL;
    bool only_words = false;
    bool used[sizeof option_rows / sizeof *option_rows] = {false};

    *cli = (struct cli){
        .color = "auto", .lock_timeout_s = -1, .deadline_s = -1, .rate = -1, .cutover = {.budget_s = -1}};
    for (int i = 1; i < argc; i++) /* first, so that a fault further left is told as JSON too */
        cli->json = cli->json || strcmp(argv[i], "--json") == 0;
    for (int i = 1; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (only_words || argv[i][0] != '-' || argv[i][1] == '\0'
                 || is_relative_target(argv[i])) {
            if (!take_word(cli, &command, argv[i], err))
                return false;
        } else if (!take_option(cli, argc, argv, &i, used, err)) {
            return false;
        }
    }
    cli->help_for_all = command == NULL;
    cli->command = command == NULL ? command_find("console") : command;
    cli->action = action_find(cli->command->name);
    return check_whole(cli, cli->command, used, err);
}
