/*
 * define.c
 *		Defining scenarios: ct_create_scenario and its family.
 *
 * Definitions are rows of the extension's tables, which only these functions
 * write, with the rights of the extension's owner.  So it is here that a role
 * is kept from changing what isn't its own: whoever creates a scenario owns
 * it, and its members and superusers may add to it and drop it.  Those that
 * the extension's script creates are bundled: they come and go with the
 * extension, aren't dumped, and nobody changes them.
 *
 * Locks: whoever adds to a scenario locks its row first (FOR UPDATE), so that
 * positions are given out in turn; names that two sessions create at once are
 * settled by the unique indexes.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "api/define.h"
#include "src/catalog/definition.h"
#include "src/plan/validate.h"

PG_FUNCTION_INFO_V1(ct_create_scenario);
PG_FUNCTION_INFO_V1(ct_add_variant);
PG_FUNCTION_INFO_V1(ct_add_script);
PG_FUNCTION_INFO_V1(ct_add_check);

/* ---- rows to write ---- */

/* parameters of a statement, $1 on */
typedef struct Row
{
	int			n;
	Oid			types[20];
	Datum		values[20];
	char		nulls[20];
} Row;

static void
add_value(Row *row, Oid type, Datum value, bool isnull)
{
	Assert(row->n < lengthof(row->types));
	row->types[row->n] = type;
	row->values[row->n] = value;
	row->nulls[row->n] = isnull ? 'n' : ' ';
	row->n++;
}

static void
add_text(Row *row, const char *string)
{
	add_value(row, TEXTOID, string ? CStringGetTextDatum(string) : (Datum) 0, string == NULL);
}

/* an array of texts, the empty one for NULL */
static void
add_texts(Row *row, ArrayType *array)
{
	if (array == NULL)
		array = construct_empty_array(TEXTOID);
	add_value(row, TEXTARRAYOID, PointerGetDatum(array), false);
}

/* Executes an INSERT ... ON CONFLICT DO NOTHING; false if the row was there already. */
static bool
insert(const char *sql, Row *row)
{
	ct_catalog_execute(sql, row->n, row->types, row->values, row->nulls, false);
	return SPI_processed > 0;
}

/* ---- arguments ---- */

char *
ct_arg_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

char *
ct_arg_text_required(FunctionCallInfo fcinfo, int n, const char *what)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* ---- who may what ---- */

/* Is the extension's own script under way? */
static bool
is_bundling(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("ct_ext", true);
}

void
ct_define_begin(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandDuringRecovery(function);
}

/*
 * As ct_define_lock, but returns the scenario's owner, InvalidOid if the role
 * is gone; *exists is false if there is no such scenario.
 */
static Oid
lock_if_there(MemoryContext context, const char *scenario, Oid role, bool *exists)
{
	Oid			owner;
	char	   *name;
	bool		bundled;
	bool		isnull;

	ct_definition_query(context,
						"SELECT owner, bundled FROM @ct_scenario"
						" WHERE name = $1 AND $2 IS NULL FOR UPDATE",
						scenario, NULL);
	*exists = SPI_processed > 0;
	if (!*exists)
		return InvalidOid;
	owner = DatumGetObjectId(ct_definition_value(0, 1, &isnull));
	bundled = DatumGetBool(ct_definition_value(0, 2, &isnull));

	/* like a system catalog: not even for a superuser */
	if (bundled && !is_bundling())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: scenario \"%s\" is bundled with ct_ext", scenario),
				 errdetail("Bundled scenarios come and go with the extension; nobody changes them."),
				 errhint("Create a scenario of your own by ct_create_scenario.")));

	/* the owner may have been dropped meanwhile: then it is left to superusers */
	if (has_privs_of_role(role, owner))
		return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)) ? owner : InvalidOid;
	name = GetUserNameFromId(owner, true);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of scenario \"%s\"", scenario),
			 name ? errdetail("It belongs to role \"%s\".", name) :
			 errdetail("It belonged to role %u, which has been dropped; superusers may drop it.", owner)));
	return InvalidOid;			/* keep compiler quiet */
}

void
ct_define_lock(MemoryContext context, const char *scenario, Oid role)
{
	bool		exists;

	(void) lock_if_there(context, scenario, role, &exists);
	if (!exists)
		ct_definition_unknown_scenario(context, scenario);
}

char *
ct_define_place(const char *scenario, const char *variant)
{
	if (variant == NULL)
		return psprintf("scenario \"%s\"", scenario);
	return psprintf("variant \"%s\" of scenario \"%s\"", variant, scenario);
}

/* ---- scenarios ---- */

/* A setup or teardown, if there is one: all that sets its variables is known. */
static void
validate_once(const char *what, const char *body, const Jsonb *params)
{
	CtKnown    *known = ct_known_create();

	if (body == NULL)
		return;
	known->settable = ct_plan_settable(ct_plan_param_names(params), false);
	ct_validate_setup(what, body, known);
}

static void
validate_scenario(const CtScenarioDefinition *definition)
{
	ct_validate_name("scenario", definition->name);
	if (definition->duration != NULL && definition->has_transactions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration and transactions cannot be given together"),
				 errhint("A run ends after a time or after a number of transactions; leave one of the two out.")));
	if (definition->transactions_expr != NULL &&
		(definition->duration != NULL || definition->has_transactions))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("transactions_expr cannot be given together with %s",
						definition->has_transactions ? "transactions" : "duration"),
				 errhint("Each of them says when a run ends; leave one of the two out.")));
	if (definition->has_workers)
		ct_validate_integer("workers", definition->workers, 1, CT_MAX_WORKERS);
	if (definition->duration != NULL)
		ct_validate_seconds("duration", ct_interval_seconds(definition->duration), false);
	if (definition->has_transactions)
		ct_validate_integer("transactions", definition->transactions, 1, CT_MAX_TRANSACTIONS);
	if (definition->has_rate)
		ct_validate_rate(definition->rate);
	if (definition->has_max_tries)
		ct_validate_integer("max_tries", definition->max_tries, 0, CT_MAX_TRIES);
	if (definition->has_min_overlap)
		ct_validate_integer("min_overlap", definition->min_overlap, 0, PG_INT32_MAX);
	if (definition->params != NULL)
		ct_validate_params(definition->params);
	validate_once("setup", definition->setup, definition->params);
	validate_once("teardown", definition->teardown, definition->params);
	if (definition->transactions_expr != NULL)
		(void) ct_plan_count_transactions(definition->transactions_expr, definition->params, 0);
	(void) ct_validate_errors("expected_errors", definition->expected_errors, true);
	(void) ct_validate_errors("retried_errors", definition->retried_errors, false);
}

/*
 * Drops the scenario of that name, if there is one and the role may.  Returns
 * who is to own the new one: who owned the old one, else the role.
 */
static Oid
make_way(MemoryContext context, const char *scenario, Oid role)
{
	bool		exists;
	Oid			owner = lock_if_there(context, scenario, role, &exists);

	if (exists)
		ct_definition_query(context, "DELETE FROM @ct_scenario WHERE name = $1 AND $2 IS NULL",
							scenario, NULL);
	return OidIsValid(owner) ? owner : role;
}

void
ct_define_scenario(const CtScenarioDefinition *definition)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	Oid			owner = role;
	CtCatalogScope scope;
	Row			row = {0};
	int			owner_at;
	bool		inserted;

	validate_scenario(definition);

	add_text(&row, definition->name);
	add_text(&row, definition->description ? definition->description : "");
	add_text(&row, definition->category ? definition->category : "");
	add_text(&row, definition->setup);
	add_text(&row, definition->teardown);
	add_value(&row, INT4OID, Int32GetDatum(definition->workers), !definition->has_workers);
	add_value(&row, INTERVALOID, IntervalPGetDatum(definition->duration),
			  definition->duration == NULL);
	add_value(&row, INT8OID, Int64GetDatum(definition->transactions),
			  !definition->has_transactions);
	add_value(&row, FLOAT8OID, Float8GetDatum(definition->rate), !definition->has_rate);
	add_value(&row, INT4OID, Int32GetDatum(definition->max_tries), !definition->has_max_tries);
	add_value(&row, JSONBOID, JsonbPGetDatum(definition->params), definition->params == NULL);
	add_texts(&row, definition->expected_errors);
	add_texts(&row, definition->retried_errors);
	add_value(&row, INT4OID, Int32GetDatum(definition->min_overlap),
			  !definition->has_min_overlap);
	add_value(&row, BOOLOID, BoolGetDatum(is_bundling()), false);
	owner_at = row.n;
	add_value(&row, REGROLEOID, (Datum) 0, true);
	add_text(&row, definition->story ? definition->story : "");
	add_text(&row, definition->transactions_expr);

	ct_catalog_enter(&scope);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (definition->replace)
			owner = make_way(context, definition->name, role);
		row.values[owner_at] = ObjectIdGetDatum(owner);
		row.nulls[owner_at] = ' ';
		inserted = insert("INSERT INTO @ct_scenario (name, description, category, setup, teardown,"
						  " workers, duration, transactions, rate, max_tries, params,"
						  " expected_errors, retried_errors, min_overlap, bundled, owner,"
						  " story, transactions_expr)"
						  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11, '{}'),"
						  " $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING", &row);

		/* who created one meanwhile was faster: it is replaced, too */
	} while (!inserted && definition->replace);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("scenario \"%s\" already exists", definition->name),
				 errhint("Choose another name, or define it with replace => true, which drops the old one.")));
}

/*
 * ct_create_scenario(name, description, setup, teardown, workers, duration,
 *		transactions, params, category, rate, max_tries, expected_errors,
 *		retried_errors, min_overlap, story, transactions_expr, replace)
 */
Datum
ct_create_scenario(PG_FUNCTION_ARGS)
{
	CtScenarioDefinition definition = {0};

	ct_define_begin("ct_create_scenario()");
	definition.name = ct_arg_text_required(fcinfo, 0, "name of the scenario");
	definition.description = ct_arg_text(fcinfo, 1);
	definition.setup = ct_arg_text(fcinfo, 2);
	definition.teardown = ct_arg_text(fcinfo, 3);
	definition.has_workers = !PG_ARGISNULL(4);
	if (definition.has_workers)
		definition.workers = PG_GETARG_INT32(4);
	definition.duration = PG_ARGISNULL(5) ? NULL : PG_GETARG_INTERVAL_P(5);
	definition.has_transactions = !PG_ARGISNULL(6);
	if (definition.has_transactions)
		definition.transactions = PG_GETARG_INT64(6);
	definition.params = PG_ARGISNULL(7) ? NULL : PG_GETARG_JSONB_P(7);
	definition.category = ct_arg_text(fcinfo, 8);
	definition.has_rate = !PG_ARGISNULL(9);
	if (definition.has_rate)
		definition.rate = PG_GETARG_FLOAT8(9);
	definition.has_max_tries = !PG_ARGISNULL(10);
	if (definition.has_max_tries)
		definition.max_tries = PG_GETARG_INT32(10);
	definition.expected_errors = PG_ARGISNULL(11) ? NULL : PG_GETARG_ARRAYTYPE_P(11);
	definition.retried_errors = PG_ARGISNULL(12) ? NULL : PG_GETARG_ARRAYTYPE_P(12);
	definition.has_min_overlap = !PG_ARGISNULL(13);
	if (definition.has_min_overlap)
		definition.min_overlap = PG_GETARG_INT32(13);
	definition.story = ct_arg_text(fcinfo, 14);
	definition.transactions_expr = ct_arg_text(fcinfo, 15);
	definition.replace = !PG_ARGISNULL(16) && PG_GETARG_BOOL(16);
	ct_define_scenario(&definition);
	PG_RETURN_VOID();
}

/* ---- variants ---- */

/*
 * ct_add_variant(scenario, variant, description, isolation, max_tries, setup,
 *		expected_errors, retried_errors, expected_verdict)
 */
Datum
ct_add_variant(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	CtCatalogScope scope;
	Row			row = {0};
	char	   *scenario;
	char	   *variant;
	char	   *description;
	const char *isolation;
	char	   *setup;
	ArrayType  *expected;
	ArrayType  *retried;
	char	   *verdict;
	bool		inserted;

	ct_define_begin("ct_add_variant()");
	scenario = ct_arg_text_required(fcinfo, 0, "name of the scenario");
	variant = ct_arg_text_required(fcinfo, 1, "name of the variant");
	description = ct_arg_text(fcinfo, 2);
	isolation = ct_validate_isolation(ct_arg_text(fcinfo, 3));
	setup = ct_arg_text(fcinfo, 5);
	expected = PG_ARGISNULL(6) ? NULL : PG_GETARG_ARRAYTYPE_P(6);
	retried = PG_ARGISNULL(7) ? NULL : PG_GETARG_ARRAYTYPE_P(7);
	verdict = ct_arg_text(fcinfo, 8);

	ct_validate_name("variant", variant);
	if (!PG_ARGISNULL(4))
		ct_validate_integer("max_tries", PG_GETARG_INT32(4), 0, CT_MAX_TRIES);
	if (setup != NULL)
		ct_validate_setup("setup", setup, ct_known_create());
	(void) ct_validate_errors("expected_errors", expected, true);
	(void) ct_validate_errors("retried_errors", retried, false);
	if (verdict != NULL && strcmp(verdict, "pass") != 0 && strcmp(verdict, "fail") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized verdict \"%s\"", verdict),
				 errhint("expected_verdict is \"pass\" or \"fail\", or null where it isn't known.")));

	add_text(&row, scenario);
	add_text(&row, variant);
	add_text(&row, description ? description : "");
	add_text(&row, isolation);
	add_value(&row, INT4OID, PG_ARGISNULL(4) ? (Datum) 0 : PG_GETARG_DATUM(4),
			  PG_ARGISNULL(4));
	add_text(&row, setup);
	add_texts(&row, expected);
	add_texts(&row, retried);
	add_text(&row, verdict);

	ct_catalog_enter(&scope);
	ct_define_lock(context, scenario, role);
	inserted = insert("INSERT INTO @ct_variant (scenario, name, position, description, isolation,"
					  " max_tries, setup, expected_errors, retried_errors, expected_verdict, bundled)"
					  " SELECT $1, $2, coalesce(max(v.position), 0) + 1, $3, $4, $5, $6, $7, $8, $9,"
					  " (SELECT bundled FROM @ct_scenario WHERE name = $1)"
					  " FROM @ct_variant v WHERE v.scenario = $1 ON CONFLICT DO NOTHING", &row);
	if (inserted)
		ct_define_check_thresholds(context, scenario);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("variant \"%s\" of scenario \"%s\" already exists",
						variant, scenario)));
	PG_RETURN_VOID();
}

/* ---- scripts ---- */

void
ct_define_script(const char *scenario, const char *script, const char *body,
				 const char *variant, int weight, Interval *think_time, bool quoted, int workers)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	Interval	none = {0};
	CtCatalogScope scope;
	Row			row = {0};
	bool		inserted;

	ct_validate_name("script", script);
	ct_validate_integer("weight", weight, 1, CT_MAX_WEIGHT);
	if (think_time == NULL)
		think_time = &none;
	ct_validate_seconds("think_time", ct_interval_seconds(think_time), true);
	if (workers != 0 && weight != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight and workers cannot be given together"),
				 errdetail("Workers that are given to a script run no other, so there is nothing to choose.")));
	ct_validate_script(script, body, quoted, ct_known_create());

	add_text(&row, scenario);
	add_text(&row, script);
	add_text(&row, variant);
	add_text(&row, body);
	add_value(&row, INT4OID, Int32GetDatum(weight), false);
	add_value(&row, INTERVALOID, IntervalPGetDatum(think_time), false);
	add_value(&row, BOOLOID, BoolGetDatum(quoted), false);
	add_value(&row, INT4OID, Int32GetDatum(workers), workers == 0);

	ct_catalog_enter(&scope);
	ct_define_lock(context, scenario, role);
	ct_definition_check_variant(context, scenario, variant);
	inserted = insert("INSERT INTO @ct_script (scenario, name, variant, position, body, weight,"
					  " think_time, quoted, workers, bundled)"
					  " SELECT $1, $2, $3, coalesce(max(s.position), 0) + 1, $4, $5, $6, $7, $8,"
					  " (SELECT bundled FROM @ct_scenario WHERE name = $1)"
					  " FROM @ct_script s WHERE s.scenario = $1 ON CONFLICT DO NOTHING", &row);
	if (inserted)
		ct_define_check_thresholds(context, scenario);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("script \"%s\" of %s already exists",
						script, ct_define_place(scenario, variant))));
}

/* ct_add_script(scenario, script, body, variant, weight, think_time, workers) */
Datum
ct_add_script(PG_FUNCTION_ARGS)
{
	char	   *scenario;
	char	   *script;
	char	   *body;
	int			workers = 0;

	ct_define_begin("ct_add_script()");
	scenario = ct_arg_text_required(fcinfo, 0, "name of the scenario");
	script = ct_arg_text_required(fcinfo, 1, "name of the script");
	body = ct_arg_text_required(fcinfo, 2, "body of the script");
	if (!PG_ARGISNULL(6))
	{
		workers = PG_GETARG_INT32(6);
		ct_validate_integer("workers", workers, 1, CT_MAX_WORKERS);
	}
	ct_define_script(scenario, script, body, ct_arg_text(fcinfo, 3),
					 PG_ARGISNULL(4) ? 1 : PG_GETARG_INT32(4),
					 PG_ARGISNULL(5) ? NULL : PG_GETARG_INTERVAL_P(5), false, workers);
	PG_RETURN_VOID();
}

/* ---- checks ---- */

void
ct_define_check(const char *scenario, const char *check, const char *query,
				const char *description, const char *kind, const char *variant, bool during)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	CtCatalogScope scope;
	Row			row = {0};
	bool		inserted;

	ct_validate_name("check", check);
	ct_validate_name("check's kind", kind);
	ct_validate_check(check, query, ct_known_create());

	add_text(&row, scenario);
	add_text(&row, check);
	add_text(&row, variant);
	add_text(&row, query);
	add_text(&row, description);
	add_text(&row, kind);
	add_value(&row, BOOLOID, BoolGetDatum(during), false);

	ct_catalog_enter(&scope);
	ct_define_lock(context, scenario, role);
	ct_definition_check_variant(context, scenario, variant);
	inserted = insert("INSERT INTO @ct_check (scenario, name, variant, position, query,"
					  " description, kind, during, bundled)"
					  " SELECT $1, $2, $3, coalesce(max(c.position), 0) + 1, $4, $5, $6, $7,"
					  " (SELECT bundled FROM @ct_scenario WHERE name = $1)"
					  " FROM @ct_check c WHERE c.scenario = $1 ON CONFLICT DO NOTHING", &row);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("check \"%s\" of %s already exists",
						check, ct_define_place(scenario, variant))));
}

/* ct_add_check(scenario, check_name, query, description, kind, variant, during) */
Datum
ct_add_check(PG_FUNCTION_ARGS)
{
	char	   *scenario;
	char	   *check;
	char	   *query;
	char	   *description = ct_arg_text(fcinfo, 3);
	char	   *kind = ct_arg_text(fcinfo, 4);

	ct_define_begin("ct_add_check()");
	scenario = ct_arg_text_required(fcinfo, 0, "name of the scenario");
	check = ct_arg_text_required(fcinfo, 1, "name of the check");
	query = ct_arg_text_required(fcinfo, 2, "query of the check");
	ct_define_check(scenario, check, query,
					description ? description : "",
					kind ? kind : "invariant",
					ct_arg_text(fcinfo, 5),
					PG_ARGISNULL(6) ? false : PG_GETARG_BOOL(6));
	PG_RETURN_VOID();
}
