/*
 * lock_mode.c - PostgreSQL's table locks by name, and whom they keep waiting. Pure.
 * Conflicts: §13.3.1 of its manual, Table 13.2.
 */
#include <headgate/hazard.h>

const char *hg_lock_mode_name(hg_lock_mode mode)
{
    static const char *const names[] = {
        "",      "ACCESS SHARE",        "ROW SHARE", "ROW EXCLUSIVE",   "SHARE UPDATE EXCLUSIVE",
        "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"};

    return (unsigned)mode < sizeof names / sizeof *names ? names[mode] : "";
}

bool hg_lock_blocks_reads(hg_lock_mode mode)
{
    return mode == HG_LOCK_ACCESS_EXCLUSIVE;
}

bool hg_lock_blocks_writes(hg_lock_mode mode)
{
    return mode >= HG_LOCK_SHARE;
}

const char *hg_severity_name(hg_severity severity)
{
    return severity == HG_SEVERITY_DANGER ? "danger" : "warning";
}
