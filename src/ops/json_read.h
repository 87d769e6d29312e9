/*
 * json_read.h - documents of json.h read back, for who hears of an operation in another process.
 * Pure; trusts nothing.
 */
#ifndef OPS_JSON_READ_H
#define OPS_JSON_READ_H

#include <headgate/headgate.h>

/*
 * Reads what json_run() wrote. true: the run went well; false: it failed as *err says, or the text
 * is no such document. out_result: empty or the caller's until hg_run_result_release().
 */
bool json_read_run(const char *text, hg_run_result *out_result, hg_error *err);

#endif
