/*
 * view.h - model -> canvas. Pure: the same model gives the same cells.
 */
#ifndef CONSOLE_VIEW_H
#define CONSOLE_VIEW_H

#include "canvas.h"
#include "document.h"
#include "model.h"

/* Draws the whole screen; the canvas has the model's size. */
void view(const struct model *m, struct canvas *c);

/* What has the keys when model_reads(), a page or what is known about the selected row: to be
 * released; how many of its lines its place on the screen shows, and how many it has. */
void view_text(const struct model *m, struct document *d, size_t *out_shown);
size_t view_text_lines(const struct model *m, size_t *out_shown);

/* The first line of it that is shown: of a run the step that runs is followed. */
size_t view_page_top(const struct model *m, size_t lines, size_t shown);

/* view_seek.c: the matches of a search in it, drawn over it with the one that is looked at marked
 * in the margin; and "3 of 17" for its rule, returns its role. */
void view_hits(const struct model *m, const struct document *d, struct area text, size_t top);
enum role view_hits_note(const struct model *m, const struct document *d, char *out, size_t size);

/* The page that is open, as text without a frame. */
void view_page_text(const struct model *m, struct buf *out);

/* For the view's own files: one function a screen or pane. */
void view_overview(const struct model *m, struct area body, const struct layout *layout);
void view_panes(const struct model *m, struct area screen, const struct layout *layout);
void view_list(const struct model *m, struct area a, enum pane pane, const struct layout *layout);
void view_pools(const struct model *m, struct area a, const struct layout *layout);
void view_pools_small(const struct model *m, struct area a); /* in two rows */
void view_server(const struct model *m, struct area a);
void view_line(const struct model *m, struct area screen);
void view_cutover_now(const struct model *m, struct area a);
void view_cutover_calm(const struct model *m, struct area a); /* neither a run nor a plan */
int view_wizard_rows(const struct model *m);                  /* of its question */
void view_wizard_question(const struct model *m, struct area a);
void view_cutover_running(const struct model *m, char *out, size_t size);
void view_help(const struct model *m, struct document *d);
void view_detail(const struct model *m, struct document *d);
void view_plan(const struct model *m, struct document *d);
void view_run(const struct model *m, struct document *d);

/* How far a run is, above its text: rows it wants (0: none), and itself. */
int view_gauge_rows(const struct model *m);
void view_gauge(const struct model *m, struct area a);

/* The question below a plan or over a run: rows it wants (0: none), and itself. */
int view_question_rows(const struct model *m);
void view_question(const struct model *m, struct area a);

/* What stands at the head of a page. */
struct page_title {
    char title[24], subject[120], note[48];
    enum role note_role;
};
void view_page_title(const struct model *m, struct page_title *out); /* of the one that is open */
void view_change_title(const struct model *m, struct page_title *out);
void view_run_note(const struct model *m, char *out, size_t size); /* "step 1 of 2, 3s" */
void view_holder(const struct model *m, struct document *d);
void view_transfer(const struct model *m, struct document *d);
void view_transfer_title(const struct model *m, struct page_title *out);
void view_drift(const struct model *m, struct document *d);
void view_drift_title(const struct model *m, struct page_title *out);
void view_holder_title(const struct model *m, struct page_title *out);
void view_detail_title(const struct model *m, struct page_title *out);
/* The screen whose name stands in this column of the tabs; false: none does. */
bool view_tab_at(const struct model *m, int x, enum screen_id *out);
const char *view_screen_name(enum screen_id screen);

/* The database as short as it can be told: no scheme, no password, no parameters. */
const char *view_target(const struct model *m, char *out, size_t size);

/* The most connections that a pool can have open. */
int view_capacity(const hg_pool_snapshot *pool);

/* "as of 14:03:11" where the database is silent; "" while it answers. */
void view_stale(const struct model *m, int64_t known_wall_ms, char *out, size_t size);

struct change_words {
    const char *verb, *done, *title;
};
const struct change_words *view_change_words(hg_migrate_kind kind);
const char *view_plural(size_t n);

/* A bar of so many columns for a line of text; out has room for four bytes each, and one more. */
const char *view_bar(const struct model *m, int64_t done, int64_t total, int columns, char *out,
                     size_t size);

/* "apply 1 of 2, 3s, ana", or who else changes the schema, for every screen; "": nothing runs. */
void view_running(const struct model *m, char *out, size_t size);

const char *view_status_word(hg_status status);
enum role view_status_role(hg_status status);
const char *view_slot_word(const hg_pool_connection *c);
enum role view_slot_role(const hg_pool_connection *c);
const char *view_revision_word(const hg_revision *r);
enum role view_revision_role(const hg_revision *r);

#endif
