/*
 * view_cutover.c - where a cutover stands: what it waits for, since when nobody can write, what
 * comes next, and what it costs to stop here; and what is missing where there is none.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"
#include "widget.h"

enum {
    LABEL = 13,
    LABEL_NARROW = 10,
    CALM_LABEL = 10,
    BAR_COLUMNS = 16,
    WIDE_FROM = 48,
    BAR_FROM = 72,
    SIGHT_FROM_ROWS = 10
};

/* clang-format off */
static const struct {
    const char *title;
    enum role role;
    const char *label, *says; /* of the run as a whole; NULL: see wait_line() */
} stands[STANDS] = {
    [STAND_NOTHING]   = {"CUTOVER",            ROLE_DIM,      NULL, NULL},
    [STAND_PLAN]      = {"PLAN",               ROLE_INFO,     NULL, NULL},
    [STAND_RUNS]      = {"AT WORK",            ROLE_STEP_RUN, NULL, NULL},
    [STAND_ASKS]      = {"ASKS",               ROLE_WARN,     NULL, NULL},
    [STAND_STALLED]   = {"FAILED",             ROLE_FAIL,     NULL, NULL},
    [STAND_PAUSED]    = {"PAUSED",             ROLE_WARN,     "waits",   "before this step; n goes on, B takes all of it back"},
    [STAND_POSTPONED] = {"POSTPONED",          ROLE_WARN,     "waits",   "before the freeze, until it is told otherwise: n lets it begin"},
    [STAND_LEFT]      = {"NOBODY WORKS ON IT", ROLE_FAIL,     NULL, NULL},
    [STAND_BACK]      = {"GOING BACK",         ROLE_WARN,     "back",    "step by step, the last one first"},
    [STAND_LEFT_BACK] = {"NOBODY WORKS ON IT", ROLE_FAIL,     "ended",   "half way back; n goes on with that"},
    [STAND_DONE]      = {"DONE",               ROLE_OK,       "outcome", "the application has moved: the target has the truth"},
    [STAND_ABORTED]   = {"TAKEN BACK",         ROLE_WARN,     "outcome", "the application is where it was, and can write"},
};
/* clang-format on */

static const hg_cutover_step *step_next(const hg_cutover *c)
{
    return c->at < c->step_count ? &c->steps[c->at] : NULL;
}

/* The step that is spoken of: the selected one, or that which comes next. */
static const hg_cutover_step *step_shown(const struct model *m, const hg_cutover *c)
{
    size_t row;

    return model_selected(m, PANE_STEPS, &row) && row < c->step_count ? &c->steps[row]
                                                                      : step_next(c);
}

static int label_width(const struct document *d)
{
    return d->width < WIDE_FROM ? LABEL_NARROW : LABEL;
}

static void put(struct document *d, const char *label, enum role role, const char *text)
{
    if (text[0] != '\0')
        document_item(d, label_width(d), ROLE_DIM, label, role, text);
}

/* --- what is waited for --- */

/* How the process came to its end: a step that has failed, a question that nobody was there for, or
 * none of its own accord. */
static void say_left(const hg_cutover *c, struct document *d)
{
    const hg_cutover_step *step = step_next(c);
    char line[700];

    if (step != NULL && strcmp(step->state, "failed") == 0) {
        snprintf(line, sizeof line, "%s has failed: %s", step->id, step->error);
        put(d, "ended", ROLE_FAIL, line);
        put(d, "", ROLE_TEXT, "Put that right; n goes on.");
    } else if (step != NULL && strcmp(step->state, "begun") == 0) {
        snprintf(line, sizeof line,
                 "its process was killed in %s. n goes on: it looks first at what has happened, "
                 "and guesses nothing.",
                 step->id);
        put(d, "ended", ROLE_FAIL, line);
    } else {
        put(d, "ended", ROLE_FAIL, "its process is gone, between two steps. n goes on with it.");
    }
}

static void wait_line(const struct model *m, const hg_cutover *c, struct document *d)
{
    enum stand stand = model_stand(m);
    const hg_cutover_step *step = step_next(c);
    char line[700];

    switch (stand) {
    case STAND_ASKS:
        snprintf(line, sizeof line, "%s: n answers", c->question);
        put(d, "asks", ROLE_WARN, line);
        break;
    case STAND_STALLED:
        put(d, "failed", ROLE_FAIL, step == NULL ? "" : step->error);
        put(d, "", ROLE_TEXT, "n tries it again, B takes all of it back.");
        break;
    case STAND_LEFT:
        say_left(c, d);
        break;
    default:
        if (stands[stand].says != NULL)
            put(d, stands[stand].label, stands[stand].role, stands[stand].says);
        break;
    }
}

/* --- since when nobody can write --- */

/* What the budget means now: it ends a freeze up to the commit, and after that it is only known. */
static void say_budget(const hg_cutover *c, bool wide, char *out, size_t size)
{
    char of[FORMAT_ROOM], last[FORMAT_ROOM];

    out[0] = '\0';
    if (c->budget_ms <= 0)
        return;
    format_took((double)c->budget_ms, of);
    if (c->gives_up_ms > 0)
        snprintf(out, size, wide ? " of %s; goes back by itself at %s" : " of %s, back at %s", of,
                 format_took((double)c->gives_up_ms, last));
    else
        snprintf(out, size, wide ? " of %s; it waits for you, however long" : " of %s", of);
}

static void frozen_line(const struct model *m, const hg_cutover *c, struct document *d)
{
    int64_t frozen = model_frozen_ms(m);
    bool wide = d->width >= WIDE_FROM, over = c->budget_ms > 0 && frozen > c->budget_ms;
    char line[256], blocks[BAR_COLUMNS * 4 + 1] = "", took[FORMAT_ROOM], budget[96];

    if (frozen < 0 || c->past_return)
        return;
    say_budget(c, wide, budget, sizeof budget);
    if (d->width >= BAR_FROM && c->budget_ms > 0)
        view_bar(m, frozen, c->budget_ms, BAR_COLUMNS, blocks, sizeof blocks);
    snprintf(line, sizeof line, "%s%s%s%s%s", blocks, blocks[0] == '\0' ? "" : "  ",
             format_took((double)(frozen / 1000 * 1000), took), budget, over ? " OVER" : "");
    document_item(d, label_width(d), ROLE_WARN, "FROZEN", over ? ROLE_FAIL : ROLE_WARN, line);
}

/* What the application can do now, as those who use it see it. */
static void sight_line(const struct model *m, const hg_cutover *c, struct document *d)
{
    put(d, "writes", ROLE_TEXT,
        c->past_return            ? "go to the target; the source stays frozen"
        : model_frozen_ms(m) >= 0 ? "fail on both sides; the application can read"
                                  : "go to the source, as ever");
}

/* --- what happens --- */

static void doing_line(const struct model *m, struct document *d)
{
    const struct wizard *w = &m->wizard;
    char line[400], blocks[BAR_COLUMNS * 4 + 1];
    int64_t share = w->total > 0 ? w->done * 100 / w->total : 0;

    if (model_stand(m) != STAND_RUNS && model_stand(m) != STAND_BACK)
        return;
    if (w->total > 0) {
        view_bar(m, w->done, w->total, BAR_COLUMNS, blocks, sizeof blocks);
        snprintf(line, sizeof line, "%s %3lld%%  %s%s%s", blocks, (long long)share, w->part,
                 w->part[0] == '\0' || w->doing[0] == '\0' ? "" : "  ", w->doing);
    } else {
        snprintf(line, sizeof line, "%s%s%s", w->part,
                 w->part[0] == '\0' || w->doing[0] == '\0' ? "" : "  ", w->doing);
    }
    put(d, "now", ROLE_STEP_RUN, line);
}

/* The one after that which is spoken of, as far as it is still to come. */
static void then_line(const hg_cutover *c, const hg_cutover_step *step, struct document *d)
{
    size_t next = (size_t)(step - c->steps) + 1;
    char line[400];

    if (next >= c->step_count || c->closed || c->aborting)
        return;
    snprintf(line, sizeof line, "%s %s%s", c->steps[next].id, c->steps[next].title,
             c->steps[next].asks ? ", which asks first" : "");
    put(d, "then", ROLE_DIM, line);
}

static void fill_step(const struct model *m, const hg_cutover *c, const hg_cutover_step *step,
                      struct document *d)
{
    bool next = step == step_next(c) && c->run[0] != '\0';
    bool spoken = next && (model_stand(m) == STAND_STALLED || model_stand(m) == STAND_LEFT);

    if (!spoken)
        put(d, c->run[0] == '\0' ? "does not" : "failed", ROLE_FAIL, step->error);
    put(d, "note", ROLE_WARN, step->note);
    if (d->width < WIDE_FROM && next && !c->aborting)
        put(d, "abort now", ROLE_TEXT, c->cost);
    put(d, "does", ROLE_TEXT, step->what);
    if (next)
        doing_line(m, d);
    if (next && c->paused && model_stand(m) == STAND_RUNS)
        put(d, "", ROLE_WARN, "A pause is ordered: it waits before the next step.");
    if (d->width >= WIDE_FROM && next && !c->aborting)
        put(d, "abort now", ROLE_TEXT, c->cost);
    put(d, "abort after", next ? ROLE_DIM : ROLE_TEXT, step->cost);
    then_line(c, step, d);
}

static void fill_sides(const hg_cutover *c, struct document *d)
{
    put(d, "from", ROLE_TEXT, c->source);
    put(d, "to", ROLE_TEXT, c->target);
}

/* Of a run that is over: how long it took, and where all of it is told. */
static void fill_end(const struct model *m, const hg_cutover *c, struct document *d)
{
    char line[600], took[FORMAT_ROOM];

    fill_sides(c, d);
    if (c->record_count > 0)
        put(d, "took", ROLE_TEXT,
            format_took((double)(c->records[c->record_count - 1].at_ms - c->opened_ms), took));
    snprintf(line, sizeof line, "%s/report.md, and .json", c->dir);
    put(d, "report", ROLE_TEXT, line);
    put(d, "head", ROLE_DIM, c->head);
    if (model_stand(m) == STAND_DONE && m->wizard.run->moves_ours)
        put(d, "", ROLE_WARN, "This console looks at the old file still: open it again.");
}

/* How long nobody could write the last time: from the freeze to the point of no return. */
static void fill_downtime(const hg_cutover *plan, struct document *d)
{
    char line[160], took[FORMAT_ROOM];
    const char *last = "";
    int64_t total_ms = 0;
    bool counts = false;

    for (size_t i = 0; i < plan->step_count && last[0] == '\0'; i++) {
        const hg_cutover_step *step = &plan->steps[i];

        counts = counts || strcmp(step->id, plan->freeze) == 0;
        total_ms += counts && step->expected_ms > 0 ? step->expected_ms : 0;
        if (strcmp(step->class_name, "no return") == 0)
            last = step->id;
    }
    if (!counts || total_ms == 0 || last[0] == '\0')
        return;
    snprintf(line, sizeof line, "for %s and your answers, from %s to %s, as the last time",
             format_took((double)total_ms, took), plan->freeze, last);
    put(d, "frozen", ROLE_TEXT, line);
}

static void fill_now(const struct model *m, const hg_cutover *c, bool tall, struct document *d)
{
    const hg_cutover_step *step = step_shown(m, c);

    if (m->ask != ASK_WIZARD || d->width >= WIDE_FROM) /* the question says it then */
        wait_line(m, c, d);
    frozen_line(m, c, d);
    if (c->closed && !m->lists[PANE_STEPS].touched) {
        fill_end(m, c, d);
        return;
    }
    if (tall && c->run[0] != '\0' && !c->closed)
        sight_line(m, c, d);
    if (step != NULL)
        fill_step(m, c, step, d);
    if (c->run[0] == '\0')
        fill_downtime(c, d);
    if (tall && !c->closed)
        fill_sides(c, d);
}

void view_cutover_now(const struct model *m, struct area a)
{
    struct area text = area_part(a, 2, 1, a.width - 3, a.height - 1);
    const hg_cutover *c = model_cutover(m);
    const hg_cutover_step *step = c == NULL ? NULL : step_shown(m, c);
    enum stand stand = model_stand(m);
    char subject[160] = "";
    struct rule rule = {.title = stands[stand].title,
                        .subject = subject,
                        .note = "",
                        .note_role = ROLE_DIM,
                        .production = m->facts.production};
    struct document d;

    document_init(&d, text.width);
    if (step != NULL && (!c->closed || m->lists[PANE_STEPS].touched)) {
        snprintf(subject, sizeof subject, "%s %s", step->id, step->title);
        rule.note = step->class_name;
        rule.note_role = strcmp(step->class_name, "no return") == 0 ? ROLE_WARN : ROLE_DIM;
    }
    if (c != NULL)
        fill_now(m, c, text.height >= SIGHT_FROM_ROWS, &d);
    widget_rule(a, 0, &rule);
    document_draw(&d, text, 0);
    document_release(&d);
}

/* --- where there is nothing to show --- */

static const char not_set[] = "HEADGATE_CUTOVER_URL is not set";

static void need(struct document *d, bool there, const char *what, const char *text)
{
    char line[400];

    snprintf(line, sizeof line, "%-8s  %s", what, text);
    document_item(d, CALM_LABEL, there ? ROLE_OK : ROLE_WARN, there ? "ok" : "missing",
                  there ? ROLE_TEXT : ROLE_WARN, line);
}

/* What stands in the way of a plan, or of reading a run that there is. */
static const struct job_result *trouble(const struct model *m)
{
    const struct wizard *w = &m->wizard;

    if (w->run != NULL && !w->run->ok && w->run->error.code != HG_FAILED)
        return w->run;
    return w->plan != NULL && !w->plan->ok ? w->plan : NULL;
}

static void fill_needs(const struct model *m, const struct job_result *wrong, struct document *d)
{
    bool no_target =
        wrong->error.code == HG_CONFIG && strstr(wrong->error.message, "URL is not set");
    bool sqlite = m->facts.driver == HG_SQLITE;
    char target[sizeof m->facts.database];

    need(d, sqlite, "source",
         sqlite ? view_target(m, target, sizeof target) : "this database is no SQLite file");
    need(d, !no_target, "target",
         no_target ? "HEADGATE_CUTOVER_URL is not set" : "HEADGATE_CUTOVER_URL");
    need(d, true, "runbook",
         m->wizard.runbook[0] == '\0' ? "env-file, the built-in one" : m->wizard.runbook);
    document_blank(d);
    if (no_target) {
        document_text(d, 0, ROLE_TEXT, "Put the target into .env, then press p:");
        document_text(d, 3, ROLE_VALUE, "HEADGATE_CUTOVER_URL=postgresql://USER@HOST/DATABASE");
        document_blank(d);
    }
}

static void fill_trouble(const struct model *m, const struct job_result *wrong, struct document *d)
{
    bool config = wrong->error.code == HG_CONFIG;

    if (config) {
        fill_needs(m, wrong, d);
    }
    if (!config
        || (m->facts.driver == HG_SQLITE && strstr(wrong->error.message, not_set) == NULL)) {
        document_item(d, CALM_LABEL, ROLE_DIM, "why", config ? ROLE_TEXT : ROLE_FAIL,
                      wrong->error.message);
        if (wrong->error.hint[0] != '\0')
            document_item(d, CALM_LABEL, ROLE_DIM, "hint", ROLE_TEXT, wrong->error.hint);
        document_blank(d);
    }
    document_item(d, CALM_LABEL, ROLE_DIM, "shell", ROLE_KEY,
                  wrong->request.kind == JOB_CUTOVER && !config ? "headgate cutover --status"
                                                                : "headgate cutover --plan");
}

void view_cutover_calm(const struct model *m, struct area a)
{
    struct area text = area_part(a, 2, 1, a.width - 4, a.height - 1);
    const struct job_result *wrong = trouble(m);
    char took[FORMAT_ROOM], note[48] = "";
    struct rule rule = {.title = "CUTOVER",
                        .subject = "",
                        .note = note,
                        .note_role = ROLE_DIM,
                        .focused = true,
                        .production = m->facts.production};
    struct document d;

    if (m->wizard.planning)
        snprintf(note, sizeof note, "trying the gates, %s",
                 format_took((double)((m->now_ms - m->wizard.plan_asked_ms) / 1000 * 1000), took));
    document_init(&d, text.width);
    document_text(&d, 0, ROLE_TEXT,
                  "Moves the application from its SQLite file to PostgreSQL, step by step, with a "
                  "journal and a way back until the one point of no return.");
    document_blank(&d);
    if (wrong != NULL && !m->wizard.planning)
        fill_trouble(m, wrong, &d);
    else if (m->wizard.run != NULL && !m->wizard.planning)
        document_text(&d, 0, ROLE_TEXT,
                      "p makes the plan: it reads all of the source, looks at the target, and "
                      "changes nothing.");
    widget_rule(a, 0, &rule);
    document_draw(&d, text, 0);
    document_release(&d);
}

/* --- the question --- */

/* clang-format off */
static const struct {
    const char *wide, *narrow;
} questions[WIZARD_ASKS] = {
    [WIZARD_BEGIN]    = {"",                                              "Begin?"},
    [WIZARD_RESUME]   = {"Go on with the run, with a new process?",       "Go on?"},
    [WIZARD_ANSWER]   = {"",                                              ""},
    [WIZARD_CONTINUE] = {"Try it again, or go on after the pause?",       "Go on?"},
    [WIZARD_UNPOSTPONE] = {"Let the freeze begin?",                       "Freeze?"},
    [WIZARD_ABORT]    = {"Take all of it back?",                          "Back?"},
    [WIZARD_REMARK]   = {"A remark for the journal, and Enter:",          "Remark:"},
};
/* clang-format on */

static bool is_small(const struct model *m)
{
    return m->width < 72 || m->height < 18;
}

/* On a large screen it stands where the journal does, whole. */
int view_wizard_rows(const struct model *m)
{
    return is_small(m) ? 3 : 4;
}

/* The target without scheme, password and parameters. */
static const char *short_target(const hg_cutover *c, char *out, size_t size)
{
    const char *start = strstr(c->target, "://");
    char *end;

    snprintf(out, size, "%s", start == NULL ? c->target : start + 3);
    if ((end = strchr(out, '?')) != NULL)
        *end = '\0';
    if ((end = strstr(out, ":***@")) != NULL)
        memmove(end, end + 4, strlen(end + 4) + 1);
    return out;
}

static void question_text(const struct model *m, char *out, size_t size)
{
    char target[160];
    const struct wizard *w = &m->wizard;
    const hg_cutover *c = model_cutover(m);
    const char *text = is_small(m) ? questions[w->ask].narrow : questions[w->ask].wide;

    if (w->ask == WIZARD_BEGIN && !is_small(m) && c != NULL)
        snprintf(out, size, "Begin the cutover to %s?%s%s%s",
                 short_target(c, target, sizeof target), w->answer[0] == '\0' ? "" : " Type ",
                 w->answer, w->answer[0] == '\0' ? "" : ":");
    else if (w->ask == WIZARD_ANSWER && (w->answer[0] == '\0' || !is_small(m)))
        snprintf(out, size, "%s:", c == NULL ? "" : c->question);
    else if (w->answer[0] != '\0')
        snprintf(out, size, "%s%sType %s:", text, text[0] == '\0' ? "" : " ", w->answer);
    else
        snprintf(out, size, "%s", text);
}

void view_wizard_question(const struct model *m, struct area a)
{
    const struct wizard *w = &m->wizard;
    char line[400];
    int y = 1, x = 2;

    question_text(m, line, sizeof line);
    area_put_cut(a, 2, y, a.width - 3,
                 w->ask == WIZARD_REMARK || w->ask == WIZARD_CONTINUE ? ROLE_DIALOG : ROLE_DANGER,
                 line);
    if (m->now_ms < m->change.ready_ms)
        return;
    if (m->ask == ASK_WIZARD_YES) {
        x += area_put(a, x, y + 1, ROLE_KEY, "y") + 1;
        x += area_put(a, x, y + 1, ROLE_TEXT, "yes") + 3;
        x += area_put(a, x, y + 1, ROLE_KEY, "Esc") + 1;
        area_put_cut(a, x, y + 1, a.width - x - 1, ROLE_TEXT, "leave everything as it is");
        return;
    }
    x += area_put(a, x, y + 1, ROLE_KEY, "> ");
    x += area_put(a, x, y + 1, ROLE_INPUT, w->typed);
    area_cursor(a, x, y + 1, true);
    area_put_cut(a, x + 2, y + 1, a.width - x - 3, ROLE_WARN, w->wrong ? "that is not it" : "");
}

/* --- on every screen --- */

void view_cutover_running(const struct model *m, char *out, size_t size)
{
    const hg_cutover *c = model_cutover_open(m);
    const char *id = c == NULL || c->at >= c->step_count ? "" : c->steps[c->at].id;
    const char *stand = "";
    char frozen[FORMAT_ROOM];

    out[0] = '\0';
    if (c == NULL)
        return;
    switch (model_stand(m)) {
    case STAND_ASKS:
        stand = " asks";
        break;
    case STAND_STALLED:
        stand = " FAILED";
        break;
    case STAND_PAUSED:
    case STAND_POSTPONED:
        stand = " waits";
        break;
    case STAND_LEFT:
    case STAND_LEFT_BACK:
        stand = " LEFT ALONE";
        break;
    case STAND_BACK:
        stand = " going back";
        break;
    default:
        break;
    }
    if (model_frozen_ms(m) >= 0 && !c->past_return)
        snprintf(out, size, "cutover %s%s, FROZEN %s", id, stand,
                 format_took((double)(model_frozen_ms(m) / 1000 * 1000), frozen));
    else
        snprintf(out, size, "cutover %s%s%s", id, stand, c->past_return ? ", past return" : "");
}
