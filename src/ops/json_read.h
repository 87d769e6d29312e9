/*
 * json_read.h - documents of json.h read back, for who hears of an operation in another process.
 * Pure; trusts nothing.
 */
#ifndef OPS_JSON_READ_H
#define OPS_JSON_READ_H

#include <headgate/headgate.h>

struct arena;

/*
 * Reads what json_run() wrote. true: the run went well; false: it failed as *err says, or the text
 * is no such document. out_result: empty or the caller's until hg_run_result_release().
 */
bool json_read_run(const char *text, hg_run_result *out_result, hg_error *err);

/*
 * The same of what json_copy_result() wrote of a copy: its tables, findings, problems and counts.
 * out_result: NULL, or in memory, which is the caller's to release also on failure.
 */
bool json_read_copy(const char *text, struct arena *memory, hg_copy_result **out_result,
                    hg_error *err);

#endif
