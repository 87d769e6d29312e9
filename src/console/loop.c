/*
 * loop.c - waits for a key, a message of a job, a signal or a tick; nothing here waits for a
 * database.
 */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "update.h"
#include "view.h"

struct loop {
    struct model model;
    struct canvas canvas;
    struct theme theme;
    char theme_file[4096]; /* the name it was asked for by */
    const char *const *theme_folders;
    const struct job_source *source;
    struct terminal *terminal;
    int signals;
    bool quit, lost;
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

static void deliver(struct loop *l, struct message message);

static void suspend(struct loop *l)
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

static bool load_theme(struct loop *l, const char *name, bool say)
{
    hg_error wrong = {.code = HG_OK};
    struct theme theme;
    char text[1024];
    bool ok = theme_load(name, l->theme_folders, &theme, &wrong);

    if (ok) {
        l->theme = theme;
        terminal_reset(l->terminal);
        snprintf(text, sizeof text, "theme %s%s", theme.name,
                 terminal_depth(l->terminal) == DEPTH_MONO ? " (without colour here)" : "");
        if (say)
            deliver(l, (struct message){.kind = MSG_NOTE, .role = ROLE_INFO, .text = text});
    } else {
        if (wrong.line > 0)
            hg_error_context(&wrong, "line %d", wrong.line);
        snprintf(text, sizeof text, "%s%s%s", wrong.message, wrong.hint[0] == '\0' ? "" : ": ",
                 wrong.hint);
        deliver(l, (struct message){.kind = MSG_NOTE, .role = ROLE_WARN, .text = text});
    }
    return ok;
}

/* The theme of that name, or the one after the present one. */
static void change_theme(struct loop *l, const char *asked)
{
    char name[sizeof l->theme_file];

    text_copy(name, sizeof name, asked);
    if (name[0] == '\0' && !theme_next(l->theme_file, l->theme_folders, name))
        return;
    if (load_theme(l, name, true))
        memcpy(l->theme_file, name, sizeof name);
}

static void carry_out(struct loop *l, const struct effect *effect)
{
    const struct job_source *s = l->source;
    uint64_t job;

    switch (effect->kind) {
    case EFFECT_START:
        job = s->start(s->context, &effect->request);
        deliver(l, (struct message){.kind = MSG_STARTED, .job = job, .request = effect->request});
        break;
    case EFFECT_CANCEL:
        s->cancel(s->context, effect->job);
        break;
    case EFFECT_DISCARD:
        s->discard(s->context, effect->result);
        break;
    case EFFECT_THEME:
        change_theme(l, effect->text);
        break;
    case EFFECT_COPY:
        terminal_copy(l->terminal, effect->text);
        break;
    case EFFECT_REDRAW:
        terminal_reset(l->terminal);
        break;
    case EFFECT_SUSPEND:
        kill(0, SIGTSTP); /* the whole job, as the terminal's driver would: we hear of it too */
        break;
    case EFFECT_QUIT:
        l->quit = true;
        break;
    }
}

/* One message through update, and what it asks for. What an effect reports comes back through here;
 * it asks for nothing itself but the next refresh, so this ends. */
static void deliver(struct loop *l, struct message message)
{
    struct effects effects;

    message.now_ms = clock_now_ns() / 1000000;
    message.wall_ms = clock_wall_ms();
    update(&l->model, &message, &effects);
    for (size_t i = 0; i < effects.count; i++)
        carry_out(l, &effects.items[i]);
}

static void take_keys(struct loop *l)
{
    uint32_t key;

    while (!l->quit && terminal_key(l->terminal, &key))
        deliver(l, (struct message){.kind = MSG_KEY, .key = key});
}

static void take_jobs(struct loop *l)
{
    struct job_message m;

    while (l->source->take(l->source->context, &m)) {
        if (m.result != NULL)
            deliver(l, (struct message){.kind = MSG_RESULT, .job = m.job, .result = m.result});
        else
            deliver(l, (struct message){.kind = MSG_PROGRESS, .job = m.job, .event = m.event});
    }
}

static void resize(struct loop *l)
{
    struct message message = {.kind = MSG_RESIZE};
    struct canvas canvas;

    terminal_reset(l->terminal);
    terminal_size(l->terminal, &message.width, &message.height);
    if (!canvas_init(&canvas, message.width, message.height, l->canvas.utf8))
        return; /* the old one goes on being drawn, cut */
    canvas_release(&l->canvas);
    l->canvas = canvas;
    deliver(l, message);
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
            deliver(l, (struct message){.kind = MSG_KEY, .key = KEYS_INTERRUPT});
            break;
        case SIGTSTP:
            suspend(l);
            resize(l);
            break;
        case SIGCONT: /* perhaps stopped from outside, and the shell has changed the modes */
            terminal_resume(l->terminal);
            resize(l);
            break;
        default:
            l->ended_by = (int)info.ssi_signo;
            l->quit = true;
        }
    }
}

/* Milliseconds until a tick is wanted, for poll(). */
static int timeout(const struct loop *l)
{
    int64_t wake = model_wake_ms(&l->model), now = clock_now_ns() / 1000000;
    int patience = terminal_patience_ms(l->terminal);

    if (wake == INT64_MAX)
        return patience;
    wake = wake <= now ? 0 : wake - now > INT_MAX ? INT_MAX : wake - now;
    return patience >= 0 && patience < wake ? patience : (int)wake;
}

static void draw(struct loop *l)
{
    bool there = terminal_flush(l->terminal);

    if (there && terminal_ready(l->terminal)) {
        view(&l->model, &l->canvas);
        terminal_draw(l->terminal, &l->canvas, &l->theme);
        there = terminal_flush(l->terminal);
    }
    if (!there)
        l->lost = l->quit = true;
}

static void turn(struct loop *l)
{
    struct pollfd fds[] = {
        {.fd = terminal_fd(l->terminal), .events = POLLIN},
        {.fd = l->signals, .events = POLLIN},
        {.fd = l->source->fd(l->source->context), .events = POLLIN},
    };

    if (terminal_pending(l->terminal))
        fds[0].events |= POLLOUT;
    if (poll(fds, 3, timeout(l)) < 0 && errno != EINTR) {
        l->lost = l->quit = true;
        return;
    }
    if (fds[1].revents != 0)
        take_signals(l);
    if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        l->lost = l->quit = true;
    if (!l->quit && (fds[0].revents & POLLIN) != 0)
        take_keys(l);
    if (!l->quit && fds[2].revents != 0)
        take_jobs(l);
    deliver(l, (struct message){.kind = MSG_TICK});
    if (!l->quit)
        draw(l);
}

/* What the model still borrows goes back. */
static void give_back(struct loop *l)
{
    struct model *m = &l->model;
    struct job_result *held[] = {m->pools,    m->status,        m->known, m->plan,       m->run,
                                 m->sessions, m->source.result, m->smoke, m->smoke_again};

    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        if (held[i] != NULL && (i != 2 || m->known != m->status))
            l->source->discard(l->source->context, held[i]);
}

static bool ended(const struct loop *l, hg_error *err)
{
    if (l->lost)
        return hg_fail(err, HG_CANCELLED, "the terminal is gone");
    if (l->ended_by != 0)
        return hg_fail(err, HG_CANCELLED, "ended by a signal (%s)", strsignal(l->ended_by));
    return true;
}

static bool begin(struct loop *l, const struct facts *facts, hg_error *err)
{
    int width, height;

    terminal_size(l->terminal, &width, &height);
    if (!canvas_init(&l->canvas, width, height, text_locale_utf8()))
        return hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    model_init(&l->model, facts, width, height, text_locale_utf8());
    l->model.facts.clipboard = terminal_has_clipboard(l->terminal);
    theme_plain(&l->theme);
    if (!load_theme(l, l->theme_file, false)
        && theme_load("dark", l->theme_folders, &l->theme, NULL))
        text_copy(l->theme_file, sizeof l->theme_file, "dark");
    return true;
}

bool loop_run(const struct facts *facts, const struct job_source *source, enum color_use color,
              const char *theme, const char *const *theme_folders, hg_error *err)
{
    struct loop *l = alloc_zero(1, sizeof *l);
    sigset_t set = handled_set(), before;
    bool ok = false;

    if (l == NULL)
        return hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    l->source = source;
    l->theme_folders = theme_folders;
    text_copy(l->theme_file, sizeof l->theme_file, theme);
    loop_block_signals(&before);
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->signals < 0) {
        hg_fail(err, HG_IO, "could not open the console: %s", strerror(errno));
        goto out;
    }
    if (!terminal_open(color, &l->terminal, err) || !begin(l, facts, err))
        goto out;
    deliver(l, (struct message){.kind = MSG_TICK});
    draw(l);
    while (!l->quit)
        turn(l);
    give_back(l);
    model_release(&l->model);
    ok = ended(l, err);
out:
    terminal_close(l->terminal);
    if (l->signals >= 0)
        close(l->signals);
    canvas_release(&l->canvas);
    alloc_free(l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}
