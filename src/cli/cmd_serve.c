/*
 * cmd_serve.c - the HTTP endpoints, until a signal ends them.
 */
#include <time.h>

#include "cli.h"
#include "serve/serve.h"

enum { INTERVAL_MS = 5000, SWEEP_MS = 250 };

int cmd_serve(const struct cli *cli)
{
    const struct timespec pause = {.tv_nsec = SWEEP_MS * 1000000L};
    const char *listen = cli->listen == NULL ? "127.0.0.1:8080" : cli->listen;
    hg_settings *settings = NULL;
    struct serve *serve = NULL;
    hg_error err = {0};
    int status = 0;

    cli_catch_signals();
    if (!hg_settings_load(&cli->settings, &settings, &err)
        || !serve_start(settings, listen, INTERVAL_MS, &serve, &err)) {
        status = cli_fail(cli, &err);
    } else {
        cli_note(cli, "listening on port %d: /healthz /readiness /metrics", serve_port(serve));
        while (!cli_interrupted(NULL)) {
            serve_sweep(serve);
            nanosleep(&pause, NULL);
        }
        cli_note(cli, "ending");
    }
    serve_stop(serve);
    hg_settings_free(settings);
    return status;
}
