/*
 * terminal_pace.c - never more than one frame ahead of what the terminal has shown.
 *
 * Between us and a slow link lie buffers that take far more than a screen, so nothing stops a
 * program from writing what will be seen minutes later. Behind each frame the terminal is asked
 * whether it is well (DSR, ECMA-48 §8.3.35), which it answers in turn: until then nothing is drawn.
 *
 * Not every terminal answers. Whether this one does is asked before the first frame, whose bytes a
 * slow link may need long for; one that has answered is given the time that its frame may take.
 */
#include <string.h>

#include "base/clock.h"
#include "terminal_parts.h"

enum {
    ANSWER_MS = 2000,   /* for a question that waits for nothing; then nobody is asked any more */
    SLOWEST_PER_S = 250 /* bytes: on what is slower than that nobody looks at a screen */
};

static const char question[] = "\033[5n";

static int64_t now_ms(void)
{
    return clock_now_ns() / 1000000;
}

void terminal_pace_begin(struct terminal *t)
{
    t->pace = (struct pace){.asks = t->ansi, .owed = t->ansi};
    if (t->ansi)
        buf_text(&t->pending, question);
}

void terminal_pace_frame(struct terminal *t)
{
    struct pace *p = &t->pace;

    if (!p->asks || t->pending.size == 0)
        return;
    p->patience_ms = ANSWER_MS + (int)(t->pending.size * 1000 / SLOWEST_PER_S);
    buf_text(&t->pending, question);
    p->owed++;
    p->asked_ms = now_ms();
}

/* Also from one that was thought not to answer: it is asked again. */
void terminal_pace_heard(struct terminal *t)
{
    struct pace *p = &t->pace;

    p->answers = p->asks = true;
    p->owed -= p->owed > 0;
    if (p->owed == 0 && p->asked_ms != 0) {
        int took = (int)(now_ms() - p->asked_ms);

        p->link_ms = took > p->link_ms / 2 ? took : p->link_ms / 2;
    }
    if (p->owed == 0)
        p->asked_ms = 0;
}

static int64_t left_ms(const struct pace *p)
{
    return p->asked_ms + (p->answers ? p->patience_ms : ANSWER_MS) - now_ms();
}

bool terminal_ready(struct terminal *t)
{
    struct pace *p = &t->pace;

    if (p->asked_ms != 0 && left_ms(p) <= 0)
        *p = (struct pace){.answers = p->answers, .link_ms = p->link_ms};
    return p->asked_ms == 0 && t->pending.size == 0;
}

int terminal_link_ms(const struct terminal *t)
{
    return t->pace.link_ms;
}

int terminal_patience_ms(const struct terminal *t)
{
    int64_t left = left_ms(&t->pace);

    return t->pace.asked_ms == 0 ? -1 : left < 0 ? 0 : (int)left;
}
