/*
 * actions.c - the table of actions.
 */
#include "actions.h"

#include <string.h>

// clang-format off
const struct action cutover_actions[] = {
    /* name, title, probe, apply, verify, undo */
    {"scan",      "look through the source: intact, consistent, and such that it can be frozen",
     NULL, scan_apply, NULL, NULL},
    {"preflight", "look at the target: reachable, writable, and what the team's checks say",
     NULL, preflight_apply, NULL, NULL},
    {"schema",    "run the migrations on the target",
     schema_probe, schema_apply, NULL, NULL},
    {"rehearse",  "copy everything into a scratch database, and drop it",
     NULL, rehearse_apply, NULL, NULL},
    {"attest",    "ask a person for what nobody else can know",
     NULL, NULL, NULL, NULL},
    {"decide",    "ask whether to go on",
     NULL, NULL, NULL, NULL},
    {"command",   "run a command of the team's",
     command_probe, command_apply, NULL, command_undo},
    {"fence",     "keep the application from writing to the target",
     fence_probe, fence_step_apply, NULL, fence_step_undo},
    {"freeze",    "keep everybody from writing to the source",
     freeze_step_probe, freeze_step_apply, freeze_step_verify, freeze_step_undo},
    {"drain",     "wait for the last transactions of the source",
     NULL, drain_apply, freeze_step_verify, NULL},
    {"snapshot",  "copy the source's file into the run's folder",
     snapshot_probe, snapshot_apply, NULL, snapshot_undo},
    {"copy",      "copy all rows into the target",
     copy_probe, copy_apply, NULL, copy_undo},
    {"verify",    "compare all rows of both sides",
     NULL, verify_apply, freeze_step_verify, NULL},
    {"flip",      "point the application's .env file at the target, and restart it",
     flip_probe, flip_apply, NULL, flip_undo},
    {"prove",     "see that the application has moved",
     NULL, prove_apply, NULL, NULL},
    {"smoke",     "run smoke checks on the target",
     NULL, smoke_apply, NULL, NULL},
    {"unfence",   "let the application write to the target",
     unfence_probe, unfence_apply, unfence_verify, NULL},
    {"watch",     "look at the target for a while",
     NULL, watch_apply, NULL, NULL},
};

const struct action_form cutover_forms[] = {
    /* name, least class, arguments, why a rehearsal passes it over */
    {"scan",      STEP_HARMLESS,   "", NULL},
    {"preflight", STEP_HARMLESS,   "role only", NULL},
    {"schema",    STEP_HARMLESS,   "", NULL},
    {"rehearse",  STEP_HARMLESS,   "", "this is a rehearsal"},
    {"attest",    STEP_HARMLESS,   "", "only a person can answer"},
    {"decide",    STEP_HARMLESS,   "", "only a person can answer"},
    {"command",   STEP_HARMLESS,   "run! undo probe environment", NULL},
    {"fence",     STEP_REVERSIBLE, "role", NULL},
    {"freeze",    STEP_REVERSIBLE, "role", NULL},
    {"drain",     STEP_HARMLESS,   "seconds", NULL},
    {"snapshot",  STEP_REVERSIBLE, "", NULL},
    {"copy",      STEP_REVERSIBLE, "", NULL},
    {"verify",    STEP_HARMLESS,   "", NULL},
    {"flip",      STEP_REVERSIBLE, "file restart", NULL},
    {"prove",     STEP_HARMLESS,   "role seconds within instances", "the application stays where it is"},
    {"smoke",     STEP_HARMLESS,   "only", NULL},
    {"unfence",   STEP_NO_RETURN,  "role", NULL},
    {"watch",     STEP_HARMLESS,   "seconds", "the application stays where it is"},
};
// clang-format on

size_t cutover_action_count(void)
{
    return sizeof cutover_actions / sizeof *cutover_actions;
}

bool cutover_action_is_gate(const char *name)
{
    return strcmp(name, "scan") == 0 || strcmp(name, "preflight") == 0;
}
