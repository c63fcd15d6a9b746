/*
 * document.c
 *		A run's plan as a jsonb document: written by who makes it, read by
 *		leader, workers, and whoever looks at the run.
 *
 * Each key is the name of a field of CtPlan, and stands here once: a new field
 * is one line of a table.  What was written is read again by the same build,
 * so that what isn't as expected is elog's; documents in rows of earlier runs
 * are for people to read.
 *
 * Two things aren't in the tables: the parameters, which are an object of the
 * call's (any name, any scalar), and SQLSTATEs, which are five characters in
 * the document and a number in the plan.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "src/base/ct_compat.h"
#include "src/base/errcodes.h"
#include "src/plan/plan.h"

typedef enum CtFieldType
{
	FIELD_STRING,				/* char *; absent for NULL */
	FIELD_NEEDED,				/* char *, never NULL */
	FIELD_INT,
	FIELD_INT64,
	FIELD_DOUBLE,
	FIELD_BOOL,
	FIELD_SQLSTATE				/* int */
} CtFieldType;

typedef struct CtField
{
	const char *key;
	CtFieldType type;
	size_t		offset;
	bool		sparse;			/* absent where it is 0 or false */
} CtField;

/* a List of structs that the same fields are of */
typedef struct CtFieldList
{
	const char *key;
	size_t		offset;
	size_t		size;			/* of a struct; 0: a List of a single value's kind */
	const CtField *fields;
	int			nfields;
	CtFieldType type;			/* of single values: FIELD_NEEDED or FIELD_SQLSTATE */
	bool		sparse;			/* absent where it is empty */
} CtFieldList;

#define PLAN(member, type, sparse)		{#member, type, offsetof(CtPlan, member), sparse}
#define SCRIPT(member, type, sparse)	{#member, type, offsetof(CtPlanScript, member), sparse}
#define CLASS(member, type, sparse)		{#member, type, offsetof(CtPlanClass, member), sparse}
#define CLASS_WEIGHT(member, type)		{#member, type, offsetof(CtPlanClassWeight, member), false}
#define CHECK(member, type)				{#member, type, offsetof(CtPlanCheck, member), false}
#define THRESHOLD(member, type)			{#member, type, offsetof(CtPlanThreshold, member), false}
#define PHASE(member, type, sparse)	{#member, type, offsetof(CtPlanPhase, member), sparse}
#define WEIGHT(member, type)			{#member, type, offsetof(CtPlanWeight, member), false}
#define EXPECTED(member, type)			{#member, type, offsetof(CtPlanError, member), false}
#define SESSION(member, type)			{#member, type, offsetof(CtPlanSession, member), false}
#define PERMUTATION(member, type)		{#member, type, offsetof(CtPlanPermutation, member), false}

static const CtField plan_fields[] = {
	PLAN(scenario, FIELD_STRING, false),
	PLAN(variant, FIELD_STRING, false),
	PLAN(workers, FIELD_INT, false),
	PLAN(workers_named, FIELD_BOOL, false),
	PLAN(workers_default, FIELD_BOOL, false),
	PLAN(clients, FIELD_INT, true),
	PLAN(duration, FIELD_DOUBLE, true),
	PLAN(transactions, FIELD_INT64, true),
	PLAN(rate, FIELD_DOUBLE, true),
	PLAN(warmup, FIELD_DOUBLE, false),
	PLAN(ramp, FIELD_DOUBLE, false),
	PLAN(isolation, FIELD_STRING, false),
	PLAN(max_tries, FIELD_INT, false),
	PLAN(seed, FIELD_INT64, false),
	PLAN(min_overlap, FIELD_INT, false),
	PLAN(keep, FIELD_BOOL, false),
	PLAN(stop_on_fail, FIELD_BOOL, false),
	PLAN(latency_limit, FIELD_DOUBLE, true),
	PLAN(max_errors, FIELD_INT64, true),
	PLAN(timeout, FIELD_DOUBLE, true),
	PLAN(kill_rate, FIELD_DOUBLE, true),
	PLAN(lock_table, FIELD_STRING, false),
	PLAN(lock_mode, FIELD_STRING, false),
	PLAN(lock_duration, FIELD_DOUBLE, true),
	PLAN(lock_every, FIELD_DOUBLE, true),
	PLAN(lock_after, FIELD_DOUBLE, true),
	PLAN(explore, FIELD_BOOL, true),
	PLAN(inside, FIELD_BOOL, true),
	PLAN(preemptions, FIELD_INT, true),
	PLAN(executions, FIELD_INT64, true),
	PLAN(random, FIELD_BOOL, true),
	PLAN(reduction, FIELD_BOOL, true),
	PLAN(step_timeout, FIELD_DOUBLE, true),
	PLAN(in_place, FIELD_BOOL, true),
	PLAN(reset, FIELD_STRING, false),
	PLAN(replay, FIELD_BOOL, true),
	PLAN(repeat_of, FIELD_INT64, true),
	PLAN(rounds, FIELD_INT, true),
	PLAN(expected_verdict, FIELD_STRING, false),
	PLAN(refused, FIELD_STRING, false),
	PLAN(refused_sqlstate, FIELD_STRING, false),
	PLAN(search_path, FIELD_NEEDED, false),
	PLAN(setup, FIELD_STRING, false),
	PLAN(variant_setup, FIELD_STRING, false),
	PLAN(teardown, FIELD_STRING, false),
	PLAN(on_start, FIELD_STRING, false)
};

static const CtField script_fields[] = {
	SCRIPT(name, FIELD_NEEDED, false),
	SCRIPT(body, FIELD_NEEDED, false),
	SCRIPT(weight, FIELD_INT, false),
	SCRIPT(think, FIELD_DOUBLE, false),
	SCRIPT(think_max, FIELD_DOUBLE, true),
	SCRIPT(think_distribution, FIELD_STRING, false),
	SCRIPT(quoted, FIELD_BOOL, true),
	SCRIPT(workers, FIELD_INT, true)
};

static const CtField phase_fields[] = {
	PHASE(name, FIELD_NEEDED, false),
	PHASE(duration, FIELD_DOUBLE, false),
	PHASE(rate, FIELD_DOUBLE, true),
	PHASE(clients, FIELD_INT, true),
	PHASE(ramp, FIELD_DOUBLE, true)
};

static const CtField weight_fields[] = {
	WEIGHT(phase, FIELD_INT),
	WEIGHT(script, FIELD_NEEDED),
	WEIGHT(weight, FIELD_INT)
};

static const CtField class_fields[] = {
	CLASS(name, FIELD_NEEDED, false),
	CLASS(share, FIELD_DOUBLE, false),
	CLASS(weighted, FIELD_BOOL, true),
	CLASS(thinks, FIELD_BOOL, true),
	CLASS(think, FIELD_DOUBLE, true),
	CLASS(think_max, FIELD_DOUBLE, true),
	CLASS(think_distribution, FIELD_STRING, false),
	CLASS(on_start, FIELD_STRING, false)
};

static const CtField class_weight_fields[] = {
	CLASS_WEIGHT(class_number, FIELD_INT),
	CLASS_WEIGHT(script, FIELD_INT),
	CLASS_WEIGHT(weight, FIELD_INT)
};

static const CtField check_fields[] = {
	CHECK(name, FIELD_NEEDED),
	CHECK(query, FIELD_NEEDED),
	CHECK(kind, FIELD_NEEDED),
	CHECK(during, FIELD_BOOL)
};

static const CtField threshold_fields[] = {
	THRESHOLD(metric, FIELD_NEEDED),
	THRESHOLD(op, FIELD_NEEDED),
	THRESHOLD(target, FIELD_DOUBLE),
	{"baseline_run", FIELD_INT64, offsetof(CtPlanThreshold, baseline_run), true},
	{"baseline", FIELD_DOUBLE, offsetof(CtPlanThreshold, baseline), true}
};

static const CtField expected_fields[] = {
	EXPECTED(sqlstate, FIELD_SQLSTATE),
	EXPECTED(label, FIELD_NEEDED)
};

static const CtField session_fields[] = {
	SESSION(script, FIELD_INT)
};

static const CtField permutation_fields[] = {
	PERMUTATION(name, FIELD_NEEDED),
	PERMUTATION(order, FIELD_NEEDED)
};

#define LIST(member, struct, fields) \
	{#member, offsetof(CtPlan, member), sizeof(struct), fields, lengthof(fields)}
#define SPARSE_LIST(member, struct, fields) \
	{#member, offsetof(CtPlan, member), sizeof(struct), fields, lengthof(fields), 0, true}
#define SINGLES(member, type) \
	{#member, offsetof(CtPlan, member), 0, NULL, 0, type}

static const CtFieldList plan_lists[] = {
	LIST(scripts, CtPlanScript, script_fields),
	SPARSE_LIST(phases, CtPlanPhase, phase_fields),
	SPARSE_LIST(weights, CtPlanWeight, weight_fields),
	SPARSE_LIST(classes, CtPlanClass, class_fields),
	SPARSE_LIST(class_weights, CtPlanClassWeight, class_weight_fields),
	LIST(checks, CtPlanCheck, check_fields),
	LIST(thresholds, CtPlanThreshold, threshold_fields),
	LIST(expected_errors, CtPlanError, expected_fields),
	SPARSE_LIST(sessions, CtPlanSession, session_fields),
	SPARSE_LIST(permutations, CtPlanPermutation, permutation_fields),
	SINGLES(elsewhere, FIELD_NEEDED),
	SINGLES(retried_errors, FIELD_SQLSTATE)
};

#define AT(base, offset, type)	(*(type *) ((char *) (base) + (offset)))

/* ---- writing ---- */

static void
document_put_key(CtJsonbState *state, const char *key)
{
	JsonbValue	name;

	name.type = jbvString;
	name.val.string.val = unconstify(char *, key);
	name.val.string.len = strlen(key);
	ct_jsonb_push(state, WJB_KEY, &name);
}

static void
document_set_string(JsonbValue *value, const char *string)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, string);
	value->val.string.len = strlen(string);
}

/* A field's value; false where there is nothing to write. */
static bool
document_get_field(const void *base, const CtField *field, JsonbValue *value)
{
	const char *string;
	int64		number = 0;
	double		real;

	switch (field->type)
	{
		case FIELD_STRING:
		case FIELD_NEEDED:
			string = AT(base, field->offset, char *);
			if (string == NULL)
				return false;
			document_set_string(value, string);
			return true;
		case FIELD_SQLSTATE:
			document_set_string(value, ct_sqlstate_text(AT(base, field->offset, int)));
			return true;
		case FIELD_INT:
		case FIELD_INT64:
			number = field->type == FIELD_INT ? AT(base, field->offset, int) :
				AT(base, field->offset, int64);
			value->type = jbvNumeric;
			value->val.numeric = int64_to_numeric(number);
			return number != 0 || !field->sparse;
		case FIELD_DOUBLE:
			real = AT(base, field->offset, double);
			value->type = jbvNumeric;
			value->val.numeric = DatumGetNumeric(DirectFunctionCall1(float8_numeric,
																	 Float8GetDatum(real)));
			return real != 0 || !field->sparse;
		case FIELD_BOOL:
			value->type = jbvBool;
			value->val.boolean = AT(base, field->offset, bool);
			return value->val.boolean || !field->sparse;
	}
	return false;
}

static void
document_write_fields(CtJsonbState *state, const void *base, const CtField *fields, int n)
{
	JsonbValue	value;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (!document_get_field(base, &fields[i], &value))
			continue;
		document_put_key(state, fields[i].key);
		ct_jsonb_push(state, WJB_VALUE, &value);
	}
}

static void
document_write_list(CtJsonbState *state, const List *list, const CtFieldList *what)
{
	const ListCell *lc;
	JsonbValue	value;

	if (list == NIL && what->sparse)
		return;
	document_put_key(state, what->key);
	ct_jsonb_push(state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, list)
	{
		if (what->size > 0)
		{
			ct_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
			document_write_fields(state, lfirst(lc), what->fields, what->nfields);
			ct_jsonb_push(state, WJB_END_OBJECT, NULL);
			continue;
		}
		document_set_string(&value, what->type == FIELD_SQLSTATE ?
							ct_sqlstate_text(lfirst_int(lc)) : lfirst(lc));
		ct_jsonb_push(state, WJB_ELEM, &value);
	}
	ct_jsonb_push(state, WJB_END_ARRAY, NULL);
}

Jsonb *
ct_plan_write(const CtPlan *plan, const Jsonb *params)
{
	CtJsonbState state = {0};
	JsonbValue	value;
	int			i;

	ct_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	document_write_fields(&state, plan, plan_fields, lengthof(plan_fields));
	if (params != NULL)
	{
		value.type = jbvBinary;
		value.val.binary.data = unconstify(JsonbContainer *, &params->root);
		value.val.binary.len = VARSIZE(params) - VARHDRSZ;
		document_put_key(&state, "params");
		ct_jsonb_push(&state, WJB_VALUE, &value);
	}
	for (i = 0; i < lengthof(plan_lists); i++)
		document_write_list(&state, AT(plan, plan_lists[i].offset, List *), &plan_lists[i]);
	ct_jsonb_push(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state.result);
}

/* ---- reading ---- */

/* A member of an object, or NULL if it is absent or null; elog unless it is of the type. */
static JsonbValue *
document_member(JsonbContainer *object, const char *key, enum jbvType type)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type != type)
		elog(ERROR, "plan has an unexpected type of value in \"%s\"", key);
	return value;
}

static char *
document_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static int
document_sqlstate(const JsonbValue *value)
{
	const char *text = document_string(value);

	if (strlen(text) != 5)
		elog(ERROR, "plan has an invalid SQLSTATE: \"%s\"", text);
	return MAKE_SQLSTATE(text[0], text[1], text[2], text[3], text[4]);
}

static enum jbvType
document_type(CtFieldType type)
{
	switch (type)
	{
		case FIELD_INT:
		case FIELD_INT64:
		case FIELD_DOUBLE:
			return jbvNumeric;
		case FIELD_BOOL:
			return jbvBool;
		default:
			return jbvString;
	}
}

/* Into what is zeroed. */
static void
document_set_field(void *base, const CtField *field, const JsonbValue *value)
{
	int64		number = 0;

	if (field->type == FIELD_INT || field->type == FIELD_INT64)
		number = DatumGetInt64(DirectFunctionCall1(numeric_int8,
												   NumericGetDatum(value->val.numeric)));
	switch (field->type)
	{
		case FIELD_STRING:
		case FIELD_NEEDED:
			AT(base, field->offset, char *) = document_string(value);
			break;
		case FIELD_SQLSTATE:
			AT(base, field->offset, int) = document_sqlstate(value);
			break;
		case FIELD_INT:
			if (number < PG_INT32_MIN || number > PG_INT32_MAX)
				elog(ERROR, "plan has a number that is out of range in \"%s\"", field->key);
			AT(base, field->offset, int) = (int) number;
			break;
		case FIELD_INT64:
			AT(base, field->offset, int64) = number;
			break;
		case FIELD_DOUBLE:
			AT(base, field->offset, double) =
				DatumGetFloat8(DirectFunctionCall1(numeric_float8,
												   NumericGetDatum(value->val.numeric)));
			break;
		case FIELD_BOOL:
			AT(base, field->offset, bool) = value->val.boolean;
			break;
	}
}

static void
document_read_fields(JsonbContainer *object, void *base, const CtField *fields, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		JsonbValue *value = document_member(object, fields[i].key,
											document_type(fields[i].type));

		if (value != NULL)
			document_set_field(base, &fields[i], value);
		else if (fields[i].type == FIELD_NEEDED || fields[i].type == FIELD_SQLSTATE)
			elog(ERROR, "plan lacks \"%s\"", fields[i].key);
	}
}

static List *
document_read_list(JsonbContainer *root, const CtFieldList *what)
{
	JsonbValue *array = document_member(root, what->key, jbvBinary);
	JsonbIterator *it;
	JsonbValue	value;
	List	   *list = NIL;

	if (array == NULL)
		return NIL;
	it = JsonbIteratorInit(array->val.binary.data);
	if (JsonbIteratorNext(&it, &value, true) != WJB_BEGIN_ARRAY)
		elog(ERROR, "plan has no array in \"%s\"", what->key);
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		if (value.type != (what->size > 0 ? jbvBinary : jbvString))
			elog(ERROR, "plan has an unexpected type of element in \"%s\"", what->key);
		if (what->size > 0)
		{
			void	   *element = palloc0(what->size);

			document_read_fields(value.val.binary.data, element, what->fields, what->nfields);
			list = lappend(list, element);
		}
		else if (what->type == FIELD_SQLSTATE)
			list = lappend_int(list, document_sqlstate(&value));
		else
			list = lappend(list, document_string(&value));
	}
	return list;
}

/* A parameter's value as text, NULL for null. */
static char *
document_scalar(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return NULL;
		case jbvString:
			return document_string(value);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			elog(ERROR, "plan has a parameter that is no scalar");
	}
	return NULL;				/* keep compiler quiet */
}

void
ct_plan_read_params(CtPlan *plan, const JsonbContainer *params)
{
	JsonbIterator *it = JsonbIteratorInit(unconstify(JsonbContainer *, params));
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			plan->param_names = lappend(plan->param_names, document_string(&value));
		else if (token == WJB_VALUE)
			plan->param_values = lappend(plan->param_values, document_scalar(&value));
	}
}

List *
ct_plan_param_names(const Jsonb *params)
{
	CtPlan		plan = {0};

	if (params != NULL)
		ct_plan_read_params(&plan, &params->root);
	return plan.param_names;
}

CtPlan *
ct_plan_read(const Jsonb *document)
{
	JsonbContainer *root = unconstify(JsonbContainer *, &document->root);
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	JsonbValue *params;
	int			i;

	if (!JB_ROOT_IS_OBJECT(document))
		elog(ERROR, "plan is no object");
	document_read_fields(root, plan, plan_fields, lengthof(plan_fields));
	params = document_member(root, "params", jbvBinary);
	if (params != NULL)
		ct_plan_read_params(plan, params->val.binary.data);
	for (i = 0; i < lengthof(plan_lists); i++)
		AT(plan, plan_lists[i].offset, List *) = document_read_list(root, &plan_lists[i]);
	return plan;
}

Jsonb *
ct_plan_repeat(const Jsonb *document, int64 repeat_of)
{
	char	   *member = psprintf("{\"repeat_of\": " INT64_FORMAT "}", repeat_of);

	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(document),
											  DirectFunctionCall1(jsonb_in, CStringGetDatum(member))));
}
