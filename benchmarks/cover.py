"""Which tests cover which fault, by name; that they exist is checked."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"

FAULTS = {
    "F1": "429 with every form of Retry-After",
    "F2": "500, 502, 503 and 529 in a burst, then success",
    "F3": "connection lost within a reply, no JSON, an HTML page with status 200",
    "F4": "no reply in time although the server has done the work",
    "F5": "400, 401, 403, 404",
    "F6": "a request that is sent again",
    "F7": "length, content_filter, refusal, empty text, a tool call instead of text",
    "F8": "fewer replies than trials, or in another order",
    "F9": "a scorer that raises or returns nonsense",
    "F10": "kill -9 at any moment, then the same run again",
    "F11": "a baseline that cannot be written",
    "F12": "eight processes write one cache",
    "F13": "a cache that is torn, of another version, unreadable",
    "F14": "case files: torn, BOM, CRLF, duplicate ids, too large",
    "F15": "Ctrl-C, then the same run again",
    "F16": "the budget is reached with requests in flight",
    "F17": "the clock of the machine, or of the server, is wrong",
    "F18": "the provider's model is another one than recorded",
    "F19": "the baseline is missing, broken, old, in conflict",
    "F20": "cases added, removed, changed, none left",
    "F21": "some replies never come",
    "F22": "a request with other settings than the cached one",
    "F23": "replies that were cut off or filtered",
    "F24": "replies in any order, one or many at once",
    "F25": "line ends, marks and scripts of every kind in a template",
    "F26": "an optimizer model that answers nonsense",
    "F27": "no candidate is better",
    "F28": "very many cases",
    "F29": "xdist, -x, -k, random order, parts of a suite",
    "F30": "running event loops, other hash seeds",
}

COVER = {
    "F1": [
        "unit/test_models_retry_after.py::test_every_form_of_retry_after_is_read",
        "unit/test_models_retry_after.py::test_no_text_is_negative_or_breaks_anything",
        "unit/test_models_retry.py::test_200_rejected_requests_do_not_come_back_at_once",
        "unit/test_models_throttle.py::test_a_limit_is_used_to_the_full_and_hardly_ever_run_into",
    ],
    "F2": [
        "unit/test_models_openai.py::test_a_burst_of_faults_loses_no_reply",
        "unit/test_models_patience.py::test_a_burst_of_faults_is_one_reply_for_each_call",
    ],
    "F3": [
        "unit/test_models_openai.py::test_a_body_that_is_no_completion_is_the_endpoints_fault_and_tried_again",
        "unit/test_models_direct.py::test_both_ways_read_the_same",
        "unit/test_models_wire.py::test_any_body_is_a_completion_that_can_be_kept_or_is_refused",
    ],
    "F4": [
        "unit/test_models_patience.py::test_a_reply_that_comes_too_late_is_not_used_and_both_requests_are_paid",
        "unit/test_models_openai.py::test_a_reply_that_takes_too_long_is_an_error_naming_the_limit",
        "unit/test_models_direct.py::test_a_request_that_is_given_up_leaves_no_half_read_connection",
    ],
    "F5": [
        "unit/test_models_patience.py::test_a_key_that_is_refused_ends_the_run_after_ten_requests",
        "unit/test_models_openai.py::test_a_lasting_fault_is_told_in_the_providers_words_and_not_tried_again",
        "unit/test_models_engine.py::test_a_lasting_failure_is_not_tried_again",
    ],
    "F6": [
        "unit/test_models_openai.py::test_a_passing_fault_is_overcome_with_a_byte_equal_request",
    ],
    "F7": [
        "unit/test_models_openai.py::test_what_the_model_said_is_a_completion",
        "plugin/test_bodies.py::test_the_whole_completion_can_be_checked",
    ],
    "F8": [
        "unit/test_models_engine.py::test_replies_stand_in_the_order_of_the_calls_whatever_comes_first",
    ],
    "F9": [
        "plugin/test_bodies.py::test_outcomes_of_a_body_are_scores",
        "plugin/test_bodies.py::test_an_exception_in_every_case_is_an_error_of_the_test",
    ],
    "F10": [
        "unit/test_models_cache_keeping.py::test_kill_9_at_any_step_of_a_write_leaves_what_was_stored",
        "unit/test_models_engine.py::test_kill_9_loses_no_reply_that_was_handed_out",
        "unit/test_models_engine.py::test_a_reply_is_in_the_cache_before_it_is_handed_out",
        "plugin/test_resuming.py::test_a_search_that_is_killed_anywhere_ends_alike_and_pays_for_nothing_twice",
    ],
    "F11": [
        "plugin/test_hostile.py::test_a_baseline_that_cannot_be_written_fails_the_run"
    ],
    "F12": [
        "unit/test_models_cache.py::test_eight_processes_fill_one_new_cache_without_losing_a_reply",
    ],
    "F13": [
        "unit/test_models_cache.py::test_a_corrupt_file_is_set_aside_and_the_run_goes_on",
        "unit/test_models_cache.py::test_a_file_of_another_version_is_set_aside",
        "unit/test_models_cache.py::test_a_folder_that_cannot_be_written_leaves_a_cache_in_memory",
        "unit/test_models_cache_keeping.py::test_a_log_that_ends_anywhere_gives_the_replies_before_that",
    ],
    "F14": [
        "unit/test_cases_json_rows.py::test_a_bad_line_is_named_with_line_column_and_reason",
        "unit/test_cases_loading.py::test_a_repeated_id_names_both_lines",
        "unit/test_cases_loading.py::test_a_file_that_is_too_large_is_refused_unread",
    ],
    "F15": [
        "plugin/test_progress.py::test_an_interrupted_run_says_what_was_done_and_asks_only_for_the_rest",
        "unit/test_models_engine.py::test_closing_keeps_every_finished_reply",
    ],
    "F16": [
        "unit/test_models_engine.py::test_a_spent_budget_stops_exactly_there",
        "unit/test_models_budget.py::test_so_many_on_their_way_cannot_spend_more_than_there_is_together",
        "unit/test_models_budget.py::test_eight_processes_together_never_take_more_than_there_is",
        "plugin/test_budget.py::test_a_test_that_lacks_a_single_reply_for_want_of_budget_does_not_pass",
    ],
    "F17": [
        "unit/test_models_retry_after.py::test_a_date_is_measured_by_the_services_own_clock",
        "unit/test_models_budget.py::test_two_processes_see_one_time_and_one_sum",
    ],
    "F18": [
        "plugin/test_two_looks.py::test_drift_is_said_once_for_the_suite_and_does_not_fail",
        "plugin/test_gating.py::test_another_endpoint_behind_the_same_name_is_called_once",
    ],
    "F19": [
        "plugin/test_gating.py::test_without_a_baseline_a_test_warns_here_and_fails_under_ci",
        "plugin/test_hostile.py::test_a_broken_baseline_is_named_with_a_command_that_mends_it",
        "plugin/test_recording.py::test_a_record_with_conflict_markers_names_the_line_and_the_command_that_mends_it",
    ],
    "F20": [
        "unit/test_gate_lost.py::test_changed_and_added_cases_are_named_and_not_compared",
        "plugin/test_gating.py::test_deleting_the_cases_that_fail_is_not_silently_green",
        "unit/test_cases_loading.py::test_a_file_without_cases_is_refused",
    ],
    "F21": [
        "plugin/test_outages.py::test_what_an_outage_leaves_unjudged_is_an_error",
        "plugin/test_outages.py::test_a_second_look_with_a_third_of_its_replies_missing_decides_nothing",
        "unit/test_gate_lost.py::test_many_missing_replies_are_an_error_not_a_verdict",
        "unit/test_gate_lost.py::test_missing_replies_that_could_hide_a_drop_do_not_pass",
    ],
    "F22": [
        "unit/test_models_engine.py::test_settings_and_endpoint_are_part_of_the_key"
    ],
    "F23": [
        "unit/test_models_cache_keeping.py::test_a_reply_that_was_cut_short_is_given_again_in_its_own_run_only",
        "unit/test_models_cache_keeping.py::test_a_whole_reply_takes_the_place_of_one_that_was_cut_short",
    ],
    "F24": [
        "unit/test_models_engine.py::test_replies_do_not_depend_on_completion_order_or_concurrency",
        "plugin/test_two_looks.py::test_the_order_in_which_replies_come_changes_no_verdict",
    ],
    "F25": [
        "unit/test_patch.py::test_any_text_survives_git",
        "unit/test_patch.py::test_git_applies_the_diff_byte_exactly",
    ],
    "F26": [
        "unit/test_strategy_opro.py::test_no_reply_breaks_the_search",
        "unit/test_optimize_parsing.py::test_anything_else_is_unparsable_and_says_why",
    ],
    "F27": [
        "plugin/test_optimizing.py::test_an_old_diff_is_removed_when_nothing_is_proposed",
        "unit/test_patch.py::test_no_edit_and_an_edit_without_effect_give_no_diff",
    ],
    "F28": [],
    "F29": [
        "plugin/test_xdist.py::test_verdicts_are_the_same_however_the_suite_is_run",
        "plugin/test_xdist.py::test_a_random_order_changes_nothing",
        "plugin/test_gating.py::test_the_suite_shares_one_error_rate_whatever_k_selects",
    ],
    "F30": [
        "plugin/test_async.py::test_pytest_asyncio_runs_the_bodies_on_its_loop",
        "plugin/test_async.py::test_anyio_runs_the_bodies_on_both_backends",
        "unit/test_strategy_opro.py::test_the_same_run_takes_the_same_path_under_any_hash_seed",
    ],
}


def missing(fault: str) -> list[str]:
    """Return the tests of a fault that do not exist."""
    return [entry for entry in COVER[fault] if not _exists(entry)]


def _exists(entry: str) -> bool:
    file, _, name = entry.partition("::")
    path = TESTS / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text("utf-8"))
    return any(
        isinstance(node, ast.FunctionDef) and node.name == name
        for node in ast.walk(tree)
    )
