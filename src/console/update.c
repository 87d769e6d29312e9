/*
 * update.c - keys, ticks and sizes.
 */
#include "update.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/secret.h"
#include "list.h"
#include "palette.h"
#include "view.h"

enum { COPY_BYTES_MAX = 64 * 1024 };

void effect_add(struct effects *effects, struct effect effect)
{
    assert(effects->count < EFFECTS_MAX);
    effects->items[effects->count++] = effect;
}

void note_add(struct model *m, enum role role, const char *format, ...)
{
    struct note *note = &m->notes[m->note_count++ % NOTES];
    va_list args;

    note->wall_ms = m->wall_ms;
    note->role = role;
    va_start(args, format);
    vsnprintf(note->text, sizeof note->text, format, args);
    va_end(args);
    list_refresh(m, PANE_LOG);
}

void page_open(struct model *m, enum page page)
{
    size_t *depth = &m->page_depth[m->screen];

    if (model_page(m) == page)
        return;
    assert(*depth + 1 < PAGES_DEEP);
    m->pages[m->screen][++*depth] = (struct page_entry){.page = page};
}

void page_close(struct model *m, enum page page)
{
    for (int screen = 0; screen < SCREEN_COUNT; screen++)
        for (size_t i = 1; i <= m->page_depth[screen]; i++)
            if (m->pages[screen][i].page == page)
                m->page_depth[screen] = i - 1;
}

void page_rewind(struct model *m, enum page page)
{
    for (int screen = 0; screen < SCREEN_COUNT; screen++)
        for (size_t i = 1; i <= m->page_depth[screen]; i++)
            if (m->pages[screen][i].page == page)
                m->pages[screen][i] = (struct page_entry){.page = page};
}

static void move(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    move_by(m, command);
}

static void focus(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    move_to_pane(m, command == COMMAND_NEXT_PANE ? 1 : -1);
}

static void zoom(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    zoom_pane(m, !m->zoomed[m->screen]);
}

/* To another screen; what is only read is closed on the way. */
static void go(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    if (model_page(m) == PAGE_HELP || model_page(m) == PAGE_COPY)
        page_close(m, model_page(m));
    screen_open(m, (enum screen_id)(command - COMMAND_SCREEN));
}

static void open_page(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    if (command == COMMAND_HELP)
        page_open(m, PAGE_HELP);
    else if (model_rows(m, model_subject(m)) > 0)
        page_open(m, PAGE_DETAIL);
}

static void refresh(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    m->source.file[0] = '\0'; /* it may have been edited */
    feed_refresh(m, effects);
    wizard_refresh(m, effects);
}

void refresh_every(struct model *m, int refresh_ms)
{
    if (refresh_ms == 0 && m->refresh_ms != 0) {
        m->resumed_ms = m->refresh_ms;
        m->held_wall_ms = m->wall_ms;
    }
    m->refresh_ms = refresh_ms;
    if (m->refresh_ms == 0)
        note_add(m, ROLE_INFO, "paused: nothing is read until R, or Space to go on");
    else
        note_add(m, ROLE_INFO, "read again every %g s", m->refresh_ms / 1000.0);
    for (int feed = 0; feed < FEEDS; feed++)
        m->feeds[feed].due_ms = m->refresh_ms == 0 ? INT64_MAX : m->now_ms;
    m->wizard.due_ms = m->refresh_ms == 0 ? INT64_MAX : m->now_ms;
}

static void set_refresh(struct model *m, enum command command, struct effects *effects)
{
    static const int steps[] = {500, 1000, 2000, 5000, 10000, 0};
    enum { STEPS = sizeof steps / sizeof *steps };
    int at = 0;

    while (at < STEPS - 1 && steps[at] != m->refresh_ms)
        at++;
    at += command == COMMAND_FASTER ? -1 : 1;
    at = at < 0 ? 0 : at >= STEPS ? STEPS - 1 : at;
    refresh_every(m, steps[at]);
    (void)effects;
}

static void hold(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    refresh_every(m, m->refresh_ms == 0 ? m->resumed_ms : 0);
}

static void run_readiness(struct model *m)
{
    m->checks_asked = true;
    m->feeds[FEED_STATUS].due_ms = m->now_ms;
    note_add(m, ROLE_INFO, "running the readiness checks");
    if (m->screen == SCREEN_OVERVIEW) {
        page_close(m, PAGE_DETAIL);
        m->focus[m->screen] = m->subject[m->screen] = PANE_CHECKS;
    }
}

/* The ids of the checks that did not pass, or of the selected one, with spaces between. */
static void choose_checks(const struct model *m, enum command command, char *out, size_t size)
{
    size_t used = 0, row = SIZE_MAX;

    out[0] = '\0';
    model_selected(m, PANE_CHECKS, &row);
    for (size_t i = 0; command != COMMAND_CHECKS && i < model_check_count(m); i++) {
        const hg_check_result *check = model_check(m, i);
        bool chosen = command == COMMAND_CHECK_ONE
                          ? i == row
                          : check->status != HG_PASS && check->status != HG_SKIP;

        if (chosen && used + strlen(check->id) + 2 < size)
            used += (size_t)snprintf(out + used, size - used, "%s ", check->id);
    }
}

static void run_checks(struct model *m, enum command command, struct effects *effects)
{
    struct effect smoke = {.kind = EFFECT_START, .request = {.kind = JOB_SMOKE}};

    if (m->screen != SCREEN_CHECKS) {
        run_readiness(m);
        return;
    }
    if (m->smoke_job != 0) {
        effect_add(effects, (struct effect){.kind = EFFECT_CANCEL, .job = m->smoke_job});
        note_add(m, ROLE_INFO, "checks: asked to stop");
        return;
    }
    choose_checks(m, command, smoke.request.only, sizeof smoke.request.only);
    if (command != COMMAND_CHECKS && smoke.request.only[0] == '\0')
        note_add(m, ROLE_INFO, "checks: there is none to run again");
    else
        effect_add(effects, smoke);
}

static void sort(struct model *m, enum command command, struct effects *effects)
{
    enum pane pane = model_subject(m);
    const struct list *list = list_of(m, pane);
    struct looking *looking = &m->lists[pane];

    (void)effects;
    if (command == COMMAND_REVERSE) {
        looking->reversed = !looking->reversed;
    } else {
        looking->order = list_next_order(list, looking->order);
        looking->reversed = false;
    }
    list_refresh(m, pane);
}

static void export(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    export_ask(m);
}

static void type_line(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    entry_open(m, command == COMMAND_LINE ? LINE_COMMAND
                  : model_reads(m)        ? LINE_SEARCH
                                          : LINE_FILTER);
}

static void match(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    seek_next(m, command == COMMAND_MATCH_BACK);
}

static void quit(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    if (m->change.running || m->transfer.running)
        question_stop(m, ASK_QUIT);
    else
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
}

/* A step back: from a question, a line, a page, a filter; never out of the program. */
static void back(struct model *m, enum command command, struct effects *effects)
{
    enum page page = model_page(m);
    struct looking *looking = &m->lists[model_subject(m)];

    (void)command;
    if (m->ask != ASK_NOTHING) {
        question_leave(m);
    } else if (m->entry.use != LINE_NONE) {
        entry_leave(m);
    } else if (model_reads(m) && model_seeking(m)->on) {
        seek_end(m);
    } else if (page == PAGE_PLAN) {
        change_leave(m, effects);
    } else if (page == PAGE_RUN) {
        page_close(m, PAGE_RUN);
        screen_open(m, m->change.from);
    } else if (page != PAGE_NONE) {
        page_close(m, page);
    } else if (m->zoomed[m->screen]) {
        zoom_pane(m, false);
    } else if (looking->filter[0] != '\0') {
        looking->filter[0] = '\0';
        list_refresh(m, model_subject(m));
    } else if (m->screen == SCREEN_CUTOVER && model_subject(m) == PANE_STEPS) {
        m->lists[PANE_STEPS].touched = false; /* back to the step that comes next */
        list_refresh(m, PANE_STEPS);
    } else if (model_focus(m) == PANE_DETAIL) {
        m->focus[m->screen] = model_subject(m);
    }
}

static void interrupt(struct model *m, enum command command, struct effects *effects)
{
    if (m->ask == ASK_NOTHING && (m->change.running || m->transfer.running))
        question_stop(m, ASK_STOP);
    else if (m->ask == ASK_NOTHING && model_page(m) == PAGE_PLAN)
        change_leave(m, effects);
    else
        quit(m, command, effects);
}

static void transfer(struct model *m, enum command command, struct effects *effects)
{
    if (command == COMMAND_TRANSFER) {
        screen_open(m, SCREEN_OVERVIEW);
        page_open(m, PAGE_TRANSFER);
    } else if (command == COMMAND_APPLY) {
        question_transfer(m);
    } else {
        transfer_start(m, command == COMMAND_PLAN ? HG_COPY_DRY_RUN : HG_COPY_VERIFY, effects);
    }
}

static void change(struct model *m, enum command command, struct effects *effects)
{
    if (model_context(m) == IN_CUTOVER) {
        wizard_command(m, command, effects);
        return;
    }
    if (model_page(m) == PAGE_TRANSFER && (command == COMMAND_PLAN || command == COMMAND_APPLY)) {
        transfer(m, command, effects);
        return;
    }
    change_ask(m,
               command == COMMAND_ROLL_BACK ? HG_MIGRATE_DOWN
               : command == COMMAND_RESET   ? HG_MIGRATE_RESET
                                            : HG_MIGRATE_UP,
               "", command != COMMAND_PLAN, effects);
}

static void yes(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    if (m->ask == ASK_ARM)
        question_yes(m);
    else if (m->ask == ASK_WIZARD_YES)
        wizard_yes(m, effects);
    else
        change_yes(m, effects);
}

static void wait(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    question_leave(m);
}

static void detach(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    question_detach(m, effects);
}

static void cancel(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    question_cancel(m, effects);
}

static void attach(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    running_attach(m, effects);
}

/* The comparison goes on in the background, also when its page is left; asked for again on its page
 * it is made anew. */
static void drift(struct model *m, enum command command, struct effects *effects)
{
    bool seen = model_page(m) == PAGE_DRIFT;

    (void)command;
    screen_open(m, SCREEN_MIGRATIONS);
    page_open(m, PAGE_DRIFT);
    if (m->drift_job != 0 || (m->drift != NULL && !seen))
        return;
    m->drift_asked_ms = m->now_ms;
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = {.kind = JOB_DRIFT}});
}

static void end_session(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    question_end(m, command == COMMAND_END_SESSION);
}

static void arm(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    question_arm(m);
}

static void stop(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    question_stop(m, ASK_STOP);
}

/* What matters of the selected row, or all of the page that is open: to the clipboard where the
 * terminal has one, or else plainly on a page of its own, to be marked with the mouse. */
static void copy(struct model *m, enum command command, struct effects *effects)
{
    const struct list *list = list_of(m, model_subject(m));
    struct buf text = BUF_INIT(COPY_BYTES_MAX);
    size_t row;

    (void)command;
    if (model_page(m) != PAGE_NONE)
        view_page_text(m, &text);
    else if (model_selected(m, model_subject(m), &row))
        list->copy(m, row, &text);
    if (text.size == 0 || text.failed) {
        buf_release(&text);
        note_add(m, ROLE_WARN, "copy: %s", text.failed ? "that is too much" : "there is nothing");
        return;
    }
    alloc_free(m->copied);
    secret_scrub(text.bytes, text.size + 1);
    m->copied = buf_take(&text);
    if (m->facts.clipboard) {
        effect_add(effects, (struct effect){.kind = EFFECT_COPY, .text = m->copied});
        note_add(m, ROLE_INFO, "copied %s",
                 model_page(m) == PAGE_NONE ? list->row_says : "the page");
    } else {
        page_open(m, PAGE_COPY);
    }
}

static void use_mouse(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    if (!m->facts.mouse) {
        note_add(m, ROLE_WARN, "this terminal does not tell of its mouse");
        return;
    }
    m->mouse_taken = !m->mouse_taken;
    note_add(m, ROLE_INFO,
             m->mouse_taken ? "the mouse selects rows; m leaves it to the terminal"
                            : "the mouse marks text, as in other programs; m takes it");
}

/* Whoever comes back sees the present. */
static void watch(struct model *m, bool watched, struct effects *effects)
{
    if (!watched && !m->unwatched)
        m->unwatched_wall_ms = m->wall_ms;
    m->unwatched = !watched;
    if (!watched || m->refresh_ms == 0)
        return;
    feed_refresh(m, effects);
    wizard_refresh(m, effects);
}

/* What only the world can do. */
static void ask_world(struct model *m, enum command command, struct effects *effects)
{
    (void)m;
    effect_add(effects, (struct effect){.kind = command == COMMAND_THEME    ? EFFECT_THEME
                                                : command == COMMAND_REDRAW ? EFFECT_REDRAW
                                                                            : EFFECT_SUSPEND,
                                        .text = ""});
}

typedef void carry_out(struct model *m, enum command command, struct effects *effects);

/* clang-format off */
static carry_out *const commands[COMMAND_COUNT] = {
    [COMMAND_SCREEN ... COMMAND_SCREEN + SCREEN_COUNT - 1] = go,
    [COMMAND_UP] = move,          [COMMAND_DOWN] = move,
    [COMMAND_PAGE_UP] = move,     [COMMAND_PAGE_DOWN] = move,
    [COMMAND_FIRST] = move,       [COMMAND_LAST] = move,
    [COMMAND_NEXT_PANE] = focus,  [COMMAND_PREVIOUS_PANE] = focus,
    [COMMAND_ZOOM] = zoom,
    [COMMAND_OPEN] = open_page,   [COMMAND_HELP] = open_page,
    [COMMAND_BACK] = back,        [COMMAND_COPY] = copy,
    [COMMAND_FILTER] = type_line, [COMMAND_LINE] = type_line,
    [COMMAND_SEARCH] = type_line, [COMMAND_MATCH] = match,
    [COMMAND_MATCH_BACK] = match,
    [COMMAND_SORT] = sort,        [COMMAND_REVERSE] = sort,
    [COMMAND_REFRESH] = refresh,  [COMMAND_CHECKS] = run_checks,
    [COMMAND_CHECK_ONE] = run_checks, [COMMAND_CHECK_FAILED] = run_checks,
    [COMMAND_FASTER] = set_refresh, [COMMAND_SLOWER] = set_refresh,
    [COMMAND_HOLD] = hold,        [COMMAND_EXPORT] = export,
    [COMMAND_PLAN] = change,      [COMMAND_APPLY] = change,
    [COMMAND_ROLL_BACK] = change, [COMMAND_RESET] = change,
    [COMMAND_ARM] = arm,          [COMMAND_YES] = yes,
    [COMMAND_WAIT] = wait,        [COMMAND_DETACH] = detach,
    [COMMAND_CANCEL] = cancel,    [COMMAND_ATTACH] = attach,
    [COMMAND_DRIFT] = drift,      [COMMAND_TRANSFER] = transfer,
    [COMMAND_COMPARE] = transfer,
    [COMMAND_NEXT] = wizard_command,     [COMMAND_PAUSE] = wizard_command,
    [COMMAND_BACK_OUT] = wizard_command, [COMMAND_REMARK] = wizard_command,
    [COMMAND_LEAVE] = wizard_command,
    [COMMAND_CANCEL_QUERY] = end_session, [COMMAND_END_SESSION] = end_session,
    [COMMAND_STOP] = stop,        [COMMAND_INTERRUPT] = interrupt,
    [COMMAND_QUIT] = quit,        [COMMAND_THEME] = ask_world,
    [COMMAND_MOUSE] = use_mouse,  [COMMAND_REDRAW] = ask_world,
    [COMMAND_SUSPEND] = ask_world,
};
/* clang-format on */

void update_command(struct model *m, enum command command, struct effects *effects)
{
    const char *refusal = model_refusal(m, command);

    if (refusal != NULL)
        note_add(m, ROLE_WARN, "%s: %s", keys_row(command)->hint, refusal);
    else
        commands[command](m, command, effects);
}

static bool is_typed_at(enum context context)
{
    return context == IN_PROMPT || context == IN_LINE;
}

/* What is pasted is for lines alone: elsewhere each letter would be a command. */
static void take_key(struct model *m, uint32_t key, struct effects *effects)
{
    enum context context = model_context(m);
    enum command command = m->pasting ? COMMAND_NONE : keys_find(context, key);

    question_touched(m);
    if (key == KEYS_PASTE || key == KEYS_PASTE_END)
        m->pasting = key == KEYS_PASTE;
    if (command != COMMAND_NONE)
        update_command(m, command, effects);
    else if (context == IN_LINE)
        entry_key(m, key, effects);
    else if (!m->pasting && own_keys_find(&m->facts.own_keys, context, key) != NULL)
        palette_run(m, own_keys_find(&m->facts.own_keys, context, key), effects);
    else if (is_typed_at(context) && m->pasting && key != KEYS_PASTE)
        return;
    else if (m->ask == ASK_END || m->ask == ASK_TRANSFER)
        question_type(m, key, effects);
    else if (m->ask == ASK_WIZARD)
        wizard_type(m, key, effects);
    else if (is_typed_at(context))
        change_type(m, key, effects);
}

/* The file of the migration that is looked at, once it stays the same. */
static void read_source(struct model *m, struct effects *effects)
{
    const hg_revision *r = model_revision(m);
    struct effect read = {.kind = EFFECT_START, .request = {.kind = JOB_SOURCE}};

    enum page page = model_page(m);
    bool shown = page == PAGE_DETAIL || (page == PAGE_NONE && m->screen == SCREEN_MIGRATIONS);

    if (!shown || model_subject(m) != PANE_MIGRATIONS || r == NULL || r->file[0] == '\0'
        || m->source.job != 0 || strlen(r->file) >= sizeof m->source.file
        || strcmp(r->file, m->source.file) == 0)
        return;
    memcpy(m->source.file, r->file, strlen(r->file) + 1);
    memcpy(read.request.file, m->source.file, sizeof read.request.file);
    if (m->source.result != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->source.result});
    m->source.result = NULL;
    effect_add(effects, read);
}

void update(struct model *m, const struct message *message, struct effects *effects)
{
    effects->count = 0;
    m->now_ms = message->now_ms;
    m->wall_ms = message->wall_ms;
    feed_beat(m, message->beat_ms);
    switch (message->kind) {
    case MSG_TICK:
        break;
    case MSG_KEY:
        if (message->key == KEYS_WATCHED || message->key == KEYS_UNWATCHED)
            watch(m, message->key == KEYS_WATCHED, effects);
        else
            take_key(m, message->key, effects);
        break;
    case MSG_POINTER:
        pointer_take(m, message, effects);
        break;
    case MSG_RESIZE:
        m->width = message->width;
        m->height = message->height;
        screen_open(m, m->screen);
        break;
    case MSG_STARTED:
        intake_started(m, message);
        break;
    case MSG_PROGRESS:
        intake_progress(m, message);
        break;
    case MSG_RESULT:
        intake_result(m, message, effects);
        break;
    case MSG_NOTE:
        note_add(m, message->role, "%s", message->text);
        break;
    }
    question_expire(m);
    feed_tick(m, effects);
    wizard_tick(m, effects);
    transfer_tick(m, effects);
    read_source(m, effects);
}
