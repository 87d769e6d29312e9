/*
 * actions.h - the library of actions that runbooks are made of. Their world is a struct world.
 */
#ifndef CUTOVER_ACTIONS_H
#define CUTOVER_ACTIONS_H

#include "drive.h"
#include "runbook.h"

extern const struct action cutover_actions[];
extern const struct action_form cutover_forms[]; /* of the same actions, in the same order */
size_t cutover_action_count(void);

/* Whether an action changes nothing, so that a plan may carry it out to see whether it would hold.
 */
bool cutover_action_is_gate(const char *name);

struct world;

/* --- action_source.c: the SQLite file --- */
bool scan_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
enum probe freeze_step_probe(void *world, const struct step *step, hg_error *err);
bool freeze_step_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool freeze_step_verify(void *world, const struct step *step, hg_error *err);
bool freeze_step_undo(void *world, const struct step *step, hg_error *err);
bool drain_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
enum probe snapshot_probe(void *world, const struct step *step, hg_error *err);
bool snapshot_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool snapshot_undo(void *world, const struct step *step, hg_error *err);

/* --- action_target.c: the PostgreSQL database --- */
bool preflight_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
enum probe schema_probe(void *world, const struct step *step, hg_error *err);
bool schema_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
enum probe fence_probe(void *world, const struct step *step, hg_error *err);
bool fence_step_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool fence_step_undo(void *world, const struct step *step, hg_error *err);
enum probe unfence_probe(void *world, const struct step *step, hg_error *err);
bool unfence_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool unfence_verify(void *world, const struct step *step, hg_error *err);

/* --- action_data.c: from one into the other --- */
/* Whether a table of the target is empty. err: HG_REFUSED when it is not. */
bool data_is_empty(struct world *world, const char *table, hg_error *err);
/* How long a freeze may last, when what has to be done in it takes this long. */
int64_t data_budget_ms(double took_ms);
bool rehearse_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
enum probe copy_probe(void *world, const struct step *step, hg_error *err);
bool copy_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool copy_undo(void *world, const struct step *step, hg_error *err);
bool verify_apply(void *world, const struct step *step, json_t *facts, hg_error *err);

/* --- action_move.c: the application --- */
enum probe flip_probe(void *world, const struct step *step, hg_error *err);
bool flip_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
const char *flip_file(const struct world *w, const struct step *step);
bool flip_undo(void *world, const struct step *step, hg_error *err);
bool prove_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool smoke_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool watch_apply(void *world, const struct step *step, json_t *facts, hg_error *err);

/* --- action_command.c: what a team brings along --- */
enum probe command_probe(void *world, const struct step *step, hg_error *err);
bool command_apply(void *world, const struct step *step, json_t *facts, hg_error *err);
bool command_undo(void *world, const struct step *step, hg_error *err);

/* Runs a command of a step's arguments (an array of texts under this name); its output goes to a
 * file of the run's folder. Not there: true. err: HG_FAILED with the end of the output. */
bool command_run(void *world, const struct step *step, const char *name, hg_error *err);

#endif
