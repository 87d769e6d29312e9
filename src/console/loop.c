/*
 * loop.c - waits for a key, a message of a job, a signal or a tick; nothing here waits for a
 * database.
 */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"

struct loop {
    struct stage stage;
    struct terminal *terminal;
    int signals;
    bool lost;
    int ended_by; /* signal, or 0 */
};

static const int handled[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};

static sigset_t handled_set(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
        sigaddset(&set, handled[i]);
    return set;
}

void loop_block_signals(sigset_t *out_before)
{
    sigset_t set = handled_set();

    pthread_sigmask(SIG_BLOCK, &set, out_before);
}

static void stop(struct loop *l)
{
    sigset_t stop;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    terminal_suspend(l->terminal);
    pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
    raise(SIGTSTP); /* stops here, until SIGCONT */
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    terminal_resume(l->terminal);
}

static void take_key(struct loop *l, uint32_t key)
{
    bool pointer = key == KEYS_CLICK || key == KEYS_WHEEL_UP || key == KEYS_WHEEL_DOWN;
    struct message message = {.kind = pointer ? MSG_POINTER : MSG_KEY, .key = key};

    if (pointer)
        terminal_pointer(l->terminal, &message.x, &message.y);
    stage_deliver(&l->stage, message);
}

static void take_keys(struct loop *l)
{
    uint32_t key;

    while (!l->stage.quit && terminal_key(l->terminal, &key))
        take_key(l, key);
}

static void resize(struct loop *l)
{
    int width, height;

    terminal_reset(l->terminal);
    terminal_size(l->terminal, &width, &height);
    stage_resize(&l->stage, width, height);
}

static void take_signals(struct loop *l)
{
    struct signalfd_siginfo info;

    while (read(l->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGWINCH:
            resize(l);
            break;
        case SIGINT:
            stage_deliver(&l->stage, (struct message){.kind = MSG_KEY, .key = KEYS_INTERRUPT});
            break;
        case SIGTSTP:
            stop(l);
            resize(l);
            break;
        case SIGCONT: /* perhaps stopped from outside, and the shell has changed the modes */
            terminal_resume(l->terminal);
            resize(l);
            break;
        default:
            l->ended_by = (int)info.ssi_signo;
            l->stage.quit = true;
        }
    }
}

/* Milliseconds that poll() may take. */
static int timeout(const struct loop *l)
{
    int wake = stage_timeout_ms(&l->stage), patience = terminal_patience_ms(l->terminal);

    return wake < 0 || (patience >= 0 && patience < wake) ? patience : wake;
}

static void draw(struct loop *l)
{
    bool there = terminal_flush(l->terminal);

    if (there && terminal_ready(l->terminal)) {
        l->stage.model.link_ms = terminal_link_ms(l->terminal);
        stage_draw(&l->stage);
        terminal_take_mouse(l->terminal, model_takes_mouse(&l->stage.model));
        terminal_draw(l->terminal, &l->stage.canvas, &l->stage.theme);
        there = terminal_flush(l->terminal);
    }
    if (!there)
        l->lost = l->stage.quit = true;
}

static void turn(struct loop *l)
{
    const struct job_source *source = l->stage.options.source;
    struct pollfd fds[] = {
        {.fd = terminal_fd(l->terminal), .events = POLLIN},
        {.fd = l->signals, .events = POLLIN},
        {.fd = source->fd(source->context), .events = POLLIN},
    };

    if (terminal_pending(l->terminal))
        fds[0].events |= POLLOUT;
    if (poll(fds, 3, timeout(l)) < 0 && errno != EINTR) {
        l->lost = l->stage.quit = true;
        return;
    }
    if (fds[1].revents != 0)
        take_signals(l);
    if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        l->lost = l->stage.quit = true;
    if (!l->stage.quit && (fds[0].revents & POLLIN) != 0)
        take_keys(l);
    if (!l->stage.quit && fds[2].revents != 0)
        stage_take_jobs(&l->stage);
    stage_deliver(&l->stage, (struct message){.kind = MSG_TICK});
    if (!l->stage.quit)
        draw(l);
}

static bool ended(const struct loop *l, hg_error *err)
{
    if (l->lost)
        return hg_fail(err, HG_CANCELLED, "the terminal is gone");
    if (l->ended_by != 0)
        return hg_fail(err, HG_CANCELLED, "ended by a signal (%s)", strsignal(l->ended_by));
    return true;
}

static void redraw(void *context)
{
    terminal_reset(((struct loop *)context)->terminal);
}

static void copy(void *context, const char *text)
{
    terminal_copy(((struct loop *)context)->terminal, text);
}

/* The whole job, as the terminal's driver would: we hear of it too. */
static void suspend(void *context)
{
    (void)context;
    kill(0, SIGTSTP);
}

static bool begin(struct loop *l, const struct stage_options *options, hg_error *err)
{
    static const struct outlet outlet = {redraw, copy, suspend};
    int width, height;

    l->stage.depth = terminal_depth(l->terminal);
    l->stage.outlet = &outlet;
    l->stage.outlet_context = l;
    terminal_size(l->terminal, &width, &height);
    if (!stage_open(&l->stage, options, width, height, err))
        return false;
    l->stage.model.facts.clipboard = terminal_has_clipboard(l->terminal);
    l->stage.model.facts.mouse = terminal_has_mouse(l->terminal);
    return true;
}

bool loop_run(const struct stage_options *options, enum color_use color, hg_error *err)
{
    struct loop *l = alloc_zero(1, sizeof *l);
    sigset_t set = handled_set(), before;
    bool ok = false;

    if (l == NULL)
        return hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    loop_block_signals(&before);
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->signals < 0) {
        hg_fail(err, HG_IO, "could not open the console: %s", strerror(errno));
        goto out;
    }
    if (!terminal_open(color, &l->terminal, err) || !begin(l, options, err))
        goto out;
    draw(l);
    while (!l->stage.quit)
        turn(l);
    ok = ended(l, err);
out:
    stage_close(&l->stage);
    terminal_close(l->terminal);
    if (l->signals >= 0)
        close(l->signals);
    alloc_free(l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}
