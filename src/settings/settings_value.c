/*
 * settings_value.c - the text of a setting as what its row takes: a number, a switch, a choice.
 * Pure. Must not know where the text comes from, beyond the place that an error names.
 */
#include "settings_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VALUE_SHOWN = 60, SECRET_LEAST = 16 };

/* What an error may repeat of a value: a URL that strayed into another setting is not shown. */
static const char *repeatable(const char *text)
{
    return strstr(text, "://") != NULL ? "***" : text;
}

/* Says where the value came from when that is not a file, whose place the caller gives. */
static bool fault(enum setting id, const struct setting_value *v, const char *wanted, hg_error *err)
{
    const char *text = repeatable(v->text);
    const char *source = v->line > 0                        ? ""
                         : strcmp(v->source, "option") == 0 ? " (option)"
                                                            : " (environment)";

    hg_fail(err, HG_CONFIG, "%s%s is \"%.*s%s\", which is not %s", setting_rows[id].name, source,
            VALUE_SHOWN, text, strlen(text) > VALUE_SHOWN ? "..." : "", wanted);
    hg_error_hint(err, "%s", setting_rows[id].help);
    return false;
}

static bool fault_range(enum setting id, const struct setting_value *v, const char *kind,
                        int64_t unit, hg_error *err)
{
    const struct setting_row *row = &setting_rows[id];
    char wanted[100];

    snprintf(wanted, sizeof wanted, "%s from %lld%s to %lld", kind, (long long)(row->least / unit),
             row->least % unit == 0 ? "" : ".1", (long long)(row->most / unit));
    return fault(id, v, wanted, err);
}

static bool take_count(enum setting id, struct setting_value *v, hg_error *err)
{
    size_t sign = v->text[0] == '-' || v->text[0] == '+';
    size_t digits = strspn(v->text + sign, "0123456789");

    v->number = digits <= 9 ? strtoll(v->text, NULL, 10) : INT64_MAX;
    if (digits == 0 || v->text[sign + digits] != '\0' || v->number < setting_rows[id].least
        || v->number > setting_rows[id].most)
        return fault_range(id, v, "a whole number", 1, err);
    return true;
}

/* Seconds with up to three decimals, read without the locale's decimal point. */
static bool read_ms(const char *text, int64_t *out_ms)
{
    bool negative = text[0] == '-';
    int64_t ms = 0;
    size_t digits, decimals;

    text += negative || text[0] == '+';
    digits = strspn(text, "0123456789");
    if (digits > 9)
        return false;
    for (size_t i = 0; i < digits; i++)
        ms = ms * 10 + (text[i] - '0');
    text += digits;
    text += *text == '.';
    decimals = strspn(text, "0123456789");
    if (digits + decimals == 0 || decimals > 3 || text[decimals] != '\0')
        return false;
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < decimals ? text[i] - '0' : 0);
    *out_ms = negative ? -ms : ms;
    return true;
}

static bool take_seconds(enum setting id, struct setting_value *v, hg_error *err)
{
    const struct setting_row *row = &setting_rows[id];
    bool never;

    if (!read_ms(v->text, &v->number))
        return fault_range(id, v, "a number of seconds", 1000, err);
    never = row->least == -1000 && v->number == -1000;
    if ((v->number < 0 && !never) || v->number < row->least || v->number > row->most)
        return fault_range(id, v, "a number of seconds", 1000, err);
    return true;
}

static bool take_switch(enum setting id, struct setting_value *v, hg_error *err)
{
    static const char *const words[] = {"false", "true", "0", "1", "off", "on",
                                        "no",    "yes",  "f", "t", "n",   "y"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(v->text, words[i]) == 0) {
            v->number = (int64_t)(i % 2);
            v->text = v->shown = words[i % 2];
            return true;
        }
    return fault(id, v, "true or false", err);
}

/* What a choice may be, by its number; NULL behind the last. */
static const char *const *choices_of(enum setting id)
{
    static const char *const resets[] = {[HG_RESET_ROLLBACK] = "rollback",
                                         [HG_RESET_COMMIT] = "commit",
                                         [HG_RESET_NONE] = "none",
                                         [HG_RESET_FULL] = "full",
                                         NULL};
    static const char *const on_down[] = {"fail", "wait", NULL};

    return id == DB_POOL_RESET_ON_RETURN ? resets : on_down;
}

static bool take_choice(enum setting id, struct setting_value *v, hg_error *err)
{
    const char *const *choices = choices_of(id);
    char wanted[100] = "";
    size_t n = 0;

    for (v->number = 0; choices[v->number] != NULL; v->number++) {
        if (strcasecmp(v->text, choices[v->number]) == 0) {
            v->text = v->shown = choices[v->number];
            return true;
        }
        n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s%s", n == 0 ? "one of " : ", ",
                              choices[v->number]);
    }
    return fault(id, v, wanted, err);
}

static bool take_text(enum setting id, struct setting_value *v, hg_error *err)
{
    for (const char *c = v->text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return fault(id, v, "text without control characters", err);
    if (strlen(v->text) >= PATH_MAX / 2)
        return fault(id, v, "short enough", err);
    return true;
}

static bool take_secret(enum setting id, struct setting_value *v, hg_error *err)
{
    size_t n = strlen(v->text);

    v->shown = n == 0 ? "" : "***";
    if (n == 0 || n >= SECRET_LEAST)
        return true;
    hg_fail(err, HG_CONFIG, "%s is shorter than %d characters", setting_rows[id].name,
            SECRET_LEAST);
    hg_error_hint(err, "Make one with: openssl rand -hex 24");
    return false;
}

bool setting_understand(enum setting id, struct setting_value *v, hg_error *err)
{
    v->shown = v->text;
    switch (setting_rows[id].type) {
    case COUNT:
        return take_count(id, v, err);
    case SECONDS:
        return take_seconds(id, v, err);
    case SWITCH:
        return take_switch(id, v, err);
    case CHOICE:
        return take_choice(id, v, err);
    case URL:
        return true;
    case SECRET:
        return take_secret(id, v, err);
    default:
        return take_text(id, v, err);
    }
}
