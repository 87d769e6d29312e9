/*
 * view_question.c - the questions below a plan or over a screen, and what can be answered.
 */
#include <stdio.h>

#include "view.h"
#include "widget.h"

static bool plan_question(const struct model *m)
{
    return model_page(m) == PAGE_PLAN && m->plan != NULL && m->change.asking;
}

int view_question_rows(const struct model *m)
{
    if (m->ask == ASK_WIZARD || m->ask == ASK_WIZARD_YES)
        return view_wizard_rows(m);
    return m->ask != ASK_NOTHING || plan_question(m) ? 3 : 0;
}

static void ask_to_arm(const struct model *m, struct area a)
{
    char line[320];

    snprintf(line, sizeof line, "Allow changes of PRODUCTION, %s, for ten minutes?",
             m->facts.database_name);
    area_put_cut(a, 2, 1, a.width - 3, ROLE_DANGER, line);
    area_put_cut(a, 2, 2, a.width - 3, ROLE_TEXT, "Each change still shows its plan and asks.");
}

/* What only looks is no process of its own, and a copy not everywhere. */
static const char *what_becomes_of_copy(const struct model *m, bool narrow)
{
    if (m->transfer.mode != HG_COPY_RUN)
        return narrow ? "It changes nothing; it would begin anew."
                      : "It cannot be detached. Cancelled, nothing is lost; it would begin anew.";
    if (model_refusal(m, COMMAND_DETACH) == NULL)
        return narrow ? "Cancelled, the next goes on from there."
                      : "Detached it goes on by itself. Cancelled, the next goes on from there.";
    return narrow ? "Cancelled, the next goes on from there."
                  : "It cannot be detached. Cancelled, the next copy goes on from there.";
}

static const char *what_becomes(const struct model *m, bool narrow)
{
    if (!m->change.running)
        return what_becomes_of_copy(m, narrow);
    if (narrow)
        return "Cancelled, what is open is undone.";
    if (model_refusal(m, COMMAND_DETACH) == NULL)
        return "Detached it goes on by itself. Cancelled, the open migration is rolled back.";
    return "Cancelled, the open migration is rolled back; those that are done stay.";
}

static void ask_to_stop(const struct model *m, struct area a)
{
    if (m->ask == ASK_QUIT && m->change.quit_after) {
        area_put_cut(a, 2, 1, a.width - 3, ROLE_WARN,
                     "It does not stop: the database does not answer. Quit without it?");
        area_put_cut(a, 2, 2, a.width - 3, ROLE_TEXT,
                     "The database rolls back what is open when it notices.");
        return;
    }
    area_put_cut(a, 2, 1, a.width - 3, ROLE_WARN,
                 m->ask == ASK_QUIT ? "Quit: what becomes of the run?"
                                    : "What becomes of the run?");
    area_put_cut(a, 2, 2, a.width - 3, ROLE_TEXT, what_becomes(m, a.width < 72));
}

static void ask_for_yes(const struct model *m, struct area a)
{
    char line[256], target[sizeof m->facts.database];
    int x = 2;

    snprintf(line, sizeof line, "%s %s (%s)?",
             m->change.kind == HG_MIGRATE_UP ? "Apply this to"
             : m->change.kind == HG_MIGRATE_DOWN
                 ? "Roll this back on"
                 : "Reset: all of this, with every row in these tables, on",
             view_target(m, target, sizeof target), m->facts.env);
    area_put_cut(a, x, 1, a.width - 3, ROLE_DIALOG, line);
    x += area_put(a, x, 2, ROLE_KEY, "y") + 1;
    x += area_put(a, x, 2, ROLE_TEXT, view_change_words(m->change.kind)->verb) + 3;
    x += area_put(a, x, 2, ROLE_KEY, "Esc") + 1;
    area_put_cut(a, x, 2, a.width - x - 1, ROLE_TEXT, "leave everything as it is");
}

/* The line that is typed at. Until the dead time is over there is no prompt. */
static void prompt(const struct model *m, struct area a, const char *typed, const char *wrong)
{
    int x = 2;

    if (m->now_ms < m->change.ready_ms)
        return;
    x += area_put(a, x, 2, ROLE_KEY, "> ");
    x += area_put(a, x, 2, ROLE_INPUT, typed);
    area_cursor(a, x, 2, true);
    area_put_cut(a, x + 2, 2, a.width - x - 3, ROLE_WARN, wrong);
}

/* Production: the name has to be typed. */
static void ask_for_name(const struct model *m, struct area a)
{
    const struct change *c = &m->change;
    char line[320];

    snprintf(line, sizeof line,
             a.width < 72 ? "PRODUCTION: type %s, Enter, to %s"
                          : "This is PRODUCTION. To %2$s, type the database's name, %1$s:",
             m->facts.database_name, view_change_words(c->kind)->verb);
    area_put_cut(a, 2, 1, a.width - 3, ROLE_DANGER, line);
    prompt(m, a, c->typed, c->wrong ? "that is not its name" : "");
}

static void ask_to_end(const struct model *m, struct area a)
{
    const struct victim *v = &m->victim;
    char line[480];

    if (a.width < 72)
        snprintf(line, sizeof line, "%s %lld: type %s", v->terminate ? "End" : "Cancel",
                 (long long)v->pid, v->answer);
    else
        snprintf(line, sizeof line, "%s %s? Type %s and Enter:",
                 v->terminate ? "End session" : "Cancel what is run by", v->who, v->answer);
    area_put_cut(a, 2, 1, a.width - 3, ROLE_DANGER, line);
    prompt(m, a, v->typed, v->wrong ? "that is not it" : "");
}

static void ask_to_transfer(const struct model *m, struct area a)
{
    char line[320];

    snprintf(line, sizeof line,
             a.width < 72 ? "Copy all data: type %s"
                          : "Copy all data into %s? Type its name and Enter:",
             m->facts.copy_name);
    area_put_cut(a, 2, 1, a.width - 3, ROLE_DANGER, line);
    prompt(m, a, m->victim.typed, m->victim.wrong ? "that is not its name" : "");
}

void view_question(const struct model *m, struct area a)
{
    static const struct {
        const char *title;
        void (*draw)(const struct model *m, struct area a);
    } asks[] = {
        [ASK_STOP] = {"THE RUN", ask_to_stop},
        [ASK_QUIT] = {"THE RUN", ask_to_stop},
        [ASK_ARM] = {"ARM", ask_to_arm},
        [ASK_END] = {"END", ask_to_end},
        [ASK_TRANSFER] = {"COPY", ask_to_transfer},
        [ASK_WIZARD] = {"CUTOVER", view_wizard_question},
        [ASK_WIZARD_YES] = {"CUTOVER", view_wizard_question},
    };
    struct rule rule = {.title = m->ask == ASK_NOTHING ? "QUESTION" : asks[m->ask].title,
                        .subject = "",
                        .note = "",
                        .focused = true,
                        .production = m->facts.production};

    widget_rule(a, 0, &rule);
    if (m->ask != ASK_NOTHING)
        asks[m->ask].draw(m, a);
    else if (m->change.consent == CONSENT_TYPED)
        ask_for_name(m, a);
    else
        ask_for_yes(m, a);
}
