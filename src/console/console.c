/*
 * console.c - settings to facts, jobs to a source: what the loop needs and must not fetch itself.
 */
#include "console.h"

#include <locale.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "loop.h"
#include "ops/job.h"
#include "ops/ops.h"

static uint64_t start(void *context, const struct job_request *request)
{
    return jobs_start(context, request);
}

static void cancel(void *context, uint64_t job)
{
    jobs_cancel(context, job);
}

static bool take(void *context, struct job_message *out)
{
    return jobs_take(context, out);
}

static int fd(void *context)
{
    return jobs_fd(context);
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

static void gather_facts(const hg_settings *settings, struct facts *out)
{
    const hg_url *url = hg_settings_url(settings);

    *out = (struct facts){.production = hg_settings_production(settings),
                          .read_only = hg_settings_read_only(settings),
                          .prod_url_missing = hg_settings_prod_url_missing(settings),
                          .driver = hg_url_driver(url)};
    text_copy(out->env, sizeof out->env, hg_settings_env(settings));
    text_copy(out->database, sizeof out->database, hg_url_redacted(url));
    text_copy(out->database_name, sizeof out->database_name, hg_url_database(url));
    name_operator(out->operator_name, sizeof out->operator_name);
}

bool console_run(struct ops *ops, const struct console_options *options, hg_error *err)
{
    const char *folders[THEME_FOLDERS];
    struct job_source source = {NULL, start, cancel, take, fd, discard};
    struct facts facts;
    sigset_t before;
    bool ok = false;

    setlocale(LC_CTYPE, "");
    loop_block_signals(&before);
    source.context = jobs_new(ops);
    if (source.context == NULL) {
        hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    } else {
        gather_facts(ops->settings, &facts);
        theme_folders(hg_settings_theme_dir(ops->settings), folders);
        ok = loop_run(&facts, &source, options->color, hg_settings_theme(ops->settings), folders,
                      err);
    }
    pthread_sigmask(SIG_SETMASK, &before,
                    NULL); /* Ctrl-C ends it while the workers are waited for */
    jobs_free(source.context);
    return ok;
}
