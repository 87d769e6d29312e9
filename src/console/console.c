/*
 * console.c - settings to facts, jobs to a source: what the loop needs and must not fetch itself.
 */
#include "console.h"

#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "cast.h"
#include "headless.h"
#include "loop.h"
#include "ops/copy_sides.h"
#include "ops/job.h"
#include "ops/ops.h"

enum { SCRIPT_BYTES_MAX = 1 << 20, OWN_KEYS_BYTES_MAX = 1 << 16, LARGE_BYTES = 64 * 1024 };

static uint64_t start(void *context, const struct job_request *request)
{
    return jobs_start(context, request);
}

static void cancel(void *context, uint64_t job)
{
    jobs_cancel(context, job);
}

static void leave(void *context, uint64_t job)
{
    jobs_leave(context, job);
}

static bool take(void *context, struct job_message *out)
{
    return jobs_take(context, out);
}

static int fd(void *context)
{
    return jobs_fd(context);
}

static int64_t beat(void *context)
{
    return jobs_beat_ms(context);
}

static void discard(void *context, struct job_result *result)
{
    (void)context;
    job_result_free(result);
}

static void name_operator(char *out, size_t size)
{
    const struct passwd *user = getpwuid(getuid());

    text_copy(out, size, user == NULL ? "" : user->pw_name);
}

/* From where to where a copy would go. */
static void name_sides(const struct ops *ops, struct facts *out)
{
    struct copy_sides sides;
    hg_error err = {0};

    if (!copy_sides_find(ops->reading, &sides, &err)) {
        text_copy(out->copy_refusal, sizeof out->copy_refusal, err.message);
        text_copy(out->copy_hint, sizeof out->copy_hint, err.hint);
        return;
    }
    text_copy(out->copy_from, sizeof out->copy_from, hg_url_redacted(sides.source));
    text_copy(out->copy_to, sizeof out->copy_to, hg_url_redacted(sides.target));
    text_copy(out->copy_name, sizeof out->copy_name, hg_url_database(sides.target));
    copy_sides_release(&sides);
}

static void gather_facts(const struct ops *ops, struct facts *out)
{
    const hg_settings *settings = ops->settings;
    const hg_url *url = hg_settings_url(settings);

    *out = (struct facts){.production = hg_settings_production(settings),
                          .read_only = hg_settings_read_only(settings),
                          .prod_url_missing = hg_settings_prod_url_missing(settings),
                          .driver = hg_url_driver(url),
                          .takes_mouse = hg_settings_mouse(settings),
                          .detaches = ops->launcher != NULL};
    text_copy(out->env, sizeof out->env, hg_settings_env(settings));
    text_copy(out->database, sizeof out->database, hg_url_redacted(url));
    text_copy(out->database_name, sizeof out->database_name, hg_url_database(url));
    name_operator(out->operator_name, sizeof out->operator_name);
    name_sides(ops, out);
}

/* The file beside the folder of the user's themes; that there is none is usual. */
static void read_own_keys(const char *theme_dir, struct facts *out)
{
    struct buf text = BUF_INIT(OWN_KEYS_BYTES_MAX);
    const char *end = strrchr(theme_dir, '/');
    hg_error err = {0};
    char path[4096];
    int n;

    if (end == NULL)
        return;
    n = snprintf(path, sizeof path, "%.*s/keys", (int)(end - theme_dir), theme_dir);
    if (n >= (int)sizeof path || !file_exists(path))
        return;
    if (file_read(path, &text, &err))
        own_keys_parse(text.bytes, text.size, path, &out->own_keys, &err);
    if (err.line > 0)
        snprintf(out->own_keys_wrong, sizeof out->own_keys_wrong,
                 "your own keys are not used: %s:%d: %s", err.file, err.line, err.message);
    else
        text_copy(out->own_keys_wrong, sizeof out->own_keys_wrong, err.message);
    buf_release(&text);
}

static bool read_input(struct buf *out, hg_error *err)
{
    char chunk[4096];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        buf_bytes(out, chunk, (size_t)n);
    if (n < 0)
        return hg_fail(err, HG_IO, "could not read the script: %s", strerror(errno));
    return !out->failed || hg_fail(err, HG_USAGE, "the script is too long");
}

static bool read_script(const char *file, struct playscript *out, hg_error *err)
{
    struct buf text = BUF_INIT(SCRIPT_BYTES_MAX);
    bool input = strcmp(file, "-") == 0;
    bool ok = (input ? read_input(&text, err) : file_read(file, &text, err))
              && playscript_parse(text.bytes, text.size, input ? "the script" : file, out, err);

    buf_release(&text);
    return ok;
}

/* Everything that can be wrong with the options, before anything is opened. */
static bool prepare(const struct console_options *options, struct headless_options *out_play,
                    struct playscript *out_script, hg_error *err)
{
    if (options->size != NULL && options->script == NULL)
        return hg_fail(err, HG_USAGE, "--size goes with --script: a terminal has its own");
    if (options->size != NULL
        && !playscript_size(options->size, &out_play->width, &out_play->height))
        return hg_fail(err, HG_USAGE, "option --size: \"%s\" is not a size as 80x24 is",
                       options->size);
    return options->script == NULL || read_script(options->script, out_script, err);
}

static bool run(struct stage_options *stage, const struct console_options *options, hg_error *err)
{
    struct playscript script = {0};
    struct headless_options play = {.script = &script,
                                    .origin = options->script,
                                    .width = 80,
                                    .height = 24,
                                    .color = options->color != COLOR_NEVER,
                                    .screens = stdout,
                                    .complaints = stderr};
    bool ok =
        prepare(options, &play, &script, err)
        && (options->record == NULL || cast_open(options->record, play.color, &stage->cast, err));

    if (ok)
        ok = options->script == NULL ? loop_run(stage, options->color, err)
                                     : headless_run(stage, &play, err);
    ok = cast_close(stage->cast, ok ? err : NULL) && ok;
    playscript_release(&script);
    return ok;
}

/* Few threads that rest for most of the time share one heap: with one each, most of what a console
 * held would be what their last job left. What is large lives for a question only, and goes back
 * with it: without being told so the C library would keep it on the heap from the second time on.
 */
void console_prepare(void)
{
    terminal_look();
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

bool console_run(struct ops *ops, const struct console_options *options, hg_error *err)
{
    const char *folders[THEME_FOLDERS];
    struct job_source source = {NULL, start, cancel, leave, take, fd, beat, discard};
    struct facts facts;
    struct stage_options stage = {.facts = &facts,
                                  .source = &source,
                                  .theme = hg_settings_theme(ops->settings),
                                  .theme_folders = folders};
    sigset_t before;
    bool ok = false;

    setlocale(LC_CTYPE, "");
    loop_block_signals(&before);
    source.context = jobs_new(ops);
    if (source.context == NULL) {
        hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    } else {
        gather_facts(ops, &facts);
        read_own_keys(hg_settings_theme_dir(ops->settings), &facts);
        facts.cutover = options->cutover;
        facts.budget_ms = options->budget_ms;
        text_copy(facts.runbook, sizeof facts.runbook,
                  options->runbook == NULL ? "" : options->runbook);
        theme_folders(hg_settings_theme_dir(ops->settings), folders);
        ok = run(&stage, options, err);
    }
    pthread_sigmask(SIG_SETMASK, &before,
                    NULL); /* Ctrl-C ends it while the workers are waited for */
    jobs_free(source.context);
    return ok;
}
