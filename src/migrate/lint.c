/*
 * lint.c - the hazards of one migration file, without a database: a plan of the file alone.
 */
#include <headgate/migrate.h>

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "plan_assess.h"
#include "prepare.h"
#include "sql/grammar.h"

enum { OLDEST_POSTGRES = 100000, OLDEST_SQLITE = 3000000 };

static bool no_memory(const char *path, hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into \"%s\": out of memory", path);
}

hg_lint_options hg_lint_options_default(hg_driver driver)
{
    return (hg_lint_options){.driver = driver,
                             .server_version =
                                 driver == HG_SQLITE ? ASSESS_NEWEST_SQLITE : GRAMMAR_VERSION};
}

/* Any release of the newest version is that version. */
static bool check_version(const hg_lint_options *options, hg_error *err)
{
    int v = options->server_version;

    if (options->driver == HG_SQLITE && (v < OLDEST_SQLITE || v >= ASSESS_NEWEST_SQLITE + 1000))
        return hg_fail(err, HG_USAGE, "what SQLite %d.%d does is not known here, but 3.0 to 3.%d",
                       v / 1000000, v / 1000 % 1000, ASSESS_NEWEST_SQLITE / 1000 % 1000);
    if (options->driver == HG_POSTGRESQL
        && (v < OLDEST_POSTGRES || v >= ASSESS_NEWEST_POSTGRES + 10000))
        return hg_fail(err, HG_USAGE, "what PostgreSQL %d does is not known here, but %d to %d",
                       v / 10000, OLDEST_POSTGRES / 10000, ASSESS_NEWEST_POSTGRES / 10000);
    return true;
}

/* Alembic's file is refused by its name: what it does only Python knows. */
static bool check_name(const char *path, hg_error *err)
{
    size_t n = strlen(path);

    if (n < 3 || strcmp(path + n - 3, ".py") != 0)
        return true;
    hg_fail(err, HG_UNSUPPORTED, "the migration is Alembic's, in Python");
    hg_error_place(err, path, 0, 0);
    hg_error_hint(err, "headgate import alembic makes SQL of it.");
    return false;
}

/* A file that is not there is a fault of the caller's list, as one that is no migration. */
static bool read_text(const char *path, struct content *text, hg_error *err)
{
    struct file_stamp unasked;

    if (content_read(text, path, &unasked, err))
        return true;
    if (err->code == HG_IO)
        err->code = HG_FILE;
    return false;
}

/* Adds a section of the file to the scripts. */
static bool load(struct prepared *p, const char *path, bool down, struct migration_file *file,
                 hg_error *err)
{
    struct script *script = &p->scripts[p->script_count];
    struct content text = CONTENT_INIT(FOLDER_FILE_LIMIT);
    struct file_source source = {
        .path = path, .dialect = p->driver, .passed = content_passed, .context = &text};
    bool ok = read_text(path, &text, err);

    source.text = text.bytes;
    source.size = text.size;
    ok = ok && file_parse(&source, &p->arena, file, err);
    if (ok && file->revision == NULL) {
        ok = hg_fail(err, HG_FILE, "the file is no migration");
        hg_error_place(err, path, 0, 0);
        hg_error_hint(err, "A migration has a line \"-- migrate:up\" before its statements.");
    }
    ok = ok && script_make(&p->arena, p->driver, file, down, &text, script, err);
    p->script_count += ok;
    content_release(&text);
    return ok && script_check(script, err);
}

static bool fill(struct prepared *p, const struct migration_file *file, bool down, hg_error *err)
{
    hg_plan_step *step = arena_alloc(&p->arena, 1, sizeof *step);
    const char *path = arena_text(&p->arena, file->path);

    if (step == NULL || path == NULL)
        return no_memory(file->path, err);
    *step = (hg_plan_step){.revision = file->revision,
                           .message = file->message,
                           .file = path,
                           .direction = down ? HG_DOWN : HG_UP};
    p->plan.steps = step;
    p->plan.measured_ms = -1;
    p->plan.unmeasured = "";
    p->plan.step_count = 1;
    return prepare_step(p, p->scripts, step) || no_memory(file->path, err);
}

static bool check_syntax(const struct assess_step *read, const hg_lint_options *options,
                         hg_error *err)
{
    if (options->driver == HG_SQLITE || options->server_version / 10000 > GRAMMAR_VERSION / 10000)
        return true;
    for (size_t i = 0; i < read->script->count; i++) {
        const struct classified *class = &read->classes[i];

        if (class->how != CLASSIFY_FAULT)
            continue;
        script_fail_syntax(read->script, i, class->fault_message, class->fault_character, err);
        hg_error_hint(err, "If it is syntax of a newer server, name that: --server-version 17");
        return false;
    }
    return true;
}

static bool assess(struct prepared *p, const hg_lint_options *options, hg_error *err)
{
    struct assess_step read;
    struct assessor a = {.arena = &p->arena,
                         .driver = options->driver,
                         .server_version = options->server_version,
                         .accept = options->accept,
                         .accept_count = options->accept_count};
    bool ok = assess_read(&p->arena, options->driver, p->scripts, &read, err)
              && check_syntax(&read, options, err) && assess_step(&a, &read, p->plan.steps, err);

    p->plan.danger_count = a.danger_count;
    assess_release(&a);
    return ok;
}

/* The other way is only read: whoever rolls back has no time for a misspelt word. */
static bool check_other(struct prepared *p, const char *path, const hg_lint_options *options,
                        hg_error *err)
{
    struct migration_file file;
    struct assess_step read;

    return load(p, path, !options->down, &file, err)
           && assess_read(&p->arena, options->driver, &p->scripts[1], &read, err)
           && check_syntax(&read, options, err);
}

static bool look_into(struct prepared *p, const char *path, const hg_lint_options *options,
                      hg_error *err)
{
    struct migration_file file;

    p->driver = options->driver;
    p->scripts = arena_alloc(&p->arena, 2, sizeof *p->scripts);
    if (p->scripts == NULL)
        return no_memory(path, err);
    return load(p, path, options->down, &file, err) && fill(p, &file, options->down, err)
           && assess(p, options, err) && check_other(p, path, options, err);
}

bool hg_lint_file(const char *path, const hg_lint_options *options, hg_plan **out_plan,
                  hg_error *err)
{
    struct prepared *p = alloc_zero(1, sizeof *p);
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = (p != NULL || no_memory(path, err)) && check_version(options, err)
         && assess_check_accept(options->accept, options->accept_count, err)
         && check_name(path, err) && look_into(p, path, options, err);
    if (ok)
        *out_plan = &p->plan;
    else
        prepare_free(p);
    return ok;
}
