/*
 * copy_sides.c - the settings are read once for each environment that may name a side.
 */
#include "copy_sides.h"

static const char default_source[] = "sqlite:///instance/app.db";

enum { SELECTED, PRODUCTION, DEVELOPMENT, READINGS };

static bool read_all(const hg_settings_options *options, hg_settings *out[READINGS], hg_error *err)
{
    hg_settings_options production = *options, development = *options;

    production.env = "production";
    development.env = "development";
    production.url = development.url = NULL;
    return hg_settings_load(options, &out[SELECTED], err)
           && hg_settings_load(&production, &out[PRODUCTION], err)
           && hg_settings_load(&development, &out[DEVELOPMENT], err);
}

/* The first whose database is of that engine; READINGS: none is. */
static size_t first_of(hg_settings *const read[READINGS], hg_driver driver)
{
    size_t i = 0;

    while (i < READINGS && hg_url_driver(hg_settings_url(read[i])) != driver)
        i++;
    return i;
}

/* Takes what the sides are parts of out of `read`. */
static bool choose(hg_settings *read[READINGS], struct copy_sides *out, hg_error *err)
{
    size_t source = first_of(read, HG_SQLITE), target = first_of(read, HG_POSTGRESQL);

    if (target == READINGS) {
        hg_fail(err, HG_USAGE, "no PostgreSQL database is named that could be copied into");
        hg_error_hint(err, "Set DATABASE_URL_PROD.");
        return false;
    }
    if (source == READINGS && !hg_url_parse(default_source, &out->by_custom, err))
        return false;
    out->settings = out->owned[0] = read[target];
    out->target = hg_settings_url(read[target]);
    read[target] = NULL;
    out->source = out->by_custom;
    if (source == READINGS)
        return true;
    out->source = hg_settings_url(read[source]);
    out->owned[1] = read[source];
    read[source] = NULL;
    return true;
}

bool copy_sides_find(const hg_settings_options *options, struct copy_sides *out, hg_error *err)
{
    hg_settings *read[READINGS] = {NULL};
    struct copy_sides sides = {.source = NULL};
    bool ok;

    if (options == NULL) {
        hg_fail(err, HG_UNSUPPORTED, "there are no settings to copy this database by");
        hg_error_hint(err,
                      "Open headgate in the folder of a project: its SQLite file can be copied.");
        return false;
    }
    ok = read_all(options, read, err) && choose(read, &sides, err);
    for (size_t i = 0; i < READINGS; i++)
        hg_settings_free(read[i]);
    if (ok)
        *out = sides;
    else
        copy_sides_release(&sides);
    return ok;
}

void copy_sides_release(struct copy_sides *sides)
{
    for (size_t i = 0; i < sizeof sides->owned / sizeof *sides->owned; i++)
        hg_settings_free(sides->owned[i]);
    hg_url_free(sides->by_custom);
    *sides = (struct copy_sides){.source = NULL};
}
