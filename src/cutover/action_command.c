/*
 * action_command.c - commands of a team's own, started without a shell.
 *
 * A command is an array of texts. It gets the environment of this process, what the step's
 * "environment" adds, and the names of run and step (HEADGATE_RUN, HEADGATE_STEP, and
 * HEADGATE_REHEARSAL=1 in a rehearsal); no secret is added. What it prints goes to
 * STEP.log in the run's folder. It may be run again after an interruption, unless a "probe" command
 * says, with exit status 0, that what it does is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "base/buf.h"
#include "world.h"

enum { ARGUMENTS_MAX = 64, LAST_WORDS = 200, LOG_LIMIT = 1 << 20, KILL_WAIT_MS = 3000 };

extern char **environ;

/* The arguments of a command, borrowed from the runbook; false: it is not one. */
static bool read_command(const struct step *step, const char *name, char *out[ARGUMENTS_MAX + 1],
                         hg_error *err)
{
    const json_t *list = json_object_get(step->arguments, name);
    size_t n = json_array_size(list);
    bool ok = n > 0 && n <= ARGUMENTS_MAX;

    for (size_t i = 0; ok && i < n; i++) {
        out[i] = (char *)json_string_value(json_array_get(list, i));
        ok = out[i] != NULL;
    }
    if (!ok)
        return hg_fail(err, HG_FILE, "\"%s\" has to be an array of 1 to %d texts", name,
                       ARGUMENTS_MAX);
    out[n] = NULL;
    return true;
}

/* This process's variables, and those of the run in front, which win. */
static char **make_environment(const struct world *w, const struct step *step, struct arena *arena)
{
    json_t *added = json_object_get(step->arguments, "environment"), *value;
    size_t room = json_object_size(added) + 5, n = 0;
    const char *key;
    char **out;

    for (char **e = environ; *e != NULL; e++)
        room++;
    out = arena_alloc(arena, room, sizeof *out);
    if (out == NULL)
        return NULL;
    out[n++] = (char *)arena_printf(arena, "HEADGATE_RUN=%s", journal_run_id(w->journal));
    out[n++] = (char *)arena_printf(arena, "HEADGATE_STEP=%s", step->id);
    if (w->rehearsal)
        out[n++] = (char *)arena_text(arena, "HEADGATE_REHEARSAL=1");
    json_object_foreach(added, key, value) if (json_is_string(value)) out[n++] =
        (char *)arena_printf(arena, "%s=%s", key, json_string_value(value));
    for (char **e = environ; *e != NULL; e++)
        out[n++] = *e;
    out[n] = NULL;
    return out;
}

static bool start(const struct world *w, const struct step *step, char *const argv[], int log,
                  pid_t *out_pid, hg_error *err)
{
    struct arena arena = ARENA_INIT;
    char **environment = make_environment(w, step, &arena);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    int failed = ENOMEM;

    if (environment != NULL) {
        sigemptyset(&none);
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &none);
        failed = posix_spawnp(out_pid, argv[0], &files, &attributes, argv, environment);
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    arena_release(&arena);
    return failed == 0
           || hg_fail(err, HG_FAILED, "could not start \"%s\": %s", argv[0], strerror(failed));
}

/* A command that has to end early is asked to, with all that it has started, and then made to. */
static bool await(const struct world *w, pid_t pid, int *out_status, hg_error *err)
{
    hg_deadline patience = hg_deadline_never();
    bool stopped = false;
    pid_t ended;

    while ((ended = waitpid(pid, out_status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (!stopped && !world_wait(w, hg_deadline_never(), err)) {
            stopped = true;
            patience = hg_deadline_in_ms(KILL_WAIT_MS);
            kill(-pid, SIGTERM);
        }
        if (stopped && hg_deadline_left_ms(patience) == 0)
            kill(-pid, SIGKILL);
    }
    return !stopped && (ended == pid || hg_fail(err, HG_FAILED, "lost sight of a command: %m"));
}

/* The end of what a command has printed, as one line. */
static void last_words(const char *path, char *out, size_t size)
{
    struct buf text = BUF_INIT(LOG_LIMIT);
    size_t from;

    out[0] = '\0';
    if (file_read(path, &text, NULL)) {
        while (text.size > 0 && strchr(" \r\n", text.bytes[text.size - 1]) != NULL)
            buf_truncate(&text, text.size - 1);
        for (from = text.size; from > 0 && text.bytes[from - 1] != '\n'; from--)
            ;
        text_visible_copy(out, size, text.bytes + from);
    }
    buf_release(&text);
}

static bool judge(const char *name, int status, const char *log, hg_error *err)
{
    char words[LAST_WORDS];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    last_words(log, words, sizeof words);
    if (WIFEXITED(status))
        hg_fail(err, HG_FAILED, "\"%s\" ended with status %d: %s", name, WEXITSTATUS(status),
                words);
    else
        hg_fail(err, HG_FAILED, "\"%s\" was ended by signal %d: %s", name, WTERMSIG(status), words);
    hg_error_hint(err, "What it printed stands in \"%.180s\".", log);
    return false;
}

bool command_run(void *world, const struct step *step, const char *name, hg_error *err)
{
    struct world *w = world;
    char *argv[ARGUMENTS_MAX + 1], path[WORLD_PATH], file[JOURNAL_STEP_MAX + 8];
    int log, status = 0;
    pid_t pid = 0;
    bool ok;

    if (json_object_get(step->arguments, name) == NULL)
        return true;
    snprintf(file, sizeof file, "%s.log", step->id);
    if (!read_command(step, name, argv, err) || !world_path(w, file, path, err))
        return false;
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log < 0)
        return hg_fail(err, HG_IO, "could not write \"%s\": %m", path);
    ok = start(w, step, argv, log, &pid, err) && await(w, pid, &status, err)
         && judge(argv[0], status, path, err);
    close(log);
    return ok;
}

/* What a team's command touches, nobody here knows. */
static bool is_passed_over(const struct world *w, const struct step *step)
{
    return w->rehearsal && !step->rehearse;
}

enum probe command_probe(void *world, const struct step *step, hg_error *err)
{
    if (is_passed_over(world, step))
        return PROBE_NOT_DONE;
    if (json_object_get(step->arguments, "probe") == NULL)
        return PROBE_NOT_DONE;
    return command_run(world, step, "probe", err) ? PROBE_DONE : PROBE_NOT_DONE;
}

bool command_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    if (is_passed_over(world, step)) {
        json_object_set_new(facts, "not_rehearsed",
                            json_string("nobody has said that its command is safe"));
        return true;
    }
    return command_run(world, step, "run", err);
}

bool command_undo(void *world, const struct step *step, hg_error *err)
{
    return is_passed_over(world, step) || command_run(world, step, "undo", err);
}
