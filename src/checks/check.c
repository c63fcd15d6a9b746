/*
 * check.c
 *		Asking a run's checks.
 *
 * A check is a query that returns the violations.  It runs as the run's role
 * in the run's sandbox, wrapped so that each row comes back as one jsonb
 * object: the evidence.  Columns named "observed" and "expected" are shown as
 * such.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "src/base/errcodes.h"
#include "src/base/text.h"
#include "src/checks/check.h"
#include "src/metrics/metric.h"

/* one check, prepared */
typedef struct CtCheck
{
	const CtPlanCheck *plan;
	CtStatement *statement;
	CtCheckResult *found;		/* during the run, or in its first execution that
								 * violates it; or NULL */
	bool		violated;		/* by the last execution */
	int64		executions;		/* that violate it */
} CtCheck;

struct CtChecks
{
	const CtPlan *plan;
	CtSession  *session;
	int64		run_id;
	MemoryContext context;		/* what is found lives here */
	CtSymbols  *symbols;
	CtVariables *vars;
	int			n;
	CtCheck    *checks;
	bool	   *used;			/* by any of them, of each variable */

	/* how much evidence there is */
	Size		evidence_size;
	int			rows_cut;
	int			rows_left_out;
};

/* where a check's rows go */
typedef struct CtViolations
{
	CtCheckResult *result;
	CtChecks   *checks;
} CtViolations;

/* columns of check_wrapped_query() before those of the check */
#define OWN_COLUMNS	3

/*
 * The evidence of a row that is too large to be kept: its columns as texts,
 * each cut where it is long, and no more of them than fit.  Where it has
 * columns of these names, they go into the anomaly, too.
 */
static void
check_cut_evidence(CtAnomalyResult *anomaly, int ncolumns, const char *const *names,
				   const char *const *values)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (i = OWN_COLUMNS; i < ncolumns; i++)
	{
		const char *value = ct_clip_text(values[i], CT_MAX_CUT_SIZE);

		if (strcmp(names[i], "observed") == 0)
			anomaly->observed = value;
		if (strcmp(names[i], "expected") == 0)
			anomaly->expected = value;
		if (buf.len > CT_MAX_ROW_SIZE)
			continue;
		if (buf.len > 1)
			appendStringInfoString(&buf, ", ");
		escape_json(&buf, names[i]);
		appendStringInfoString(&buf, ": ");
		if (value == NULL)
			appendStringInfoString(&buf, "null");
		else
			escape_json(&buf, value);
	}
	appendStringInfoChar(&buf, '}');
	anomaly->evidence = buf.data;
}

static bool
check_take_violation(void *arg, int ncolumns, const char *const *names, const Oid *types,
					 const char *const *values)
{
	CtViolations *violations = arg;
	CtCheckResult *result = violations->result;
	CtChecks   *checks = violations->checks;
	CtAnomalyResult *anomaly;
	MemoryContext oldcontext;

	result->violations++;
	if (list_length(result->anomalies) >= CT_MAX_EVIDENCE)
		return false;

	anomaly = MemoryContextAllocZero(checks->context, sizeof(CtAnomalyResult));
	anomaly->check = result->name;
	anomaly->kind = result->kind;
	anomaly->first_seen = GetCurrentTimestamp();
	if (values[0] != NULL)
	{
		anomaly->evidence = values[0];
		anomaly->observed = ct_clip_text(values[1], CT_MAX_CUT_SIZE);
		anomaly->expected = ct_clip_text(values[2], CT_MAX_CUT_SIZE);
	}
	else
	{
		check_cut_evidence(anomaly, ncolumns, names, values);
		checks->rows_cut++;
	}
	if (checks->evidence_size + strlen(anomaly->evidence) > CT_MAX_RUN_EVIDENCE)
	{
		anomaly->evidence = NULL;
		checks->rows_left_out++;
	}

	/* what was made of the row until here is the row's memory */
	oldcontext = MemoryContextSwitchTo(checks->context);
	if (anomaly->evidence != NULL)
	{
		checks->evidence_size += strlen(anomaly->evidence);
		anomaly->evidence = pstrdup(anomaly->evidence);
	}
	anomaly->observed = anomaly->observed ? pstrdup(anomaly->observed) : NULL;
	anomaly->expected = anomaly->expected ? pstrdup(anomaly->expected) : NULL;
	result->anomalies = lappend(result->anomalies, anomaly);
	MemoryContextSwitchTo(oldcontext);
	return list_length(result->anomalies) < CT_MAX_EVIDENCE;
}

const char *
ct_checks_complaint(const CtChecks *checks)
{
	if (checks->rows_cut == 0 && checks->rows_left_out == 0)
		return NULL;
	return psprintf("evidence is incomplete: %d rows of more than %d bytes were cut, %d left out beyond %d kB in all",
					checks->rows_cut, CT_MAX_ROW_SIZE, checks->rows_left_out,
					CT_MAX_RUN_EVIDENCE / 1024);
}

/*
 * The check's query, wrapped: its row as a JSON object, unless it is too large
 * for that, of which "observed" and "expected"; then its columns.  A row that
 * isn't an object can't be, since a query's row is a composite.  OFFSET keeps
 * the planner from having each of them computed several times.
 */
static const CtSql *
check_wrapped_query(const CtPlanCheck *check, CtSymbols *symbols, bool dry)
{
	CtScript   *script = ct_script_parse(check->name, check->query, symbols, false);
	char	   *query;

	if (script->ncommands != 1 || script->commands[0].kind != CT_COMMAND_SQL ||
		script->commands[0].nstatements != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("check \"%s\" must be one query", check->name)));
	query = psprintf("SELECT ct_w.ct_e, ct_w.ct_e OPERATOR(pg_catalog.->>) 'observed'::pg_catalog.text,"
					 " ct_w.ct_e OPERATOR(pg_catalog.->>) 'expected'::pg_catalog.text, ct_v.*"
					 " FROM (SELECT * FROM (\n%s\n) ct_u OFFSET 0) ct_v CROSS JOIN LATERAL"
					 " (SELECT CASE WHEN pg_catalog.pg_column_size(ct_v.*) OPERATOR(pg_catalog.<=) %d"
					 " THEN pg_catalog.to_jsonb(ct_v.*) END OFFSET 0) ct_w (ct_e)%s",
					 script->commands[0].statements[0].text, CT_MAX_ROW_SIZE, dry ? " LIMIT 0" : "");
	script = ct_script_parse(check->name, query, symbols, false);
	return &script->commands[0].statements[0];
}

static void
check_set_number(CtVariables *vars, int slot, double number)
{
	CtValue		value;

	/* what a double can say exactly */
	if (fabs(number) <= 9007199254740992.0 && number == rint(number))
	{
		value.type = CT_VALUE_INT;
		value.u.i = (int64) number;
	}
	else
	{
		value.type = CT_VALUE_DOUBLE;
		value.u.d = number;
	}
	ct_variables_set(vars, slot, value);
}

/*
 * Gives a value to every variable of results that a check names; results is
 * NULL before there are any.
 */
static void
check_set_result_variables(CtChecks *checks, const CtResults *results)
{
	const CtSymbols *symbols = checks->symbols;
	CtVariables *vars = checks->vars;
	int			slot;

	/* parameters of the same names are the user's, and come first */
	for (slot = CT_NPREDEFINED + list_length(checks->plan->param_names);
		 slot < ct_symbols_count(symbols); slot++)
	{
		const char *name = ct_symbols_name(symbols, slot);
		double		number = 0;
		ListCell   *lc;

		if (!checks->used[slot])
			continue;
		if (strcmp(name, "transactions") == 0)
			number = results ? results->all_transactions : 0;
		else if (strcmp(name, "failed") == 0)
			number = results ? results->failed : 0;
		else if (strcmp(name, "retries") == 0)
			number = results ? results->retries : 0;
		else if (strcmp(name, "workers") == 0)
			number = results ? results->workers : 0;
		else if (strncmp(name, CT_OUTCOME_PREFIX, strlen(CT_OUTCOME_PREFIX)) == 0)
		{
			if (results)
				foreach(lc, results->outcomes)
				{
					CtOutcomeResult *outcome = lfirst(lc);

					if (strcmp(outcome->label, name + strlen(CT_OUTCOME_PREFIX)) == 0)
						number += outcome->count;
				}
		}
		else if (strncmp(name, CT_TALLY_PREFIX, strlen(CT_TALLY_PREFIX)) == 0)
		{
			if (results)
				foreach(lc, results->tallies)
				{
					CtTallyResult *tally = lfirst(lc);

					if (strcmp(tally->name, name + strlen(CT_TALLY_PREFIX)) == 0)
						number += tally->value;
				}
		}
		else
			continue;
		check_set_number(vars, slot, number);
	}
}

static void
check_error_context(void *arg)
{
	errcontext("check \"%s\"", ((const CtPlanCheck *) arg)->name);
}

static void
check_execute(CtChecks *checks, const CtPlanCheck *check, CtStatement *statement,
			  CtRowTaker taker, void *taker_arg)
{
	ErrorContextCallback callback;

	callback.callback = check_error_context;
	callback.arg = unconstify(CtPlanCheck *, check);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	(void) ct_session_execute(checks->session, statement, checks->vars, false, taker, taker_arg);
	error_context_stack = callback.previous;
}

/* Which variables do the checks name? */
static void
check_note_used(CtChecks *checks, const CtSql *sql)
{
	int			i;

	for (i = 0; i < sql->nrefs; i++)
		checks->used[sql->refs[i].slot] = true;
}

CtChecks *
ct_checks_prepare(const CtPlan *plan, CtSession *session, int64 run_id)
{
	CtChecks   *checks = palloc0(sizeof(CtChecks));
	CtStatement **dry;
	const CtSql **queries;
	ListCell   *lc;
	int			i;

	checks->plan = plan;
	checks->session = session;
	checks->run_id = run_id;
	checks->context = CurrentMemoryContext;
	checks->symbols = ct_plan_symbols(plan);
	checks->checks = palloc0(Max(list_length(plan->checks), 1) * sizeof(CtCheck));
	dry = palloc(Max(list_length(plan->checks), 1) * sizeof(CtStatement *));
	queries = palloc(Max(list_length(plan->checks), 1) * sizeof(CtSql *));
	foreach(lc, plan->checks)
	{
		CtCheck    *check = &checks->checks[checks->n];

		check->plan = lfirst(lc);
		dry[checks->n] = session->prepare(session, check_wrapped_query(check->plan, checks->symbols, true),
										  checks->symbols);
		queries[checks->n] = check_wrapped_query(check->plan, checks->symbols, false);
		check->statement = session->prepare(session, queries[checks->n], checks->symbols);
		checks->n++;
	}

	checks->vars = ct_variables_create(checks->symbols);
	checks->used = palloc0(Max(ct_symbols_count(checks->symbols), 1) * sizeof(bool));
	for (i = 0; i < checks->n; i++)
		check_note_used(checks, queries[i]);
	ct_plan_set_variables(plan, checks->symbols, checks->vars, run_id, 0, 0);
	check_set_result_variables(checks, NULL);
	for (i = 0; i < checks->n; i++)
		check_execute(checks, checks->checks[i].plan, dry[i], NULL, NULL);
	return checks;
}

static CtCheckResult *
check_ask(CtChecks *checks, const CtCheck *check, const CtResults *results, bool during)
{
	CtViolations violations;
	CtCheckResult *result;

	result = MemoryContextAllocZero(checks->context, sizeof(CtCheckResult));
	result->name = check->plan->name;
	result->kind = check->plan->kind;
	result->target = "0 rows";
	result->during = during;
	result->after = results->all_transactions;
	violations.result = result;
	violations.checks = checks;
	check_execute(checks, check->plan, check->statement, check_take_violation, &violations);
	result->holds = result->violations == 0;
	return result;
}

void
ct_checks_ask_during(CtChecks *checks, const CtResults *results)
{
	int			i;

	check_set_result_variables(checks, results);
	for (i = 0; i < checks->n; i++)
	{
		CtCheck    *check = &checks->checks[i];
		CtCheckResult *result;

		/* the first time that it was violated is what is to be told */
		if (!check->plan->during || check->found != NULL)
			continue;
		result = check_ask(checks, check, results, true);
		if (result->holds)
			pfree(result);
		else
			check->found = result;
	}
}

List *
ct_checks_ask(CtChecks *checks, const CtResults *results)
{
	List	   *answers = NIL;
	int			i;

	check_set_result_variables(checks, results);
	for (i = 0; i < checks->n; i++)
	{
		CtCheck    *check = &checks->checks[i];
		CtCheckResult *result = check->found ? check->found : check_ask(checks, check, results, false);

		result->actual = psprintf(INT64_FORMAT " row%s", result->violations,
								  result->violations == 1 ? "" : "s");
		answers = lappend(answers, result);
	}
	return answers;
}

/* ---- of an exploration ---- */

static bool
check_note_violation(void *arg, int ncolumns, const char *const *names, const Oid *types,
					 const char *const *values)
{
	(*(int64 *) arg)++;
	return false;
}

/* What a check has found first, in words; NULL if its row has no such columns. */
static char *
check_gist(const CtCheckResult *result)
{
	const CtAnomalyResult *anomaly = result->anomalies ? linitial(result->anomalies) : NULL;

	if (anomaly == NULL || anomaly->observed == NULL)
		return NULL;
	return anomaly->expected == NULL ? psprintf("observed %s", anomaly->observed) :
		psprintf("observed %s, expected %s", anomaly->observed, anomaly->expected);
}

int
ct_checks_ask_execution(CtChecks *checks, const CtResults *results, char **gist)
{
	MemoryContext context = CurrentMemoryContext;
	int			first = -1;
	int			i;

	check_set_result_variables(checks, results);
	for (i = 0; i < checks->n; i++)
	{
		CtCheck    *check = &checks->checks[i];

		if (check->found == NULL || (gist != NULL && first < 0))
		{
			CtCheckResult *result = check_ask(checks, check, results, false);

			check->violated = !result->holds;
			MemoryContextSwitchTo(context);
			if (check->violated && gist != NULL && first < 0)
				*gist = check_gist(result);
			if (check->violated && check->found == NULL)
				check->found = result;
			else
				pfree(result);
		}
		else
		{
			int64		rows = 0;

			check_execute(checks, check->plan, check->statement, check_note_violation, &rows);
			check->violated = rows > 0;
		}
		if (check->violated && first < 0)
			first = i;
	}
	return first;
}

void
ct_checks_count_execution(CtChecks *checks)
{
	int			i;

	for (i = 0; i < checks->n; i++)
		checks->checks[i].executions += checks->checks[i].violated;
}

List *
ct_checks_explored(const CtChecks *checks, int64 executions)
{
	List	   *answers = NIL;
	int			i;

	for (i = 0; i < checks->n; i++)
	{
		const CtCheck *check = &checks->checks[i];
		CtCheckResult *result = palloc0(sizeof(CtCheckResult));

		if (check->found != NULL)
			*result = *check->found;
		result->name = check->plan->name;
		result->kind = check->plan->kind;
		result->target = "0 rows";
		result->violations = check->executions;
		result->holds = check->executions == 0;
		result->actual = check->executions == 0 ? "0 rows" :
			psprintf("rows after " INT64_FORMAT " of " INT64_FORMAT " executions", check->executions,
					 executions);
		result->after = executions;
		answers = lappend(answers, result);
	}
	return answers;
}

/* ---- thresholds and errors ---- */

static double
check_quantile_ms(const CtHistogram *h, double q)
{
	return ct_histogram_quantile(h, q) / 1e6;
}

/*
 * Jain's index of fairness: 1 if all workers completed the same number of
 * transactions, 1/n if one of n completed all of them.
 */
static double
check_fairness(const CtResults *results)
{
	double		sum = 0;
	double		squares = 0;
	ListCell   *lc;

	foreach(lc, results->worker_results)
	{
		double		n = ((CtWorkerResult *) lfirst(lc))->transactions;

		sum += n;
		squares += n * n;
	}
	return squares > 0 ? sum * sum / (list_length(results->worker_results) * squares) :
		get_float8_nan();
}

/* the rows that the checks have returned, errors and thresholds not being such checks */
static double
check_count_anomalies(const CtResults *results)
{
	double		n = 0;
	ListCell   *lc;

	foreach(lc, results->checks)
	{
		const CtCheckResult *check = lfirst(lc);

		if (strcmp(check->kind, "threshold") != 0 && strcmp(check->kind, "error") != 0)
			n += check->violations;
	}
	return n;
}

static void
check_set_latencies(CtMetrics *input, const CtHistogram *h)
{
	input->mean_ms = ct_histogram_mean(h) / 1e6;
	input->stddev_ms = ct_histogram_stddev(h) / 1e6;
	input->p50_ms = check_quantile_ms(h, 0.50);
	input->p90_ms = check_quantile_ms(h, 0.90);
	input->p95_ms = check_quantile_ms(h, 0.95);
	input->p99_ms = check_quantile_ms(h, 0.99);
	input->p999_ms = check_quantile_ms(h, 0.999);
	input->max_ms = h->count > 0 ? h->max / 1e6 : get_float8_nan();
}

/* per second of the measured part */
static double
check_rate(const CtResults *results, double n)
{
	return results->seconds > 0 ? n / results->seconds : 0;
}

static CtMetrics
check_run_input(const CtResults *results)
{
	CtMetrics	input;

	input.tps = check_rate(results, results->transactions);
	input.transactions = results->transactions;
	input.failed = results->failed;
	input.retries = results->retries;
	input.errors = ct_results_errors(results, -1, 0);
	input.deadlocks = ct_results_errors(results, -1, ERRCODE_T_R_DEADLOCK_DETECTED);
	input.serialization_failures = ct_results_errors(results, -1, ERRCODE_T_R_SERIALIZATION_FAILURE);
	input.anomalies = check_count_anomalies(results);
	input.fairness = check_fairness(results);
	input.rows_per_s = check_rate(results, results->rows);
	input.connect_ms = results->connect_ns / 1e6;
	check_set_latencies(&input, results->latency);
	return input;
}

/* the sum of a tally; 0 where it was never said */
static double
check_tally(const CtResults *results, const char *name)
{
	ListCell   *lc;

	foreach(lc, results->tallies)
	{
		CtTallyResult *one = lfirst(lc);

		if (strcmp(one->name, name) == 0)
			return one->value;
	}
	return 0;
}

/* What a threshold's metric has come to; run: of the run as a whole. */
static double
check_actual_value(const CtProgramThreshold *threshold, const CtResults *results, const CtMetrics *run)
{
	const CtHistogram *h;
	CtMetrics	input = *run;

	if (threshold->kind == CT_OF_RUN)
		return ct_metric_actual(threshold->metric, run);
	if (threshold->kind == CT_OF_TALLY)
		return check_tally(results, threshold->metric);

	/* of the members these are what there can be of such a thing */
	h = &results->histograms[threshold->histogram];
	check_set_latencies(&input, h);
	input.transactions = h->counted;
	input.tps = check_rate(results, h->counted);
	if (threshold->kind == CT_OF_SCRIPT)
	{
		input.errors = ct_results_errors(results, threshold->script, 0);
		input.deadlocks = ct_results_errors(results, threshold->script, ERRCODE_T_R_DEADLOCK_DETECTED);
		input.serialization_failures =
			ct_results_errors(results, threshold->script, ERRCODE_T_R_SERIALIZATION_FAILURE);
	}
	return ct_metric_actual(threshold->metric, &input);
}

/* Where the first one of its kind was raised, as JSON. */
static char *
check_error_evidence(const CtProgram *program, const CtErrorResult *error)
{
	const CtScript *script = program->scripts[error->script].script;
	StringInfoData buf;

	if (error->command < 0)
		return NULL;
	initStringInfo(&buf);
	appendStringInfoString(&buf, "{\"script\": ");
	escape_json(&buf, script->name);
	if (error->command < script->ncommands)
	{
		appendStringInfo(&buf, ", \"step\": %d, \"line\": %d, \"statement\": ",
						 error->command + 1, script->commands[error->command].line);
		escape_json(&buf, ct_clip_text(script->commands[error->command].source, CT_MAX_CUT_SIZE));
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

/*
 * The first of the errors that a metric counts, NULL if it counts none or
 * there was none.
 */
static const CtErrorResult *
check_first_counted(const CtResults *results, const char *metric)
{
	const CtErrorResult *first = NULL;
	bool		ended = strcmp(metric, "failed") == 0 || strcmp(metric, "error_rate") == 0 ||
		strcmp(metric, "success_rate") == 0;
	int			sqlstate = strcmp(metric, "deadlocks") == 0 ? ERRCODE_T_R_DEADLOCK_DETECTED :
		strcmp(metric, "serialization_failures") == 0 ? ERRCODE_T_R_SERIALIZATION_FAILURE : 0;
	ListCell   *lc;

	if (!ended && sqlstate == 0 && strcmp(metric, "errors") != 0)
		return NULL;
	foreach(lc, results->errors)
	{
		const CtErrorResult *error = lfirst(lc);

		if (sqlstate != 0 ? error->sqlstate != sqlstate :
			ended ? !error->unexpected : strcmp(error->handling, "expected") == 0)
			continue;
		if (first == NULL || error->first_seen < first->first_seen)
			first = error;
	}
	return first;
}

static void
check_measure_thresholds(const CtProgram *program, CtResults *results)
{
	CtMetrics	run = check_run_input(results);
	ListCell   *lc;

	foreach(lc, program->plan->thresholds)
	{
		CtPlanThreshold *threshold = lfirst(lc);
		CtCheckResult *result = palloc0(sizeof(CtCheckResult));
		CtAnomalyResult *anomaly;
		const CtErrorResult *error;
		double		actual = check_actual_value(&program->thresholds[foreach_current_index(lc)],
												results, &run);

		result->name = threshold->metric;
		result->kind = "threshold";
		result->target = psprintf("%s %.10g", threshold->op, threshold->target);
		result->actual = psprintf("%.6g", actual);
		result->holds = ct_metric_holds(actual, threshold->op, threshold->target);
		result->violations = result->holds ? 0 : 1;
		result->after = results->all_transactions;
		if (!result->holds)
		{
			anomaly = palloc0(sizeof(CtAnomalyResult));
			anomaly->check = result->name;
			anomaly->kind = result->kind;
			anomaly->observed = result->actual;
			anomaly->expected = result->target;
			anomaly->first_seen = GetCurrentTimestamp();
			error = check_first_counted(results, threshold->metric);
			if (error != NULL && error->command >= 0)
			{
				anomaly->evidence = check_error_evidence(program, error);
				result->note = psprintf("the first was %s (%s) in %s",
										unpack_sql_state(error->sqlstate),
										ct_condition_name(error->sqlstate),
										ct_program_place(program, error->script, error->command));
			}
			result->anomalies = list_make1(anomaly);
		}
		results->checks = lappend(results->checks, result);
	}
}

/* has the plan a threshold of its own on errors? */
static bool
check_tolerates_errors(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *threshold = lfirst(lc);

		if ((strcmp(threshold->metric, "errors") == 0 || strcmp(threshold->metric, "error_rate") == 0 ||
			 strcmp(threshold->metric, "failed") == 0) && strchr("<=", threshold->op[0]) != NULL &&
			strcmp(threshold->op, "<>") != 0)
			return true;
	}
	return false;
}

static int
check_compare_first_seen(const ListCell *a, const ListCell *b)
{
	TimestampTz left = ((CtErrorResult *) lfirst(a))->first_seen;
	TimestampTz right = ((CtErrorResult *) lfirst(b))->first_seen;

	return left < right ? -1 : left > right;
}

/* bytes of an error's message in a sentence; ct_errors has all of it */
#define MESSAGE_SHOWN	255

/*
 * An error that nobody expected is a violation of every scenario, be it one
 * that ended a transaction at once or after the last try.
 */
static void
check_measure_errors(const CtProgram *program, CtResults *results)
{
	CtCheckResult *result = palloc0(sizeof(CtCheckResult));
	List	   *errors = list_copy(results->errors);
	ListCell   *lc;

	list_sort(errors, check_compare_first_seen);

	result->name = "unexpected_errors";
	result->kind = "error";
	result->target = "0 errors";
	result->after = results->all_transactions;
	foreach(lc, errors)
	{
		CtErrorResult *error = lfirst(lc);
		CtAnomalyResult *anomaly;

		if (!error->unexpected)
			continue;
		result->violations += error->count;
		anomaly = palloc0(sizeof(CtAnomalyResult));
		anomaly->check = result->name;
		anomaly->kind = result->kind;
		anomaly->observed = psprintf(INT64_FORMAT " time%s %s (%s)%s: %s%s%s",
									 error->count, error->count == 1 ? "" : "s",
									 unpack_sql_state(error->sqlstate),
									 ct_condition_name(error->sqlstate),
									 strcmp(error->handling, "gave_up") == 0 ? " after the last try" : "",
									 ct_clip_text(error->message, MESSAGE_SHOWN),
									 error->command < 0 ? "" : "; the first in ",
									 error->command < 0 ? "" :
									 ct_program_place(program, error->script, error->command));
		anomaly->expected = "none";
		anomaly->evidence = check_error_evidence(program, error);
		anomaly->first_seen = error->first_seen;
		result->anomalies = lappend(result->anomalies, anomaly);
	}
	result->holds = result->violations == 0;
	result->actual = psprintf(INT64_FORMAT " error%s", result->violations,
							  result->violations == 1 ? "" : "s");
	results->checks = lappend(results->checks, result);
}

bool
ct_checks_have_failed(const CtChecks *checks, const CtProgram *program, const CtResults *results)
{
	const CtPlan *plan = checks->plan;
	CtMetrics	run = check_run_input(results);
	ListCell   *lc;
	int			i;

	for (i = 0; i < checks->n; i++)
	{
		if (checks->checks[i].found != NULL)
			return true;
	}
	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *planned = lfirst(lc);
		const CtProgramThreshold *threshold = &program->thresholds[foreach_current_index(lc)];

		if (threshold->kind != CT_OF_TALLY &&
			ct_metric_is_lost(threshold->metric, check_actual_value(threshold, results, &run),
							  planned->op, planned->target))
			return true;
	}
	if (!check_tolerates_errors(plan))
	{
		foreach(lc, results->errors)
		{
			if (((CtErrorResult *) lfirst(lc))->unexpected)
				return true;
		}
	}
	return false;
}

void
ct_checks_measure(const CtPlan *plan, const CtProgram *program, CtResults *results)
{
	check_measure_thresholds(program, results);
	if (!check_tolerates_errors(plan))
		check_measure_errors(program, results);
}

void
ct_checks_add_lock(CtResults *results, const char *who_waits)
{
	CtCheckResult *result = palloc0(sizeof(CtCheckResult));
	CtAnomalyResult *anomaly = palloc0(sizeof(CtAnomalyResult));

	anomaly->check = result->name = "locks_given_back";
	anomaly->kind = result->kind = "lock_leak";
	anomaly->observed = who_waits;
	anomaly->expected = "none";
	anomaly->first_seen = GetCurrentTimestamp();
	result->target = "no lock in the way";
	result->actual = "1 lock";
	result->violations = 1;
	result->anomalies = list_make1(anomaly);
	result->after = results->all_transactions;
	results->checks = lappend(results->checks, result);
}
