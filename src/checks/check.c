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
	CtCheckResult *found;		/* during the run, in all its rounds, or in its first
								 * execution that violates it; or NULL */
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
						number += tally->tally.sum;
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
check_make_result(CtChecks *checks, const CtCheck *check)
{
	CtCheckResult *result = MemoryContextAllocZero(checks->context, sizeof(CtCheckResult));

	result->name = check->plan->name;
	result->kind = check->plan->kind;
	result->target = "0 rows";
	return result;
}

/* Asks it, and adds to the result what is violated. */
static void
check_add(CtChecks *checks, const CtCheck *check, CtCheckResult *result)
{
	CtViolations violations;

	violations.result = result;
	violations.checks = checks;
	check_execute(checks, check->plan, check->statement, check_take_violation, &violations);
	result->holds = result->violations == 0;
}

static CtCheckResult *
check_ask(CtChecks *checks, const CtCheck *check, const CtResults *results, bool during)
{
	CtCheckResult *result = check_make_result(checks, check);

	result->during = during;
	result->after = results->all_transactions;
	check_add(checks, check, result);
	return result;
}

static CtCheckResult *
check_count_rows(CtCheckResult *result)
{
	result->actual = psprintf(INT64_FORMAT " row%s", result->violations,
							  result->violations == 1 ? "" : "s");
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

		answers = lappend(answers, check_count_rows(result));
	}
	return answers;
}

bool
ct_checks_found(const CtChecks *checks)
{
	int			i;

	for (i = 0; i < checks->n; i++)
		if (checks->checks[i].found != NULL)
			return true;
	return false;
}

/* ---- of rounds ---- */

bool
ct_checks_ask_round(CtChecks *checks, const CtResults *results, int round)
{
	bool		violated = false;
	int			i;

	check_set_result_variables(checks, results);
	for (i = 0; i < checks->n; i++)
	{
		CtCheck    *check = &checks->checks[i];
		int64		before = check->found ? check->found->violations : 0;

		if (check->found == NULL)
			check->found = check_make_result(checks, check);
		check_add(checks, check, check->found);
		violated |= check->found->violations > before;
		if (before == 0 && check->found->violations > 0)
		{
			check->found->round = round;
			check->found->after = results->all_transactions;
		}
	}
	return violated;
}

List *
ct_checks_of_rounds(CtChecks *checks)
{
	List	   *answers = NIL;
	int			i;

	for (i = 0; i < checks->n; i++)
		answers = lappend(answers, check_count_rows(checks->checks[i].found));
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
