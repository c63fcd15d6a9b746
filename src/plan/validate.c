/*
 * validate.c
 *		What users can get wrong in a definition or a call: values.
 *
 * Scripts are in validate_script.c.  Nothing here looks at a table.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "src/base/errcodes.h"
#include "src/base/near_match.h"
#include "src/metrics/metric.h"
#include "src/plan/validate.h"

void
ct_validate_integer(const char *what, int64 value, int64 low, int64 high)
{
	if (value < low || value > high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between %lld and %lld", what,
						(long long) low, (long long) high),
				 errdetail("The given value is %lld.", (long long) value)));
}

void
ct_validate_rate(const char *what, double rate)
{
	if (!(rate > 0 && rate <= CT_MAX_RATE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be more than 0 and at most %.0f transactions per second",
						what, CT_MAX_RATE),
				 errdetail("The given value is %g.", rate)));
}

void
ct_validate_seconds(const char *what, double seconds, bool zero_allowed)
{
	if (!(seconds >= 0 && seconds <= CT_MAX_SECONDS) || (seconds == 0 && !zero_allowed))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be %s 0 and at most 31 days", what,
						zero_allowed ? "at least" : "more than"),
				 isfinite(seconds) && fabs(seconds) < 1e15 ?
				 errdetail("The given value is %.15g seconds.", seconds) : 0));
}

double
ct_interval_seconds(const Interval *interval)
{
	return interval->month * (double) SECS_PER_DAY * DAYS_PER_MONTH +
		interval->day * (double) SECS_PER_DAY +
		interval->time / (double) USECS_PER_SEC;
}

void
ct_validate_name(const char *what, const char *name)
{
	const unsigned char *p;

	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name of the %s must not be empty", what)));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name of the %s is too long", what),
				 errdetail("It has %zu bytes; at most %d are allowed.",
						   strlen(name), NAMEDATALEN - 1)));
	for (p = (const unsigned char *) name; *p; p++)
	{
		if (*p < ' ' || *p == 0x7f)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("name of the %s must not contain control characters", what),
					 errdetail("Its byte %d is 0x%02x.",
							   (int) (p - (const unsigned char *) name) + 1, *p)));
	}
}

const char *
ct_validate_isolation(const char *isolation)
{
	static const char *const levels[] = {
		"read uncommitted", "read committed", "repeatable read", "serializable"
	};
	char	   *level;
	char	   *p;
	int			i;

	if (isolation == NULL)
		return NULL;
	level = pstrdup(isolation);
	for (p = level; *p; p++)
		*p = *p == '_' ? ' ' : pg_ascii_tolower((unsigned char) *p);
	for (i = 0; i < lengthof(levels); i++)
	{
		if (strcmp(level, levels[i]) == 0)
			return levels[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized isolation level \"%s\"", isolation),
			 errhint("The isolation levels are \"read committed\", \"repeatable read\" and \"serializable\".")));
	return NULL;				/* keep compiler quiet */
}

/* As much of a text as a message about its length needs. */
static char *
validate_beginning_of(const char *text)
{
	return pnstrdup(text, pg_mbcliplen(text, strlen(text), 20));
}

/* Raises for a parameter whose name can't be one. */
static void
validate_param_name(const char *name)
{
	/* scale, random_seed and default_seed can be set, as in pgbench */
	static const char *const reserved[] = {
		"client_id", "worker_id", "iteration", "run_id", "transactions"
	};
	int			i;

	if (!ct_variable_name_is_valid(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be the name of a parameter", name),
				 errdetail("Scripts use a parameter as a variable, whose name consists of letters, digits and underscores and doesn't begin with a digit.")));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name of parameter \"%s...\" is too long", validate_beginning_of(name)),
				 errdetail("It has %zu bytes; at most %d are allowed.",
						   strlen(name), NAMEDATALEN - 1)));
	for (i = 0; i < lengthof(reserved); i++)
	{
		if (strcmp(name, reserved[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_RESERVED_NAME),
					 errmsg("\"%s\" cannot be the name of a parameter", name),
					 errdetail("It is a predefined variable.")));
	}
	if (strncmp(name, CT_OUTCOME_PREFIX, strlen(CT_OUTCOME_PREFIX)) == 0 ||
		strncmp(name, CT_TALLY_PREFIX, strlen(CT_TALLY_PREFIX)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("\"%s\" cannot be the name of a parameter", name),
				 errdetail("In checks, variables that begin with \"outcome_\" and \"tally_\" stand for what the run has counted.")));
}

void
ct_validate_params(const char *what, const Jsonb *params)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *name = NULL;

	if (!JB_ROOT_IS_OBJECT(params))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a JSON object", what),
				 errhint("Write it like '{\"stock\": 10}'.")));

	it = JsonbIteratorInit(unconstify(JsonbContainer *, &params->root));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			name = pnstrdup(value.val.string.val, value.val.string.len);
			validate_param_name(name);
		}
		else if (token == WJB_VALUE && value.type == jbvBinary)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" must be a string, a number, a boolean or null", name),
					 errdetail("It becomes a variable of the scripts, and these hold one value.")));
	}
}

void
ct_validate_param_keys(const char *scenario, const Jsonb *known, const Jsonb *given)
{
	/* predefined variables that a call may always set, as by pgbench's -D */
	static const char *const settable[] = {"scale", "random_seed", "default_seed"};
	JsonbContainer *root = known ? unconstify(JsonbContainer *, &known->root) : NULL;
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
			(root != NULL && getKeyJsonValueFromContainer(root, value.val.string.val,
														  value.val.string.len, NULL)))
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

	it = root ? JsonbIteratorInit(root) : NULL;
	while (it != NULL && (token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
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

List *
ct_validate_errors(const char *what, ArrayType *errors, bool labels)
{
	List	   *result = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	int			i;

	if (errors == NULL)
		return NIL;
	deconstruct_array(errors, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &nelements);
	for (i = 0; i < nelements; i++)
	{
		CtPlanError *error = palloc0(sizeof(CtPlanError));
		char	   *element;
		char	   *equals;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain nulls", what)));
		element = TextDatumGetCString(elements[i]);
		equals = strchr(element, '=');
		if (equals != NULL && !labels)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must not contain labels", what),
					 errdetail("The element is \"%s\".", element),
					 errhint("A transaction that is repeated ends with no outcome yet.")));
		if (equals != NULL)
		{
			*equals = '\0';
			error->label = equals + 1;
			if (!ct_variable_name_is_valid(error->label))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("\"%s\" in %s cannot be the label of an outcome",
								error->label, what),
						 errdetail("A label consists of letters, digits and underscores and doesn't begin with a digit.")));
			if (strlen(error->label) >= NAMEDATALEN)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("label \"%s...\" in %s is too long",
								validate_beginning_of(error->label), what),
						 errdetail("It has %zu bytes; at most %d are allowed.",
								   strlen(error->label), NAMEDATALEN - 1)));
		}
		if (!ct_condition_lookup(element, &error->sqlstate))
		{
			char	   *hint = ct_near_match_hint(element, ct_condition_names(), "conditions",
												  "Give an error's SQLSTATE (\"23505\") or the name of its condition (\"unique_violation\").");

			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("unrecognized condition \"%s\" in %s", element, what),
					 errhint("%s", hint)));
		}
		if (error->label == NULL)
		{
			error->label = pstrdup(ct_condition_name(error->sqlstate));

			/* an SQLSTATE of one's own without a name; :outcome_P0123 works */
			if (!ct_variable_name_is_valid(error->label))
				error->label = psprintf("error_%s", error->label);
		}
		result = lappend(result, error);
	}
	return result;
}

void
ct_validate_threshold(const char *name, const char *op, double target)
{
	char	   *of;
	char	   *metric;
	CtMetricKind	kind = ct_metric_split(name, &of, &metric);

	/* a script's name, a step and a metric */
	if (strlen(name) >= 2 * NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name of threshold \"%s...\" is too long", validate_beginning_of(name)),
				 errdetail("It has %zu bytes; at most %d are allowed.",
						   strlen(name), 2 * NAMEDATALEN - 1)));
	if (kind == CT_OF_TALLY)
	{
		(void) ct_metric_cut_tally(metric);
		if (!ct_variable_name_is_valid(metric))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" cannot be the name of a tally", metric),
					 errdetail("The threshold is on \"%s\".", name)));
	}
	else if (ct_metric_kinds(metric) == 0)
	{
		List	   *names = NIL;
		StringInfoData list;
		int			i;

		initStringInfo(&list);
		for (i = 0; ct_metrics[i] != NULL; i++)
		{
			names = lappend(names, unconstify(char *, ct_metrics[i]));
			appendStringInfo(&list, "%s, ", ct_metrics[i]);
		}
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("unrecognized metric \"%s\"", metric),
				 of != NULL ? errdetail("The threshold is on \"%s\".", name) : 0,
				 strncmp(name, "tally.", strlen("tally.")) == 0 ?
				 errhint("Of a tally there are its sum, tally.NAME, and tally.NAME.count, .mean, .min and .max.") :
				 errhint("%s", ct_near_match_hint(metric, names, "metrics",
												  psprintf("The metrics are %sand tally.NAME.", list.data)))));
	}
	if (!ct_metric_is_op(op))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized comparison \"%s\"", op),
				 errhint("The comparisons are <, <=, =, >=, > and <>.")));
	if (!isfinite(target))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target of a threshold must be a finite number"),
				 errdetail("The given value is %g.", target)));
}
