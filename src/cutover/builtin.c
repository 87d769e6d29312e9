/*
 * builtin.c - one table of steps, of which each built-in runbook has its part.
 */
#include "builtin.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"

/* How the application gets its new URL. */
enum { ENV_FILE = 1, SYSTEMD = 2, BEANSTALK = 4, ALL = 7 };

static const char *const names[] = {"env-file", "systemd", "elastic-beanstalk", NULL};

static const char freeze_id[] = "C08", commit_id[] = "C13", default_unit[] = "app";

// clang-format off
static const struct row {
    unsigned books;
    const char *id, *title, *action, *confirm;
    const char *what, *cost;
    const char *arguments; /* JSON; NULL: none */
} rows[] = {
    {ALL, "C01", "Look through the source", "scan", NULL,
     "Reads the SQLite file: is it intact, do references hold, can every table be frozen.",
     "Nothing has been changed.", NULL},
    {ALL, "C02", "Look at the target", "preflight", NULL,
     "Connects to the target and runs the checks on server, round trip and connections.",
     "Nothing has been changed.", NULL},
    {ALL, "C03", "Bring the schema to the target", "schema", "run",
     "Runs the migrations on the target.",
     "The empty tables stay in the target.", NULL},
    {ALL, "C04", "Rehearse", "rehearse", NULL,
     "Copies everything into a scratch database, measures how long that takes, and drops it.",
     "Nothing has been changed.", NULL},
    {ALL, "C05", "Safety copies", "attest", "attest",
     "Say which backup of the target's server exists, and where the source is kept besides here.",
     "Nothing has been changed.", NULL},
    {ALL, "C06", "Go or no-go", "decide", "run",
     "Is nobody deploying, does only this instance have a SQLite file, who decides to abort.",
     "Nothing has been changed.", NULL},
    {ALL, "C07", "Fence the target", "fence", NULL,
     "Makes the application's role read-only in the target, and ends its sessions there.",
     "The fence is lifted again.", NULL},
    {ALL, "C08", "Freeze the source", "freeze", "run",
     "From here on nobody can write: reads go on, writes fail with \"headgate: frozen\".",
     "Writes work again at once.", NULL},
    {ALL, "C09", "Drain", "drain", NULL,
     "Waits for the last open transaction, and brings the log into the file.",
     "Writes work again at once.", NULL},
    {ALL, "C10", "Keep a snapshot", "snapshot", NULL,
     "Copies the file out of the application's folder, where no deployment removes it.",
     "The snapshot is deleted; writes work again at once.", NULL},
    {ALL, "C11", "Copy", "copy", NULL,
     "Copies all rows into the empty tables of the target, every value checked.",
     "The tables of the target are emptied; then writes work again.", NULL},
    {ALL, "C12", "Verify", "verify", NULL,
     "Compares every row of the frozen source with the target.",
     "The tables of the target are emptied; then writes work again.", NULL},
    {ALL, "C13", "Commit", "decide", "cutover",
     "The last moment at which the application has not been touched.",
     "The tables of the target are emptied; then writes work again.", NULL},
    {ENV_FILE, "C14", "Flip", "flip", NULL,
     "Points the .env file at the target; restart the application then.",
     "The .env file gets its old line back; restart the application again.", NULL},
    {SYSTEMD, "C14", "Flip", "flip", NULL,
     "Points the .env file at the target, and restarts the application's unit.",
     "The .env file gets its old line back, and the unit is restarted.",
     "{\"restart\": [\"systemctl\", \"restart\", \"app\"]}"},
    {BEANSTALK, "C14", "Flip", "attest", "attest",
     "Run `eb setenv DATABASE_URL_PROD=...` with the target's URL, or change the secret; say so here.",
     "Set the variable back the same way. The source may have gone with the deployment: see C10.",
     NULL},
    {ALL, "C15", "Prove the move", "prove", NULL,
     "Waits until nobody has the source open and the application has sessions on the target.",
     "The application goes back to the source; then writes work again.", NULL},
    {ALL, "C16", "Read as the application", "smoke", NULL,
     "Runs smoke checks on the target. Look at the site yourself: reads work, writes fail.",
     "The application goes back to the source; then writes work again.", NULL},
    {ALL, "C17", "Let the target take writes", "unfence", "no return",
     "Lifts the fence and reconnects the application: from now on the target has the truth.",
     "There is no way back without losing what is written from now on.", NULL},
    {ALL, "C18", "Watch", "watch", NULL,
     "Looks for a minute whether the application stays on the target.",
     "There is no way back without losing what is written from now on.", NULL},
};
// clang-format on

enum { ROWS = sizeof rows / sizeof *rows };

const char *builtin_name(size_t i)
{
    return names[i];
}

/* What systemd takes as a unit's name (systemd.unit(5)); an option would begin with a hyphen. */
static bool is_unit(const char *text)
{
    return text[0] != '\0' && text[0] != '-'
           && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@-")
                  == strlen(text);
}

/* Which of them, and the unit of "systemd:UNIT"; false: none is called so. */
static bool find(const char *name, size_t *out, const char **out_unit)
{
    static const char prefix[] = "systemd:";
    bool with_unit = strncmp(name, prefix, sizeof prefix - 1) == 0;

    *out_unit = with_unit ? name + sizeof prefix - 1 : default_unit;
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(with_unit ? "systemd" : name, names[i]) == 0) {
            *out = i;
            return is_unit(*out_unit);
        }
    return false;
}

/* The restart of another unit than the usual one. */
static void name_unit(json_t *step, const char *unit)
{
    json_t *restart = json_object_get(json_object_get(step, "arguments"), "restart");
    size_t n = json_array_size(restart);

    if (n > 0)
        json_array_set_new(restart, n - 1, json_string(unit));
}

static json_t *make_step(const struct row *row, const char *unit)
{
    json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", row->id, "title", row->title,
                             "action", row->action, "what", row->what, "cost", row->cost);

    if (row->confirm != NULL)
        json_object_set_new(step, "confirm", json_string(row->confirm));
    if (row->arguments != NULL)
        json_object_set_new(step, "arguments", json_loads(row->arguments, 0, NULL));
    name_unit(step, unit);
    return step;
}

bool builtin_runbook(const char *name, struct buf *out)
{
    json_t *book, *steps;
    char *text;
    const char *unit;
    size_t n;

    if (!find(name, &n, &unit))
        return false;
    steps = json_array();
    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].books & (1U << n)) != 0)
            json_array_append_new(steps, make_step(&rows[i], unit));
    book = json_pack("{s:s, s:s, s:s, s:o}", "name", name, "freeze", freeze_id, "commit", commit_id,
                     "steps", steps);
    text = json_dumps(book, JSON_INDENT(2));
    if (text != NULL)
        buf_text(out, text);
    json_decref(book);
    free(text);
    return true;
}
