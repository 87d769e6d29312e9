/*
 * cmd_schema.c - the schema of the database: as SQL, and what makes it the one of the schema file.
 *
 * What is printed is SQL as it stands, with all that is said about it in comments, so that it can
 * be read, kept in a file or handed to a shell of the database.
 */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "ops/json_schema.h"

enum { OUTPUT_LIMIT = 256 << 20, COMPARE_MS = 10 * 60 * 1000, DIFFERENT = 1 };

/* A statement with its semicolon; what could drive a terminal is made visible on one. */
static void put_sql(struct buf *out, const char *sql)
{
    bool terminal = isatty(STDOUT_FILENO);

    for (const char *line = sql; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        if (terminal)
            text_visible(out, line, n);
        else
            buf_bytes(out, line, n);
        line += n;
        if (*line == '\n') {
            buf_char(out, '\n');
            line++;
        }
    }
    buf_text(out, ";\n");
}

static void put_comment(struct buf *out, const char *before, const char *text)
{
    buf_printf(out, "-- %s", before);
    text_show(out, text);
    buf_char(out, '\n');
}

static void put_statement(struct buf *out, const hg_schema_statement *statement)
{
    if (statement->loses[0] != '\0')
        put_comment(out, "loses data: ", statement->loses);
    put_sql(out, statement->sql);
}

bool cli_schema_options(const struct cli *cli, const struct ops *ops, hg_url **out_named,
                        hg_schema_options *out, hg_error *err)
{
    bool postgres = hg_url_driver(hg_pool_url(ops->pool)) == HG_POSTGRESQL;

    *out = (hg_schema_options){.privileges = cli->privileges};
    if (!postgres && cli->privileges)
        return hg_fail(err, HG_USAGE, "SQLite knows no privileges");
    if (cli->scratch == NULL)
        return true;
    if (!hg_url_parse(cli->scratch, out_named, err))
        return false;
    if (!postgres || hg_url_driver(*out_named) != HG_POSTGRESQL)
        return hg_fail(err, HG_USAGE, "--scratch names a PostgreSQL server, for a database there");
    out->scratch = *out_named;
    return true;
}

/* --- diff --- */

static void begin_phase(struct buf *out, const hg_schema_diff *diff, hg_schema_phase phase)
{
    if (diff->rebuilds && phase == HG_SCHEMA_MAIN)
        buf_text(out, "PRAGMA foreign_keys = OFF;\nPRAGMA legacy_alter_table = ON;\n");
    if (phase != HG_SCHEMA_AFTER)
        buf_text(out, "BEGIN;\n");
}

static void end_phase(struct buf *out, const hg_schema_diff *diff, hg_schema_phase phase)
{
    if (phase != HG_SCHEMA_AFTER)
        buf_text(out, "COMMIT;\n");
    if (diff->rebuilds && phase == HG_SCHEMA_MAIN)
        buf_text(out, "PRAGMA legacy_alter_table = OFF;\nPRAGMA foreign_keys = ON;\n");
}

static void put_phases(struct buf *out, const hg_schema_diff *diff)
{
    const hg_schema_statement *s = diff->statements;

    for (size_t i = 0; i < diff->statement_count; i++) {
        if (i == 0 || s[i].phase != s[i - 1].phase)
            begin_phase(out, diff, s[i].phase);
        put_statement(out, &s[i]);
        if (i + 1 == diff->statement_count || s[i].phase != s[i + 1].phase)
            end_phase(out, diff, s[i].phase);
    }
}

static void put_changes(struct buf *out, const hg_schema_diff *diff)
{
    for (size_t i = 0; i < diff->change_count; i++) {
        buf_text(out, "-- ");
        cli_put_schema_change(out, &diff->changes[i]);
    }
}

void cli_put_schema_change(struct buf *out, const hg_schema_change *change)
{
    static const char marks[] = {[HG_SCHEMA_ADD] = '+',
                                 [HG_SCHEMA_DROP] = '-',
                                 [HG_SCHEMA_ALTER] = '~',
                                 [HG_SCHEMA_RENAME] = '='};

    buf_printf(out, "%c %s ", marks[change->verb], change->kind);
    text_show(out, change->object);
    buf_text(out, change->what[0] == '\0' ? "" : ": ");
    text_show(out, change->what);
    buf_char(out, '\n');
}

static void put_impossible(struct buf *out, const hg_schema_diff *diff)
{
    for (size_t i = 0; i < diff->impossible_count; i++)
        put_comment(out, "left as it is: ", diff->impossible[i]);
}

/* "database", the path of a file, or a revision. */
static hg_schema_source source_of(const char *word)
{
    if (strcmp(word, "database") == 0)
        return (hg_schema_source){HG_SCHEMA_OF_DATABASE, NULL};
    if (strpbrk(word, "./") != NULL)
        return (hg_schema_source){HG_SCHEMA_OF_FILE, word};
    return (hg_schema_source){HG_SCHEMA_OF_REVISION, word};
}

static bool diff(const struct cli *cli, struct ops *ops, const hg_observer *observer,
                 struct buf *out, int *status, hg_error *err)
{
    const char *file = hg_settings_schema_file(ops->settings);
    const char *dir = hg_settings_migrations_dir(ops->settings);
    const char *one = cli->word_count > 1 ? cli->words[1] : "database";
    const char *two = cli->word_count > 2 ? cli->words[2] : file;
    hg_schema_source from = source_of(one), to = source_of(two);
    hg_schema_options options;
    hg_schema_diff *found = NULL;
    hg_url *named = NULL;
    bool ok;

    if (cli->word_count < 3)
        to = (hg_schema_source){HG_SCHEMA_OF_FILE, file}; /* whatever it is called */
    ok = cli_schema_options(cli, ops, &named, &options, err)
         && hg_schema_diff_between(ops->pool, dir, &from, &to, &options,
                                   hg_deadline_in_ms(COMPARE_MS), observer, &found, err);
    hg_url_free(named);
    if (!ok)
        return false;
    *status = found->change_count > 0 ? DIFFERENT : 0;
    if (cli->json) {
        json_schema_diff(out, one, two, found);
    } else {
        put_changes(out, found);
        put_impossible(out, found);
        put_phases(out, found);
    }
    if (found->change_count == 0 && from.kind == HG_SCHEMA_OF_DATABASE)
        cli_note(cli, "the database has the schema of %s", two);
    else if (found->change_count == 0)
        cli_note(cli, "%s has the schema of %s", one, two);
    hg_schema_diff_free(found);
    return true;
}

/* --- dump --- */

static bool dump(const struct cli *cli, struct ops *ops, const hg_observer *observer,
                 struct buf *out, int *status, hg_error *err)
{
    hg_schema_options options;
    hg_schema_diff *whole = NULL;
    hg_url *named = NULL;
    bool ok;

    if (cli->scratch != NULL)
        return hg_fail(err, HG_USAGE, "schema dump makes no scratch database");
    ok = cli_schema_options(cli, ops, &named, &options, err)
         && hg_schema_dump_make(ops->pool, &options, hg_deadline_in_ms(COMPARE_MS), observer,
                                &whole, err);
    hg_url_free(named);
    if (!ok)
        return false;
    *status = 0;
    if (cli->json) {
        json_schema_dump(out, whole);
    } else {
        put_impossible(out, whole);
        for (size_t i = 0; i < whole->statement_count; i++)
            put_statement(out, &whole->statements[i]);
    }
    hg_schema_diff_free(whole);
    return true;
}

/* --- both --- */

static const struct part {
    const char *name;
    size_t words; /* at most, its name among them */
    bool (*run)(const struct cli *cli, struct ops *ops, const hg_observer *observer,
                struct buf *out, int *status, hg_error *err);
} parts[] = {{"diff", 3, diff}, {"dump", 1, dump}};

static const struct part *find_part(const struct cli *cli, hg_error *err)
{
    const char *name = cli->argument;

    for (size_t i = 0; name != NULL && i < sizeof parts / sizeof *parts; i++)
        if (strcmp(parts[i].name, name) == 0 && cli->word_count <= parts[i].words)
            return &parts[i];
    if (name == NULL)
        hg_fail(err, HG_USAGE, "\"schema\" needs %s", cli->action->arguments);
    else
        hg_fail(err, HG_USAGE, "\"schema\" has no part \"%s\" with so many words", name);
    hg_error_hint(err, "See headgate schema --help.");
    return NULL;
}

int cmd_schema(const struct cli *cli)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);
    struct ops ops = {0};
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    const struct part *part = find_part(cli, &err);
    int status = 0;

    if (part == NULL || !cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    if (!part->run(cli, &ops, &observer, &out, &status, &err))
        status = cli_fail(cli, &err);
    else if (buf_failed(&out))
        status = cli_fail(cli, (hg_fail(&err, HG_NOMEM, "the schema is too large to show"), &err));
    else
        cli_print(&out);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
