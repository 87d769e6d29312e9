/*
 * cli.c - runs the command that argv names.
 */
#include "cli.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "options.h"

enum { HELP_LIMIT = 1 << 20, CANNOT_WRITE = 1 };

static void log_to_stderr(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

enum { URLS = 3 };

/* A URL may hold a password, and every user of the host may read our arguments: keep a copy, blank
 * the original. */
static bool hide_url(const char **url, char **out_copy, hg_error *err)
{
    char *given = (char *)(uintptr_t)*url;

    if (given == NULL)
        return true;
    *out_copy = alloc_text(given);
    if (*out_copy == NULL)
        return hg_fail(err, HG_NOMEM, "could not read the options: out of memory");
    memset(given, '*', strlen(given));
    *url = *out_copy;
    return true;
}

static bool hide_urls(struct cli *cli, char *out_copies[URLS], hg_error *err)
{
    const char **urls[URLS] = {&cli->settings.url, &cli->copy.from, &cli->copy.to};

    for (int i = 0; i < URLS; i++)
        if (!hide_url(urls[i], &out_copies[i], err))
            return false;
    return true;
}

static int print_help(const struct cli *cli)
{
    struct buf out = BUF_INIT(HELP_LIMIT);

    cli_help(&out, cli->help_for_all ? NULL : cli->command);
    cli_print(&out);
    buf_release(&out);
    return 0;
}

static int run(struct cli *cli, int argc, char **argv, char *urls[URLS])
{
    hg_error err = {0};

    if (!cli_parse(cli, argc, argv, &err) || !hide_urls(cli, urls, &err))
        return cli_fail(cli, &err);
    if (cli->version) {
        printf("headgate %s\n", hg_version());
        return 0;
    }
    if (cli->help)
        return print_help(cli);
    if (cli->verbosity > 0)
        log_to(log_to_stderr, NULL, cli->verbosity > 1 ? LOG_DEBUG : LOG_INFO);
    if (cli->directory != NULL && chdir(cli->directory) != 0) {
        hg_fail(&err, HG_USAGE, "could not change to the folder \"%s\": %s", cli->directory,
                strerror(errno));
        return cli_fail(cli, &err);
    }
    return cli->command->run(cli);
}

int cli_main(int argc, char **argv)
{
    struct cli cli;
    char *urls[URLS] = {NULL}; /* as they were given, with their passwords */
    int status;

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a failed write, not our death in the
                                 middle of a migration */
    signal(SIGXFSZ, SIG_IGN); /* nor is a file that may not grow any more */
    status = run(&cli, argc, argv, urls);
    for (int i = 0; i < URLS; i++) {
        if (urls[i] != NULL)
            explicit_bzero(urls[i], strlen(urls[i]));
        alloc_free(urls[i]);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "headgate: could not write the result: %s\n", strerror(errno));
        status = status == 0 ? CANNOT_WRITE : status;
    }
    if (cli_interrupted(NULL)) /* a thread may still be in a connect that nobody waits for: what the
                                  libraries clean up at the end must not go from under it */
        _exit(status);
    return status;
}

bool cli_open_briefly(const struct cli *cli, struct ops *out_ops, hg_error *err)
{
    const struct ops_options options = {
        .role = cli->action->name, .brief = true, .interrupted = cli_interrupted};

    return ops_open(&cli->settings, &options, out_ops, err);
}

bool cli_open(const struct cli *cli, bool may_create, struct ops *out_ops, hg_error *err)
{
    const struct ops_options options = {
        .role = cli->action->name, .may_create = may_create, .interrupted = cli_interrupted};

    return ops_open(&cli->settings, &options, out_ops, err);
}
