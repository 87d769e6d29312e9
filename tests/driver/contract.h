/*
 * contract.h - what every engine promises, as one suite that each engine's test program runs on
 * itself.
 *
 * Not a header in the usual sense: the two test programs include it. The group's state is a struct
 * engine.
 */
#ifndef DRIVER_CONTRACT_H
#define DRIVER_CONTRACT_H

#include "contract_session.h"
#include "contract_statements.h"
#include "contract_values.h"

// clang-format off
static const struct CMUnitTest contract_tests[] = {
    cmocka_unit_test(integers_come_back_to_their_extremes),
    cmocka_unit_test(reals_come_back_to_the_last_bit),
    cmocka_unit_test(texts_come_back_in_utf8_and_empty),
    cmocka_unit_test(blobs_come_back_with_zero_bytes_and_empty),
    cmocka_unit_test(null_is_null_for_every_type),
    cmocka_unit_test(a_row_of_a_table_keeps_the_type_of_each_field),
    cmocka_unit_test(the_texts_of_one_row_live_side_by_side),
    cmocka_unit_test(placeholders_may_repeat_and_come_in_any_order),
    cmocka_unit_test(a_placeholder_without_a_value_is_refused),
    cmocka_unit_test(only_one_statement_is_run_at_a_time),
    cmocka_unit_test(a_text_without_a_statement_has_no_rows),
    cmocka_unit_test(a_million_rows_stream_through_flat_memory),
    cmocka_unit_test(rows_closed_early_leave_the_connection_ready),
    cmocka_unit_test(rows_closed_early_leave_the_transaction_alive),
    cmocka_unit_test(a_statement_has_run_when_its_rows_are_closed_unread),
    cmocka_unit_test(changed_rows_are_counted_where_that_means_something),
    cmocka_unit_test(a_second_result_is_refused),
    cmocka_unit_test(a_prepared_statement_runs_again_with_other_values),
    cmocka_unit_test(a_prepared_statement_takes_values_of_every_type),
    cmocka_unit_test(a_wrong_statement_is_refused_when_it_is_prepared),
    cmocka_unit_test(a_thousand_statements_are_prepared_and_closed),
    cmocka_unit_test(a_statement_that_comes_often_takes_each_value_as_the_first_time),
    cmocka_unit_test(more_statements_than_are_kept_come_often),
    cmocka_unit_test(a_statement_that_comes_often_counts_its_rows_each_time),
    cmocka_unit_test(a_statement_that_comes_often_may_fail_and_be_left_half_read),
    cmocka_unit_test(a_statement_that_comes_often_sees_a_table_as_it_is_now),
    cmocka_unit_test(a_transaction_may_change_what_its_own_statements_read),
    cmocka_unit_test(a_full_reset_costs_statements_that_come_often_nothing),
    cmocka_unit_test(a_commit_keeps_and_a_rollback_drops),
    cmocka_unit_test(a_savepoint_undoes_a_part),
    cmocka_unit_test(a_reset_ends_the_transaction_as_it_is_told),
    cmocka_unit_test(a_reset_ends_rows_and_statements_that_were_forgotten),
    cmocka_unit_test(a_full_reset_forgets_what_the_session_had),
    cmocka_unit_test(violated_constraints_are_told_alike),
    cmocka_unit_test(wrong_statements_are_told_alike),
    cmocka_unit_test(the_place_of_an_error_is_told_in_characters),
    cmocka_unit_test(an_endless_statement_ends_at_its_deadline),
    cmocka_unit_test(a_deadline_that_has_passed_starts_nothing),
    cmocka_unit_test(an_interrupt_ends_a_statement),
    cmocka_unit_test(a_cancel_from_another_thread_ends_a_statement),
    cmocka_unit_test(a_cancel_between_two_rows_ends_the_rest),
    cmocka_unit_test(a_cancel_of_nothing_hits_no_later_statement),
    cmocka_unit_test(waiting_for_a_lock_ends_with_the_lock_timeout),
    cmocka_unit_test(a_read_only_session_reads_and_does_not_write),
    cmocka_unit_test(a_fresh_connection_looks_alive_and_answers_a_ping),
    cmocka_unit_test(closing_with_everything_open_leaks_nothing),
};
// clang-format on

#endif
