/*
 * make.c
 *		Making a run's plan of a scenario, or of ct_test's arguments.
 *
 * In the caller of ct_run.  A plan is put together as a CtPlan first and then
 * written as a document (document.c).  Definitions are read as they are at this
 * moment, those that the caller hasn't committed yet included.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "src/base/errcodes.h"
#include "src/base/near_match.h"
#include "src/catalog/definition.h"
#include "src/plan/plan.h"
#include "src/plan/threshold.h"
#include "src/plan/validate.h"

/* ---- reading definitions ---- */

/* a column of type text[] with the names of errors */
static List *
errors_column(int number, const char *what, bool labels)
{
	bool		isnull;
	Datum		value = ct_definition_value(0, number, &isnull);

	return ct_validate_errors(what, isnull ? NULL : DatumGetArrayTypePCopy(value), labels);
}

/* Names of the scenario's variants, of which there is at least the implicit one. */
static List *
read_variants(MemoryContext context, const char *scenario)
{
	List	   *names = ct_definition_variants(context, scenario);

	if (names != NIL)
		return names;

	ct_definition_query(context, "SELECT 1 FROM @ct_scenario WHERE name = $1 AND $2 IS NULL",
						scenario, NULL);
	if (SPI_processed == 0)
		ct_definition_unknown_scenario(context, scenario);
	return list_make1(pstrdup(CT_DEFAULT_VARIANT));
}

/* The variant of that name, by default the first one; raises if there is none. */
static char *
choose_variant(MemoryContext context, const char *scenario, const char *variant)
{
	List	   *variants;

	ct_definition_query(context,
						"SELECT name FROM @ct_variant WHERE scenario = $1"
						" AND ($2 IS NULL OR name = $2) ORDER BY position LIMIT 1",
						scenario, variant);
	if (SPI_processed > 0)
		return ct_definition_text(0, 1);
	variants = read_variants(context, scenario);
	if (variant != NULL && strcmp(variant, linitial(variants)) != 0)
		ct_definition_unknown_variant(scenario, variant, variants);
	return linitial(variants);
}

static void
check_scenario_name(const char *scenario)
{
	if (scenario == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the scenario must not be null")));
}

List *
ct_plan_variants(const char *scenario)
{
	MemoryContext context = CurrentMemoryContext;
	CtCatalogScope scope;
	List	   *names;

	check_scenario_name(scenario);
	ct_catalog_enter_to_read(&scope);
	names = read_variants(context, scenario);
	ct_catalog_leave(&scope);
	MemoryContextSwitchTo(context);
	return names;
}

/*
 * The plan's part that the scenario says, of those numbers the unset ones
 * being 0 but for max_tries and min_overlap, which are -1 then.  *owner is
 * invalid for a bundled one, which is everybody's.
 */
static void
read_scenario(MemoryContext context, CtPlan *plan, Jsonb **params, char **transactions_expr,
			  Oid *owner)
{
	bool		isnull;
	Datum		value;

	ct_definition_query(context,
						"SELECT setup, teardown, workers, duration, transactions, rate, max_tries,"
						" min_overlap, params, expected_errors, retried_errors,"
						" CASE WHEN NOT bundled THEN owner END, transactions_expr"
						" FROM @ct_scenario WHERE name = $1 AND $2 IS NULL",
						plan->scenario, NULL);
	if (SPI_processed == 0)
		ct_definition_unknown_scenario(context, plan->scenario);

	plan->setup = ct_definition_text(0, 1);
	plan->teardown = ct_definition_text(0, 2);
	value = ct_definition_value(0, 3, &isnull);
	plan->workers = isnull ? 0 : DatumGetInt32(value);
	value = ct_definition_value(0, 4, &isnull);
	plan->duration = isnull ? 0 : ct_interval_seconds(DatumGetIntervalP(value));
	value = ct_definition_value(0, 5, &isnull);
	plan->transactions = isnull ? 0 : DatumGetInt64(value);
	value = ct_definition_value(0, 6, &isnull);
	plan->rate = isnull ? 0 : DatumGetFloat8(value);
	value = ct_definition_value(0, 7, &isnull);
	plan->max_tries = isnull ? -1 : DatumGetInt32(value);
	value = ct_definition_value(0, 8, &isnull);
	plan->min_overlap = isnull ? -1 : DatumGetInt32(value);
	value = ct_definition_value(0, 9, &isnull);
	*params = DatumGetJsonbPCopy(value);
	plan->expected_errors = errors_column(10, "expected_errors", true);
	plan->retried_errors = errors_column(11, "retried_errors", false);
	value = ct_definition_value(0, 12, &isnull);
	*owner = isnull ? InvalidOid : DatumGetObjectId(value);
	*transactions_expr = ct_definition_text(0, 13);
}

/*
 * A scenario is its owner's SQL, and a run executes it as whoever calls it.
 * So nobody runs a stranger's unless they say that they know; superusers, who
 * have most to lose, are strangers to everybody.
 */
static void
check_owner(const char *scenario, Oid owner)
{
	char	   *name = GetUserNameFromId(owner, true);

	if (is_member_of_role_nosuper(GetUserId(), owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 name ? errmsg("scenario \"%s\" belongs to role \"%s\"", scenario, name) :
			 errmsg("scenario \"%s\" belonged to role %u, which has been dropped", scenario, owner),
			 errdetail("Running it executes what that role has written with your privileges."),
			 errhint("Read it in ct_scripts, or ask its owner if you may not, then call with trust_owner => true.")));
}

/* of two labels for an error the one that was given later comes first */
static int
compare_errors(const ListCell *a, const ListCell *b)
{
	const CtPlanError *one = lfirst(a);
	const CtPlanError *other = lfirst(b);

	if (one->sqlstate != other->sqlstate)
		return one->sqlstate < other->sqlstate ? -1 : 1;
	return other->position - one->position;
}

/*
 * Adds errors to a list of them, which is in the order of SQLSTATEs without
 * duplicates, and stays so; of two labels for an error the latter wins.
 */
static List *
add_errors(List *errors, List *more)
{
	List	   *all;
	List	   *merged = NIL;
	ListCell   *lc;

	if (more == NIL)
		return errors;
	all = list_concat_copy(errors, more);
	foreach(lc, all)
		((CtPlanError *) lfirst(lc))->position = foreach_current_index(lc);
	list_sort(all, compare_errors);
	foreach(lc, all)
	{
		CtPlanError *error = lfirst(lc);

		if (merged == NIL || ((CtPlanError *) llast(merged))->sqlstate != error->sqlstate)
			merged = lappend(merged, error);
	}
	return merged;
}

/* What the variant says, on top of that. */
static void
read_variant(MemoryContext context, CtPlan *plan)
{
	bool		isnull;
	Datum		value;

	ct_definition_query(context,
						"SELECT isolation, max_tries, setup, expected_errors, retried_errors"
						" FROM @ct_variant WHERE scenario = $1 AND name = $2",
						plan->scenario, plan->variant);
	if (SPI_processed == 0)
		return;					/* the default one of a scenario without any */

	plan->isolation = ct_definition_text(0, 1);
	value = ct_definition_value(0, 2, &isnull);
	if (!isnull)
		plan->max_tries = DatumGetInt32(value);
	plan->variant_setup = ct_definition_text(0, 3);
	plan->expected_errors = add_errors(plan->expected_errors,
									   errors_column(4, "expected_errors", true));
	plan->retried_errors = add_errors(plan->retried_errors,
									  errors_column(5, "retried_errors", false));
}

/*
 * What checks are given in the scenario's other variants: a check of all of
 * them may ask for the outcome of one.
 */
static void
read_elsewhere(MemoryContext context, CtPlan *plan)
{
	CtSymbols  *symbols = ct_symbols_create();
	uint64		row;
	bool		isnull;

	ct_definition_query(context,
						"SELECT name, body, quoted FROM @ct_script"
						" WHERE scenario = $1 AND variant <> $2",
						plan->scenario, plan->variant);
	for (row = 0; row < SPI_processed; row++)
		plan->elsewhere =
			ct_plan_result_names(plan->elsewhere,
								 ct_script_parse(ct_definition_text(row, 1), ct_definition_text(row, 2),
												 symbols,
												 DatumGetBool(ct_definition_value(row, 3, &isnull))));

	ct_definition_query(context,
						"SELECT expected_errors FROM @ct_variant WHERE scenario = $1 AND name <> $2",
						plan->scenario, plan->variant);
	for (row = 0; row < SPI_processed; row++)
	{
		Datum		value = ct_definition_value(row, 1, &isnull);

		if (!isnull)
			plan->elsewhere =
				ct_plan_error_names(plan->elsewhere,
									ct_validate_errors("expected_errors",
													   DatumGetArrayTypePCopy(value), true));
	}
}

/*
 * Scripts, checks and thresholds: those of every variant and those of this
 * one, which take the place of the general ones of the same name.
 */
static void
read_parts(MemoryContext context, CtPlan *plan)
{
	uint64		row;
	Datum		value;
	bool		isnull;

	ct_definition_query(context,
						"SELECT s.name, s.body, s.weight, s.think_time, s.quoted, s.workers FROM @ct_script s"
						" WHERE s.scenario = $1 AND (s.variant = $2 OR s.variant IS NULL AND NOT EXISTS"
						" (SELECT FROM @ct_script o"
						" WHERE o.scenario = $1 AND o.variant = $2 AND o.name = s.name))"
						" ORDER BY s.position",
						plan->scenario, plan->variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtPlanScript *script = palloc0(sizeof(CtPlanScript));

		script->name = ct_definition_text(row, 1);
		script->body = ct_definition_text(row, 2);
		script->weight = DatumGetInt32(ct_definition_value(row, 3, &isnull));
		script->think = ct_interval_seconds(DatumGetIntervalP(ct_definition_value(row, 4, &isnull)));
		script->quoted = DatumGetBool(ct_definition_value(row, 5, &isnull));
		value = ct_definition_value(row, 6, &isnull);
		script->workers = isnull ? 0 : DatumGetInt32(value);
		plan->scripts = lappend(plan->scripts, script);
	}
	if (plan->scripts == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("variant \"%s\" of scenario \"%s\" has no scripts",
						plan->variant, plan->scenario),
				 errdetail("There is nothing that its workers could repeat."),
				 errhint("Add a script by ct_add_script(scenario, script, body).")));

	ct_definition_query(context,
						"SELECT c.name, c.query, c.kind, c.during FROM @ct_check c"
						" WHERE c.scenario = $1 AND (c.variant = $2 OR c.variant IS NULL AND NOT EXISTS"
						" (SELECT FROM @ct_check o"
						" WHERE o.scenario = $1 AND o.variant = $2 AND o.name = c.name))"
						" ORDER BY c.position",
						plan->scenario, plan->variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtPlanCheck *check = palloc0(sizeof(CtPlanCheck));

		check->name = ct_definition_text(row, 1);
		check->query = ct_definition_text(row, 2);
		check->kind = ct_definition_text(row, 3);
		check->during = DatumGetBool(ct_definition_value(row, 4, &isnull));
		plan->checks = lappend(plan->checks, check);
	}

	ct_definition_query(context,
						"SELECT t.metric, t.op, t.target FROM @ct_slo t"
						" WHERE t.scenario = $1 AND (t.variant = $2 OR t.variant IS NULL AND NOT EXISTS"
						" (SELECT FROM @ct_slo o"
						" WHERE o.scenario = $1 AND o.variant = $2 AND o.metric = t.metric AND o.op = t.op))"
						" ORDER BY t.position",
						plan->scenario, plan->variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtPlanThreshold *threshold = palloc0(sizeof(CtPlanThreshold));

		threshold->metric = ct_definition_text(row, 1);
		threshold->op = ct_definition_text(row, 2);
		threshold->target = DatumGetFloat8(ct_definition_value(row, 3, &isnull));
		plan->thresholds = lappend(plan->thresholds, threshold);
	}
}

/* ---- putting both together ---- */

static void
check_options(const CtRunOptions *options)
{
	if (options->has_duration && options->has_transactions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration and transactions cannot be given together"),
				 errhint("A run ends after a time or after a number of transactions; leave one of the two out.")));
	if (options->has_workers)
		ct_validate_integer("workers", options->workers, 1, CT_MAX_WORKERS);
	if (options->has_duration)
		ct_validate_seconds("duration", options->duration, false);
	if (options->has_transactions)
		ct_validate_integer("transactions", options->transactions, 1, CT_MAX_TRANSACTIONS);
	if (options->has_rate)
		ct_validate_rate(options->rate);
	if (options->has_max_tries)
		ct_validate_integer("max_tries", options->max_tries, 0, CT_MAX_TRIES);
	if (options->has_warmup)
		ct_validate_seconds("warmup", options->warmup, true);
	if (options->has_ramp)
		ct_validate_seconds("ramp", options->ramp, true);
	if (options->has_min_overlap)
		ct_validate_integer("min_overlap", options->min_overlap, 0, PG_INT32_MAX);
	if (options->params != NULL)
		ct_validate_params(options->params);
}

/* Raises unless the scenario has each of the call's parameters. */
static void
check_param_keys(const char *scenario, const Jsonb *known, const Jsonb *given)
{
	/* predefined variables that a call may always set, as by pgbench's -D */
	static const char *const settable[] = {"scale", "random_seed", "default_seed"};
	JsonbContainer *root = unconstify(JsonbContainer *, &known->root);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *key = NULL;
	char	   *hint;
	List	   *own = NIL;
	int			i;

	it = JsonbIteratorInit(unconstify(JsonbContainer *, &given->root));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token != WJB_KEY ||
			getKeyJsonValueFromContainer(root, value.val.string.val, value.val.string.len, NULL))
			continue;
		key = pnstrdup(value.val.string.val, value.val.string.len);
		for (i = 0; i < lengthof(settable); i++)
			if (strcmp(settable[i], key) == 0)
				break;
		if (i == lengthof(settable))
			break;
		key = NULL;
	}
	if (key == NULL)
		return;

	it = JsonbIteratorInit(root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			own = lappend(own, pnstrdup(value.val.string.val, value.val.string.len));
	}
	hint = ct_near_match_hint(key, own, "parameters", NULL);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("scenario \"%s\" has no parameter \"%s\"", scenario, key),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * The call's arguments over what the plan has so far, then the defaults, and
 * the document of it all.  Numbers as read_scenario leaves them.
 */
static Jsonb *
finish_plan(CtPlan *plan, Jsonb *params, const char *transactions_expr,
			const CtRunOptions *options)
{
	static const int always_retried[] = {
		ERRCODE_T_R_SERIALIZATION_FAILURE, ERRCODE_T_R_DEADLOCK_DETECTED
	};
	const char *isolation = ct_validate_isolation(options->isolation);
	List	   *retried = NIL;
	ListCell   *lc;
	int			i;

	if (options->has_workers)
		plan->workers = options->workers;
	else if (plan->workers == 0)
	{
		/* as many as the scripts need, where each has workers of its own */
		int			bound = ct_plan_bound_workers(plan);
		int			least = ct_plan_least_workers(plan);

		plan->workers = least == bound ? bound : Max(CT_DEFAULT_WORKERS, least);
		plan->workers_default = true;
	}
	plan->workers_named = options->has_workers;

	if (options->has_duration || options->has_transactions)
	{
		plan->duration = options->has_duration ? options->duration : 0;
		plan->transactions = options->has_transactions ? options->transactions : 0;
	}
	else if (plan->duration == 0 && plan->transactions == 0 && transactions_expr == NULL)
		plan->duration = CT_DEFAULT_DURATION;

	if (options->has_rate)
		plan->rate = options->rate;
	if (options->has_warmup)
		plan->warmup = options->warmup;
	if (options->has_ramp)
		plan->ramp = options->ramp;
	if (isolation != NULL)
		plan->isolation = pstrdup(isolation);
	if (options->has_max_tries)
		plan->max_tries = options->max_tries;
	else if (plan->max_tries < 0)
		plan->max_tries = CT_DEFAULT_MAX_TRIES;
	if (options->has_min_overlap)
		plan->min_overlap = options->min_overlap;
	plan->keep = options->keep;
	plan->stop_on_fail = options->stop_on_fail;
	plan->expected_errors = add_errors(plan->expected_errors,
									   ct_validate_errors("expected_errors",
														  options->expected_errors, true));
	plan->retried_errors = add_errors(plan->retried_errors,
									  ct_validate_errors("retried_errors",
														 options->retried_errors, false));

	/* a list of errors so far, from here on one of SQLSTATEs */
	for (i = 0; i < lengthof(always_retried); i++)
	{
		CtPlanError *error = palloc0(sizeof(CtPlanError));

		/* what is expected isn't repeated, unless somebody says so */
		foreach(lc, plan->expected_errors)
			if (((CtPlanError *) lfirst(lc))->sqlstate == always_retried[i])
				break;
		if (lc != NULL)
			continue;
		error->sqlstate = always_retried[i];
		plan->retried_errors = add_errors(plan->retried_errors, list_make1(error));
	}
	foreach(lc, plan->retried_errors)
		retried = lappend_int(retried, ((CtPlanError *) lfirst(lc))->sqlstate);
	plan->retried_errors = retried;

	if (options->has_seed)
		plan->seed = options->seed;
	else
	{
		uint32		seed;

		/* short enough to be typed again */
		if (!pg_strong_random(&seed, sizeof(seed)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random seed")));
		plan->seed = seed >> 1;
	}

	if (params == NULL)
		params = options->params;
	else if (options->params != NULL)
	{
		check_param_keys(plan->scenario, params, options->params);
		params = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
													JsonbPGetDatum(params),
													JsonbPGetDatum(options->params)));
	}
	if (plan->duration == 0 && plan->transactions == 0)
		plan->transactions = ct_plan_count_transactions(transactions_expr, params, plan->seed);

	/* each has something to do; so whoever is missing later had no slot */
	if (plan->transactions > 0)
		plan->workers = Min(plan->workers, plan->transactions);
	plan->thresholds = ct_threshold_override(plan->thresholds, options->thresholds);

	/* how fast it is, and how often it fails, is measured with or without contention */
	if (plan->min_overlap < 0)
		plan->min_overlap = plan->thresholds != NIL && plan->checks == NIL ? 0 : CT_DEFAULT_MIN_OVERLAP;
	return ct_plan_write(plan, params);
}

Jsonb *
ct_plan_of_scenario(const char *scenario, const char *variant, const CtRunOptions *options)
{
	MemoryContext context = CurrentMemoryContext;
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	CtCatalogScope scope;
	Jsonb	   *params;
	char	   *transactions_expr;
	Oid			owner;

	check_scenario_name(scenario);
	check_options(options);
	plan->search_path = pstrdup(namespace_search_path);
	plan->scenario = pstrdup(scenario);

	ct_catalog_enter_to_read(&scope);
	plan->variant = choose_variant(context, scenario, variant);
	read_scenario(context, plan, &params, &transactions_expr, &owner);
	read_variant(context, plan);
	read_parts(context, plan);
	read_elsewhere(context, plan);
	ct_catalog_leave(&scope);
	MemoryContextSwitchTo(context);
	if (OidIsValid(owner) && !options->trust_owner)
		check_owner(scenario, owner);

	return finish_plan(plan, params, transactions_expr, options);
}

/* ---- checks of ct_test ---- */

/* neighbours that are looked at to find what an element was a piece of */
#define MAX_PIECES	8

/*
 * The SQLSTATE of what is wrong with a threshold or query that is to be a
 * check, by all that can be told without a database; 0 if nothing is.
 */
static int
error_of_check(const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int result = 0;

	PG_TRY();
	{
		CtPlanThreshold threshold;

		if (!ct_threshold_parse(text, false, &threshold))
			ct_validate_check("check", text, ct_known_create());
	}
	PG_CATCH();
	{
		/* nothing but parsing has been going on */
		MemoryContextSwitchTo(context);
		result = geterrcode();
		if (result == ERRCODE_QUERY_CANCELED || result == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return result;
}

/*
 * Raises if element i, which doesn't parse, is a piece of a query that was
 * split at its commas, as in an array literal: joined with its neighbours it
 * can be one.
 */
static void
check_split(char **elements, int n, int i)
{
	int			first;
	int			last;
	int			k;

	for (first = i; first >= Max(0, i - MAX_PIECES); first--)
	{
		StringInfoData joined;

		initStringInfo(&joined);
		appendStringInfoString(&joined, elements[first]);
		for (last = first + 1; last < Min(n, i + MAX_PIECES + 1); last++)
		{
			CHECK_FOR_INTERRUPTS();
			appendStringInfo(&joined, ",%s", elements[last]);
			if (last < i || error_of_check(joined.data) != 0)
				continue;
			k = pg_mbcliplen(elements[i], strlen(elements[i]), 60);
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a check was split at its commas: \"%.*s%s\" is only a piece of one",
							k, elements[i], elements[i][k] != '\0' ? "..." : ""),
					 errdetail("Elements %d to %d are one query if they are joined by commas.",
							   first + 1, last + 1),
					 errhint("Write checks => ARRAY['...', '...'], or put each check of an array literal into double quotes.")));
		}
		pfree(joined.data);
	}
}

Jsonb *
ct_plan_of_test(const char *script, const char *setup, const char *teardown,
				ArrayType *checks, const CtRunOptions *options)
{
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	CtPlanScript *the_script = palloc0(sizeof(CtPlanScript));
	Datum	   *values;
	bool	   *nulls;
	char	  **elements;
	int			nelements = 0;
	bool		wrong = false;
	int			i;

	if (script == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("script must not be null")));
	check_options(options);
	plan->max_tries = -1;
	plan->min_overlap = -1;
	plan->search_path = pstrdup(namespace_search_path);
	plan->setup = setup ? pstrdup(setup) : NULL;
	plan->teardown = teardown ? pstrdup(teardown) : NULL;

	the_script->name = "test";
	the_script->body = pstrdup(script);
	the_script->weight = 1;
	plan->scripts = list_make1(the_script);

	if (checks != NULL)
		deconstruct_array(checks, TEXTOID, -1, false, TYPALIGN_INT,
						  &values, &nulls, &nelements);
	elements = palloc(Max(nelements, 1) * sizeof(char *));
	for (i = 0; i < nelements; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("checks must not contain nulls")));
		elements[i] = TextDatumGetCString(values[i]);
	}
	for (i = 0; i < nelements; i++)
	{
		CtPlanThreshold *threshold = palloc0(sizeof(CtPlanThreshold));
		CtPlanCheck *check;

		CHECK_FOR_INTERRUPTS();

		/* the first one that doesn't parse is the one that will be told */
		if (nelements > 1 && !wrong && error_of_check(elements[i]) == ERRCODE_SYNTAX_ERROR)
		{
			check_split(elements, nelements, i);
			wrong = true;
		}
		if (ct_threshold_parse(elements[i], false, threshold))
		{
			plan->thresholds = lappend(plan->thresholds, threshold);
			continue;
		}
		check = palloc0(sizeof(CtPlanCheck));
		check->name = psprintf("check_%d", i + 1);
		check->query = elements[i];
		check->kind = "invariant";
		plan->checks = lappend(plan->checks, check);
	}
	return finish_plan(plan, NULL, NULL, options);
}
