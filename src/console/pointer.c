/*
 * pointer.c - what is pressed with the mouse: it goes where keys go, and answers no question.
 */
#include "update.h"
#include "view.h"

enum { WHEEL_ROWS = 3 };

static bool within(struct rect r, int x, int y)
{
    return x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height;
}

/* The pane that stands there; false: none that can have the keys. */
static bool pane_at(const struct model *m, const struct layout *layout, int x, int y,
                    enum pane *out)
{
    enum pane order[PANE_COUNT];
    size_t n = layout_tab_order(m->screen, layout, order);

    for (size_t i = 0; i < n; i++)
        if (within(layout->panes[order[i]], x, y)) {
            *out = order[i];
            return true;
        }
    return false;
}

/* The row that stands in this line of the screen is selected; one that is selected is opened. */
static void press_row(struct model *m, const struct layout *layout, enum pane list, int y,
                      struct effects *effects)
{
    int line = y - layout->panes[list].y - layout_list_top(layout, list);
    size_t row = m->lists[list].top + (size_t)(line < 0 ? 0 : line);

    if (line < 0 || (size_t)line >= layout_list_rows(layout, list) || row >= model_rows(m, list))
        return;
    if (m->lists[list].touched && row == m->lists[list].index)
        update_command(m, COMMAND_OPEN, effects);
    else
        select_row(m, list, (int64_t)row);
}

/* Whether nothing covers the panes. */
static bool on_screen(const struct model *m)
{
    return (model_context(m) & (IN_SCREEN | IN_CUTOVER)) != 0;
}

static void press(struct model *m, int x, int y, struct effects *effects)
{
    struct layout layout;
    enum screen_id screen;
    enum pane pane;

    model_layout(m, &layout);
    if (within(layout.tabs, x, y)) {
        if (view_tab_at(m, x, &screen))
            update_command(m, (enum command)(COMMAND_SCREEN + screen), effects);
    } else if (on_screen(m) && pane_at(m, &layout, x, y, &pane)) {
        bool focused = model_focus(m) == pane;

        focus_pane(m, pane);
        if (pane < LISTS)
            press_row(m, &layout, pane, y, effects);
        else if (focused)
            update_command(m, COMMAND_OPEN, effects);
    }
}

static void turn(struct model *m, int x, int y, enum command command)
{
    struct layout layout;
    enum pane pane;

    model_layout(m, &layout);
    if (on_screen(m) && pane_at(m, &layout, x, y, &pane) && pane != model_focus(m))
        focus_pane(m, pane);
    for (int i = 0; i < WHEEL_ROWS; i++)
        move_by(m, command);
}

void pointer_take(struct model *m, const struct message *message, struct effects *effects)
{
    enum context presses = IN_SCREEN | IN_CUTOVER | IN_PAGE | IN_RUN | IN_RESULT;
    enum context context = model_context(m);

    if (message->key == KEYS_CLICK && (context & presses) != 0)
        press(m, message->x, message->y, effects);
    else if (message->key != KEYS_CLICK && (context & (presses | IN_PLAN | IN_PROMPT)) != 0)
        turn(m, message->x, message->y, message->key == KEYS_WHEEL_UP ? COMMAND_UP : COMMAND_DOWN);
}
