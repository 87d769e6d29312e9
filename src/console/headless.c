/*
 * headless.c - the loop of a console whose keys are a script's.
 */
#include "headless.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

enum { SCREEN_BYTES_MAX = 16 << 20 };

struct headless {
    struct stage stage;
    const struct headless_options *options;
    int signals;
    int ended_by; /* signal, or 0 */
};

static int64_t now_ms(void)
{
    return clock_now_ns() / 1000000;
}

static void redraw(void *context)
{
    (void)context; /* every screen is made whole */
}

static void copy(void *context, const char *text)
{
    (void)context;
    (void)text; /* there is no clipboard, and the console has been told so */
}

static void suspend(void *context)
{
    struct headless *h = context;

    stage_deliver(&h->stage, (struct message){.kind = MSG_NOTE,
                                              .role = ROLE_INFO,
                                              .text = "there is no shell to go back to"});
}

/* Waits for a job, a signal or a tick, at most until then, and takes what has come. */
static void turn(struct headless *h, int64_t until_ms)
{
    const struct job_source *source = h->stage.options.source;
    struct pollfd fds[] = {
        {.fd = h->signals, .events = POLLIN},
        {.fd = source->fd(source->context), .events = POLLIN},
    };
    int64_t left = until_ms - now_ms();
    int wake = stage_timeout_ms(&h->stage);
    struct signalfd_siginfo info;

    if (left > 0)
        poll(fds, 2, wake < 0 || left < wake ? (int)left : wake);
    if (read(h->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        h->ended_by = (int)info.ssi_signo;
        h->stage.quit = true;
    }
    stage_take_jobs(&h->stage);
    stage_deliver(&h->stage, (struct message){.kind = MSG_TICK});
    stage_draw(&h->stage);
}

static bool shows(struct headless *h, const char *text)
{
    struct buf screen = BUF_INIT(SCREEN_BYTES_MAX);
    bool found;

    canvas_print(&h->stage.canvas, false, &screen);
    found = strstr(screen.bytes, text) != NULL;
    buf_release(&screen);
    return found;
}

static void print(struct headless *h, FILE *to, const char *title)
{
    struct buf out = BUF_INIT(SCREEN_BYTES_MAX);

    if (title[0] != '\0') {
        text_visible(&out, title, strlen(title));
        buf_char(&out, '\n');
    }
    canvas_print(&h->stage.canvas, false, &out);
    fwrite(out.bytes, 1, out.size, to);
    fflush(to);
    buf_release(&out);
}

static bool fail_at(struct headless *h, const struct playscript_step *step, const char *what,
                    hg_error *err)
{
    hg_fail(err, HG_FAILED, "%s", what);
    hg_error_place(err, h->options->origin, step->line, 0);
    print(h, h->options->complaints, "");
    return false;
}

static bool wait_for_text(struct headless *h, const struct playscript_step *step, hg_error *err)
{
    int64_t end = now_ms() + (int64_t)(step->seconds * 1000);
    bool wanted = step->verb == SCRIPT_UNTIL;
    char what[sizeof step->text + 64];

    /* what the last key led to counts, also when news come right behind it */
    while (shows(h, step->text) != wanted) {
        if (h->stage.quit || now_ms() >= end) {
            snprintf(what, sizeof what, "the screen %s \"%s\" within %g s",
                     wanted ? "did not show" : "still showed", step->text, step->seconds);
            return h->ended_by != 0 || fail_at(h, step, what, err);
        }
        turn(h, end);
    }
    return true;
}

/* A person's key may have been meant for what stood there before a question opened, and is dropped
 * then; a script's never is: its keys come one behind the other. */
static void press(struct headless *h, uint32_t key)
{
    turn(h, 0);
    h->stage.model.change.ready_ms = now_ms();
    if (!h->stage.quit)
        stage_deliver(&h->stage, (struct message){.kind = MSG_KEY, .key = key});
    stage_draw(&h->stage);
}

static void paste(struct headless *h, const char *text)
{
    uint32_t code = 0;

    press(h, KEYS_PASTE);
    for (size_t n; *text != '\0'; text += n) {
        n = text_decode(text, strlen(text), &code);
        press(h, code);
    }
    press(h, KEYS_PASTE_END);
}

static void pause_for(struct headless *h, double seconds)
{
    int64_t end = now_ms() + (int64_t)(seconds * 1000);

    while (!h->stage.quit && now_ms() < end)
        turn(h, end);
}

static bool do_step(struct headless *h, const struct playscript_step *step, hg_error *err)
{
    switch (step->verb) {
    case SCRIPT_KEY:
        press(h, step->key);
        break;
    case SCRIPT_PASTE:
        paste(h, step->text);
        break;
    case SCRIPT_UNTIL:
    case SCRIPT_GONE:
        return wait_for_text(h, step, err);
    case SCRIPT_PRINT:
        turn(h, 0);
        print(h, h->options->screens, step->text);
        break;
    case SCRIPT_SIZE:
        stage_resize(&h->stage, step->width, step->height);
        stage_draw(&h->stage);
        break;
    case SCRIPT_PAUSE:
        pause_for(h, step->seconds);
        break;
    }
    return true;
}

static bool play(struct headless *h, hg_error *err)
{
    const struct playscript *script = h->options->script;
    size_t i;

    stage_draw(&h->stage);
    for (i = 0; i < script->count && !h->stage.quit; i++)
        if (!do_step(h, &script->steps[i], err))
            return false;
    if (h->ended_by != 0)
        return hg_fail(err, HG_CANCELLED, "ended by a signal (%s)", strsignal(h->ended_by));
    if (h->stage.quit && i < script->count)
        return fail_at(h, &script->steps[i], "the console was quit before this step", err);
    if (model_busy(&h->stage.model)) {
        hg_fail(err, HG_FAILED, "the script ended while a change was running: it %s",
                model_refusal(&h->stage.model, COMMAND_DETACH) == NULL ? "goes on by itself"
                                                                       : "was stopped");
        hg_error_hint(err, "Wait for its end: until \"DONE\" within 60");
        return false;
    }
    return true;
}

static int open_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaddset(&set, ends[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool headless_run(const struct stage_options *stage, const struct headless_options *options,
                  hg_error *err)
{
    static const struct outlet outlet = {redraw, copy, suspend};
    struct headless h = {.options = options};
    bool ok;

    h.stage.depth = options->color ? DEPTH_256 : DEPTH_MONO;
    h.stage.outlet = &outlet;
    h.stage.outlet_context = &h;
    h.signals = open_signals();
    if (h.signals < 0)
        return hg_fail(err, HG_IO, "could not play the script: %s", strerror(errno));
    ok = stage_open(&h.stage, stage, options->width, options->height, err) && play(&h, err);
    stage_close(&h.stage);
    close(h.signals);
    return ok;
}
