/*
 * rows_explored.c
 *		The kinds of rows of explorations: see rows.c.
 *
 * Of runs that explore nothing there are none.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "src/base/errcodes.h"
#include "src/results/exploration.h"
#include "src/results/rows.h"

/* ---- the exploration as a whole ---- */

static const CtRowColumn exploration_columns[] = {
	CT_INT4_COLUMN(CtExplorationRow, sessions, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtExplorationRow, yield, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, executions, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, complete, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, cut, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, violating, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, not_serial, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, deadlocks, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, errors, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtExplorationRow, preemptions, CT_BOTH),
	CT_BOOL_COLUMN(CtExplorationRow, exhausted, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, serial_orders, CT_BOTH | CT_NOT_NULL),
	CT_TIME_COLUMN(CtExplorationRow, first_failure_at, CT_BOTH),
	CT_FLOAT8_COLUMN(CtExplorationRow, per_second, CT_BOTH),
	CT_INT8_COLUMN(CtExplorationRow, first_failure, CT_BOTH),
	CT_BOOL_COLUMN(CtExplorationRow, reduced, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, bounded, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, drawn, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtExplorationRow, drawn_failing, CT_BOTH | CT_NOT_NULL),
	CT_BOOL_COLUMN(CtExplorationRow, uniform, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtExplorationRow, stopped_by, CT_BOTH),
	CT_TEXT_COLUMN(CtExplorationRow, surrogates, CT_BOTH),
	CT_TEXT_COLUMN(CtExplorationRow, notes, CT_BOTH),
};

/* The texts in a row, with a separator between; NULL if there are none. */
static const char *
explored_join(const List *texts, const char *separator)
{
	StringInfoData buf;
	ListCell   *lc;

	if (texts == NIL)
		return NULL;
	initStringInfo(&buf);
	foreach(lc, texts)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? separator : "", (const char *) lfirst(lc));
	return buf.data;
}

static void
explored_put(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	const CtExploration *found = results->exploration;
	CtExplorationRow row;

	if (found == NULL)
		return;
	row = (CtExplorationRow) {
		.sessions = found->sessions,
		.yield = found->inside ? "inside" : "statement",
		.executions = found->executions,
		.complete = found->complete,
		.cut = found->cut,
		.violating = found->violating,
		.not_serial = found->not_serial,
		.deadlocks = found->deadlocks,
		.errors = found->errors,
		.preemptions = found->preemptions == INT_MAX ? -1 : found->preemptions,
		.exhausted = found->exhausted,
		.serial_orders = found->serial_orders,
		.first_failure_at = found->first_failure_at,
		.per_second = isnan(found->per_second) ? found->per_second : rint(found->per_second * 10) / 10,
		.first_failure = found->first_failure > 0 ? found->first_failure : -1,
		.reduced = found->reduced,
		.bounded = found->bounded,
		.drawn = found->drawn,
		.drawn_failing = found->drawn_failing,
		.uniform = found->uniform,
		.stopped_by = found->stopped_by,
		.surrogates = explored_join(found->surrogates, ", "),
		.notes = explored_join(found->notes, "\n"),
	};
	ct_rowset_put(writer, &row);
}

const CtRowKind ct_exploration_rows = {
	.key = "explorations",
	.set = {
		.table = "ct_result_exploration", .view = "ct_explorations", .order = "sessions",
		.size = sizeof(CtExplorationRow), .columns = exploration_columns,
		.ncolumns = lengthof(exploration_columns),
	},
	.put = explored_put,
};

/* ---- kinds of results, each by its shortest order ---- */

static const CtRowColumn permutation_columns[] = {
	CT_TEXT_COLUMN(CtPermutationRow, result, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtPermutationRow, check_name, CT_BOTH),
	CT_TEXT_COLUMN(CtPermutationRow, sqlstate, CT_BOTH),
	CT_INT8_COLUMN(CtPermutationRow, executions, CT_BOTH | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtPermutationRow, permutation, CT_INT4S, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtPermutationRow, preemptions, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtPermutationRow, place, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtPermutationRow, gist, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtPermutationRow, serial_order, CT_BOTH),
	CT_TEXT_COLUMN(CtPermutationRow, state, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtPermutationRow, serial_state, CT_BOTH | CT_CLIPPED),
};

static void
explored_put_permutations(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	if (results->exploration == NULL)
		return;
	foreach(lc, results->exploration->permutations)
	{
		const CtPermutationResult *found = lfirst(lc);
		CtPermutationRow row = {
			.result = ct_execution_result_name(found->result),
			.check_name = found->check_name,
			.sqlstate = found->sqlstate ? ct_sqlstate_text(found->sqlstate) : NULL,
			.executions = found->executions,
			.permutation = {found->npermutation, found->permutation},
			.preemptions = found->preemptions,
			.place = foreach_current_index(lc) + 1,
			.gist = found->gist,
			.serial_order = found->serial_order,
			.state = found->state,
			.serial_state = found->serial_state,
		};

		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_permutation_rows = {
	.key = "permutations",
	.set = {
		.table = "ct_result_permutation", .view = "ct_permutations", .order = "place",
		.size = sizeof(CtPermutationRow), .columns = permutation_columns,
		.ncolumns = lengthof(permutation_columns),
	},
	.put = explored_put_permutations,
};

/* ---- the steps of these orders ---- */

static const CtRowColumn step_columns[] = {
	CT_TEXT_COLUMN(CtStepRow, result, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtStepRow, check_name, CT_BOTH),
	CT_INT4_COLUMN(CtStepRow, position, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtStepRow, session, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtStepRow, function, CT_BOTH),
	CT_INT4_COLUMN(CtStepRow, line, CT_BOTH),
	CT_TEXT_COLUMN(CtStepRow, query, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtStepRow, event, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtStepRow, waits_for, CT_BOTH),
	CT_INT8_COLUMN(CtStepRow, rows, CT_BOTH),
	CT_TEXT_COLUMN(CtStepRow, first_row, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtStepRow, error, CT_BOTH | CT_CLIPPED),
	CT_BOOL_COLUMN(CtStepRow, conflicts, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtStepRow, place, CT_BOTH | CT_NOT_NULL),
};

static void
explored_put_steps(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (results->exploration == NULL)
		return;
	foreach(lc, results->exploration->permutations)
	{
		const CtPermutationResult *found = lfirst(lc);

		foreach(lc2, found->steps)
		{
			const CtStepResult *step = lfirst(lc2);
			CtStepRow	row = {
				.result = ct_execution_result_name(found->result),
				.check_name = found->check_name,
				.position = foreach_current_index(lc2) + 1,
				.session = step->session,
				.function = step->function,
				.line = step->line > 0 ? step->line : -1,
				.query = step->query,
				.event = ct_step_event_name(step->event),
				.waits_for = step->waits_for > 0 ? step->waits_for : -1,
				.rows = step->rows,
				.first_row = step->first_row,
				.error = step->error,
				.conflicts = step->conflicts,
				.place = foreach_current_index(lc) + 1,
			};

			ct_rowset_put(writer, &row);
		}
	}
}

const CtRowKind ct_step_rows = {
	.key = "steps",
	.set = {
		.table = "ct_result_step", .view = "ct_steps", .order = "place, \"position\"",
		.size = sizeof(CtStepRow), .columns = step_columns, .ncolumns = lengthof(step_columns),
	},
	.put = explored_put_steps,
};
