/*
 * cutover_watch.c - the terminal's side of a cutover: what the worker tells is printed, what the
 * run asks is read from standard input, a line an answer.
 *
 * A worker tells a newcomer everything again from its beginning. A question of the past must not be
 * put to anybody: only what was told last counts, after a moment of silence, and only when the
 * journal says so too.
 */
#include "cutover_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cutover_text.h"
#include "detach.h"
#include "ops/said_cutover.h"

enum { LINE_ROOM = 512, OUT_LIMIT = 64 << 20, SHOW_EVERY_MS = 10000 };

/* What the worker waits for. */
enum waits { WAITS_FOR_NOTHING, WAITS_FOR_ANSWER, WAITS_FOR_ORDER };

struct viewer {
    const struct cutover_watch *watch;
    hg_cutover *run; /* as it was last read; NULL: it could not be */
    enum waits waits;
    char step[32];  /* whose question */
    bool heard;     /* something, since it was last silent */
    bool asked;     /* the question is on the screen */
    bool no_more;   /* standard input has ended */
    bool line_open; /* a line of progress has not ended */
    int64_t shown_ns;
    char line[LINE_ROOM]; /* what has been typed so far */
    size_t typed;
    int status;
};

/* --- what is printed --- */

static bool on_terminal(void)
{
    return isatty(STDERR_FILENO);
}

static void end_line(struct viewer *v)
{
    if (v->line_open)
        fputs("\r\033[K", stderr);
    v->line_open = false;
}

static void put_error_output(const struct buf *out)
{
    fwrite(out->bytes, 1, out->size, stderr);
}

static bool refresh(struct viewer *v)
{
    hg_cutover *run = NULL;

    if (!hg_cutover_read(v->watch->options, &run, NULL))
        return false;
    hg_cutover_free(v->run);
    v->run = run;
    return true;
}

static const hg_cutover_step *step_of(const struct viewer *v, const char *id)
{
    for (size_t i = 0; v->run != NULL && i < v->run->step_count; i++)
        if (strcmp(v->run->steps[i].id, id) == 0)
            return &v->run->steps[i];
    return NULL;
}

static void show_done(struct viewer *v, const hg_event *event)
{
    const hg_cutover_step *step = refresh(v) ? step_of(v, event->subject) : NULL;
    char took[32] = "";

    if (step != NULL && step->ended_ms > 0)
        cli_duration((double)(step->ended_ms - step->began_ms), took, sizeof took);
    cli_note(v->watch->cli, "%s  %s  %s", event->subject, event->message, took);
}

/* On a terminal one line that changes, elsewhere a line now and then. */
static void show_progress(struct viewer *v, const hg_event *event)
{
    char what[160], share[32] = "";

    if (v->watch->cli->verbosity < 0 || event->total <= 0 || strcmp(event->unit, "statement") == 0
        || (!on_terminal() && clock_since_ms(v->shown_ns) < SHOW_EVERY_MS))
        return;
    text_visible_copy(what, sizeof what,
                      event->message[0] != '\0' ? event->message : event->subject);
    snprintf(share, sizeof share, "%.0f %%", 100.0 * (double)event->done / (double)event->total);
    fprintf(stderr, on_terminal() ? "\r     %s, %s\033[K" : "     %s, %s\n", what, share);
    v->line_open = on_terminal();
    v->shown_ns = clock_now_ns();
}

/* What went well with a check is worth no line. */
static bool is_quiet(const struct viewer *v, const hg_event *event)
{
    return v->watch->cli->verbosity < 1
           && (strcmp(event->message, "pass") == 0 || strcmp(event->message, "skip") == 0);
}

/* Of what a step consists of: tables, migrations, checks. */
static void show_part(struct viewer *v, const hg_event *event)
{
    switch (event->kind) {
    case HG_EVENT_STEP_PROGRESS:
        show_progress(v, event);
        break;
    case HG_EVENT_STEP_DONE:
        end_line(v);
        if (!is_quiet(v, event))
            cli_note(v->watch->cli, "     %s %s", event->message, event->subject);
        break;
    case HG_EVENT_WAITING:
    case HG_EVENT_NOTE:
        end_line(v);
        cli_note(v->watch->cli, "     %s", event->message);
        break;
    case HG_EVENT_STEP_STARTED:
    case HG_EVENT_STEP_FAILED:
        break;
    }
}

static void show_step(struct viewer *v, const hg_event *event)
{
    end_line(v);
    switch (event->kind) {
    case HG_EVENT_STEP_STARTED:
        cli_note(v->watch->cli, "%s  %s", event->subject, event->message);
        break;
    case HG_EVENT_STEP_DONE:
        show_done(v, event);
        break;
    case HG_EVENT_STEP_FAILED:
        cli_note(v->watch->cli, "%s  FAILED: %s", event->subject, event->message);
        break;
    case HG_EVENT_NOTE:
        cli_note(v->watch->cli, "%s  %s", event->subject, event->message);
        break;
    case HG_EVENT_WAITING:
    case HG_EVENT_STEP_PROGRESS:
        break;
    }
}

/* Of the run itself, not of what one of its steps does. */
static bool is_of_run(const struct viewer *v, const hg_event *event)
{
    return strcmp(event->unit, "step") == 0
           && (event->subject[0] == '\0' || step_of(v, event->subject) != NULL);
}

/* What is told beneath a question does not end it: it is put again. */
static void leave_question(struct viewer *v)
{
    if (v->asked)
        fputc('\n', stderr);
    v->asked = false;
}

static void on_event(void *context, const hg_event *event)
{
    struct viewer *v = context;

    v->heard = true;
    if (!is_of_run(v, event)) {
        leave_question(v);
        show_part(v, event);
        return;
    }
    v->asked = false;
    v->waits = event->kind != HG_EVENT_WAITING ? WAITS_FOR_NOTHING
               : event->subject[0] == '\0'     ? WAITS_FOR_ORDER
                                               : WAITS_FOR_ANSWER;
    text_copy(v->step, sizeof v->step, event->subject);
    if (v->waits == WAITS_FOR_NOTHING)
        show_step(v, event);
    else if (v->waits == WAITS_FOR_ORDER || !v->watch->answers)
        show_part(v, event);
}

/* --- what is typed --- */

/* A line without its end, once there is one whole; what comes behind it waits for its turn. */
static bool read_line(struct viewer *v)
{
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    char c;

    while (poll(&ready, 1, 0) > 0) {
        ssize_t n = read(STDIN_FILENO, &c, 1);

        if (n < 0 && errno == EINTR)
            return false;
        v->no_more = n <= 0;
        if (n <= 0 || c == '\n')
            return n > 0;
        if (v->typed < sizeof v->line - 1)
            v->line[v->typed++] = c;
    }
    return false;
}

static void say(struct viewer *v, hg_cutover_order order, const char *text)
{
    hg_error err = {0};

    if (!hg_cutover_say(v->watch->options, order, text, &err))
        cli_show_error(&err);
    else
        v->waits = WAITS_FOR_NOTHING; /* until the worker says more */
}

static bool is_postponed(const struct viewer *v)
{
    return v->run != NULL && v->run->postponed && !v->run->paused && v->run->frozen_ms < 0;
}

static const char *order_to_go_on(const struct viewer *v)
{
    return is_postponed(v) ? "unpostpone" : "continue";
}

/* After a failure or in a pause it is not an answer that is wanted, but to go on or back. */
static void take_order(struct viewer *v, const char *line)
{
    char back[sizeof v->line];

    snprintf(back, sizeof back, "abort %s", v->watch->run);
    if (strcmp(line, order_to_go_on(v)) == 0)
        say(v, is_postponed(v) ? HG_CUTOVER_UNPOSTPONE : HG_CUTOVER_CONTINUE, "");
    else if (strcmp(line, back) == 0)
        say(v, HG_CUTOVER_ABORT, v->watch->run);
}

static void take_line(struct viewer *v)
{
    char line[sizeof v->line];

    memcpy(line, v->line, v->typed);
    line[v->typed] = '\0';
    v->typed = 0;
    v->asked = false;
    if (!isatty(STDIN_FILENO)) /* nobody has pressed a key that ended the line */
        fputc('\n', stderr);
    if (line[0] == '\0')
        return;
    if (v->waits == WAITS_FOR_ORDER)
        take_order(v, line);
    else
        say(v, HG_CUTOVER_ANSWER, line);
}

/* What was typed before the question was there does not answer it. */
static void forget_typed(struct viewer *v)
{
    v->typed = 0;
    if (isatty(STDIN_FILENO))
        tcflush(STDIN_FILENO, TCIFLUSH);
}

static void put_question(struct viewer *v)
{
    struct buf out = BUF_INIT(OUT_LIMIT);

    if (v->waits == WAITS_FOR_ORDER) {
        buf_printf(&out, "Type %s, or abort ", order_to_go_on(v));
        text_show(&out, v->watch->run);
        buf_text(&out, ": ");
    } else {
        cutover_put_question(&out, v->run);
        said_cutover_now(&out, v->run);
        text_show(&out, v->run->question);
        buf_text(&out, ": ");
    }
    put_error_output(&out);
    buf_release(&out);
}

/* Whether the journal, too, has it that somebody has to type something now. */
static bool is_asked(struct viewer *v)
{
    if (v->waits == WAITS_FOR_NOTHING || !refresh(v) || v->run->closed || !v->run->working)
        return false;
    return v->waits == WAITS_FOR_ORDER
           || (v->run->question[0] != '\0' && v->run->at < v->run->step_count
               && strcmp(v->run->steps[v->run->at].id, v->step) == 0);
}

static void attend(struct viewer *v)
{
    if (!v->asked && is_asked(v)) {
        forget_typed(v);
        end_line(v);
        put_question(v);
        v->asked = true;
    }
    if (v->asked && read_line(v))
        take_line(v);
}

/* --- the worker --- */

/* Asked often, and so also the moment in which questions are seen to. */
static bool leave(void *context)
{
    struct viewer *v = context;

    if (cli_interrupted(NULL))
        return true;
    if (v->watch->answers && !v->heard)
        attend(v);
    v->heard = false;
    return v->asked && v->no_more;
}

static void on_outcome(void *context, const struct worker_outcome *outcome)
{
    struct viewer *v = context;

    end_line(v);
    v->status = outcome->exit_status;
    if (v->watch->abort_is_success && refresh(v) && strcmp(v->run->outcome, "aborted") == 0)
        v->status = 0;
    fputs(v->watch->cli->json ? outcome->document : outcome->out, stdout);
    if (!v->watch->cli->json && v->status != 0)
        fputs(outcome->errors, stderr);
}

int cutover_watch(const struct cutover_watch *watch)
{
    struct viewer v = {.watch = watch, .shown_ns = clock_now_ns()};
    const struct worker_watcher watcher = {
        .on_event = on_event, .on_outcome = on_outcome, .leave = leave, .context = &v};
    char what[sizeof "the cutover " + HG_CUTOVER_RUN_SIZE];
    const struct detached about = {
        .what = what,
        .shown_by = "headgate cutover --attach",
        .when_dead = "Go on with `headgate cutover --resume`, or back with --abort.",
    };
    enum worker_end end;
    hg_error err = {0};

    cli_catch_signals();
    (void)refresh(&v);
    snprintf(what, sizeof what, "the cutover %s", watch->run);
    end = worker_watch(hg_settings_runtime_dir(watch->options->source), watch->worker, &watcher,
                       &err);
    end_line(&v);
    if (v.asked && end != WORKER_ENDED)
        fputc('\n', stderr);
    v.status = detach_end(watch->cli, &about, end, v.status, &err);
    hg_cutover_free(v.run);
    return v.status;
}
