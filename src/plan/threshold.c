/*
 * threshold.c
 *		Thresholds as users write them, and what their names mean.
 *
 * What the metrics are is in checks/threshold.c; how they come out of a run's
 * results, in checks/check.c.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/string.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "src/base/near_match.h"
#include "src/plan/phase.h"
#include "src/plan/threshold.h"
#include "src/plan/validate.h"

/* ---- reading ---- */

/*
 * A decimal number and nothing else: digits with a point and an exponent, no
 * hexadecimal, no NaN.  Returns its end, NULL if there is none.
 */
static const char *
threshold_scan_number(const char *p)
{
	int			digits = 0;

	if (*p == '+' || *p == '-')
		p++;
	for (; isdigit((unsigned char) *p); p++)
		digits++;
	if (*p == '.')
		for (p++; isdigit((unsigned char) *p); p++)
			digits++;
	if (digits == 0)
		return NULL;
	if (*p == 'e' || *p == 'E')
	{
		p++;
		if (*p == '+' || *p == '-')
			p++;
		if (!isdigit((unsigned char) *p))
			return NULL;
		while (isdigit((unsigned char) *p))
			p++;
	}
	return p;
}

static bool
threshold_is_op_char(char c)
{
	return c != '\0' && strchr("<=>!", c) != NULL;
}

/* Can it be a metric's name where a query might stand as well? */
static bool
threshold_is_word(const char *name)
{
	const unsigned char *p = (const unsigned char *) name;

	for (; *p; p++)
	{
		if (!isalnum(*p) && !IS_HIGHBIT_SET(*p) && strchr("_.:-", *p) == NULL)
			return false;
	}
	return true;
}

bool
ct_threshold_parse(const char *text, bool any_name, CtPlanThreshold *threshold)
{
	const char *end = text + strlen(text);
	const char *start = text;
	const char *op;
	const char *number;
	const char *name_end;

	while (isspace((unsigned char) *start))
		start++;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;

	/* from the end, for whatever stands before the comparison may be a name */
	for (number = end; number > start && !threshold_is_op_char(number[-1]); number--)
		;
	for (op = number; op > start && threshold_is_op_char(op[-1]); op--)
		;
	for (name_end = op; name_end > start && isspace((unsigned char) name_end[-1]); name_end--)
		;
	threshold->metric = pnstrdup(start, name_end - start);
	threshold->op = pnstrdup(op, number - op);
	if (threshold->metric[0] == '\0' || threshold->op[0] == '\0' ||
		(!any_name && !threshold_is_word(threshold->metric)))
		return false;

	while (isspace((unsigned char) *number))
		number++;
	if (threshold_scan_number(number) != end)
		return false;
	errno = 0;
	threshold->target = strtod(number, NULL);
	if (errno != 0)
		return false;
	ct_validate_threshold(threshold->metric, threshold->op, threshold->target);
	return true;
}

/* ---- a call's over those of a scenario ---- */

/*
 * What a threshold bounds and from which side, as one string: a call's takes
 * the place of those for which it is the same.
 */
static char *
threshold_bound_of(const CtPlanThreshold *threshold)
{
	const char *op = threshold->op;
	char		side = strcmp(op, "<") == 0 || strcmp(op, "<=") == 0 ? '<' :
		strcmp(op, ">") == 0 || strcmp(op, ">=") == 0 ? '>' :
		op[0] == '=' ? '=' : '!';

	return psprintf("%c%s", side, threshold->metric);
}

static int
threshold_compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

List *
ct_threshold_override(List *thresholds, ArrayType *given)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	char	  **bounds;
	List	   *own = NIL;
	List	   *all = NIL;
	ListCell   *lc;
	int			i;

	if (given == NULL)
		return thresholds;
	deconstruct_array(given, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	if (n == 0)
		return thresholds;

	bounds = palloc(n * sizeof(char *));
	for (i = 0; i < n; i++)
	{
		CtPlanThreshold *threshold = palloc0(sizeof(CtPlanThreshold));

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("thresholds must not contain nulls")));
		if (!ct_threshold_parse(TextDatumGetCString(elements[i]), true, threshold))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is not a threshold", TextDatumGetCString(elements[i])),
					 errhint("Write a metric, a comparison and a decimal number, like \"p95_ms < 100\".")));
		bounds[i] = threshold_bound_of(threshold);
		own = lappend(own, threshold);
	}
	qsort(bounds, n, sizeof(char *), threshold_compare_strings);

	/* those of the call don't replace one another */
	foreach(lc, thresholds)
	{
		char	   *bound = threshold_bound_of(lfirst(lc));

		CHECK_FOR_INTERRUPTS();
		if (bsearch(&bound, bounds, n, sizeof(char *), threshold_compare_strings) == NULL)
			all = lappend(all, lfirst(lc));
	}
	return list_concat(all, own);
}

/* ---- names ---- */

struct CtNames
{
	CtSymbols  *classes;
	CtSymbols  *scripts;
	int		   *script;			/* of each of them the first one's index */
	CtSymbols  *phases;			/* in their order */
	CtSymbols  *outcomes;
	bool		any_outcome;	/* a script names one only when it runs */
	CtSymbols  *tallies;
};

CtNames *
ct_names_of_program(const CtProgram *program)
{
	CtNames    *names = palloc0(sizeof(CtNames));
	List	   *results = ct_plan_error_names(NIL, program->plan->expected_errors);
	ListCell   *lc;
	int			i;

	names->classes = ct_symbols_create();
	names->scripts = ct_symbols_create();
	names->outcomes = ct_symbols_create();
	names->tallies = ct_symbols_create();
	names->phases = ct_symbols_create();
	names->script = palloc(Max(program->nscripts, 1) * sizeof(int));
	for (i = 0; i < program->nscripts; i++)
	{
		int			before = ct_symbols_count(names->scripts);
		int			slot = ct_symbols_intern(names->scripts, program->scripts[i].plan->name);

		if (slot == before)
			names->script[slot] = i;
		results = ct_plan_result_names(results, program->scripts[i].script);
	}
	for (i = 0; i < program->nclasses; i++)
		(void) ct_symbols_intern(names->classes, program->classes[i].plan->name);
	foreach(lc, results)
	{
		const char *name = lfirst(lc);

		if (strncmp(name, CT_TALLY_PREFIX, strlen(CT_TALLY_PREFIX)) == 0)
			(void) ct_symbols_intern(names->tallies, name + strlen(CT_TALLY_PREFIX));
		else if (strcmp(name, CT_OUTCOME_PREFIX) == 0)
			names->any_outcome = true;
		else
			(void) ct_symbols_intern(names->outcomes, name + strlen(CT_OUTCOME_PREFIX));
	}
	foreach(lc, program->plan->phases)
		(void) ct_symbols_intern(names->phases, ((CtPlanPhase *) lfirst(lc))->name);
	return names;
}

static List *
threshold_add_symbols(List *list, const CtSymbols *symbols)
{
	int			i;

	for (i = 0; i < ct_symbols_count(symbols); i++)
		list = lappend(list, pstrdup(ct_symbols_name(symbols, i)));
	return list;
}

/*
 * "read:3" as script and step; the script's slot, -1 if that isn't the name
 * of one with a number.
 */
static int
threshold_find_step(const CtNames *names, const char *of, int *step)
{
	const char *colon = strrchr(of, ':');
	char	   *end;

	if (colon == NULL || !isdigit((unsigned char) colon[1]))
		return -1;
	errno = 0;
	*step = strtoint(colon + 1, &end, 10);
	if (errno != 0 || *end != '\0')
		return -1;
	return ct_symbols_find(names->scripts, pnstrdup(of, colon - of));
}

/* Raises if it is the name of two things. */
static void
threshold_check_unique(const char *name, const char *of, const CtNames *names)
{
	const char *one = NULL;
	const char *two = NULL;
	int			step;

	if (strcmp(of, "tally") == 0)
		one = "the tallies";
	if (strcmp(of, "vs_baseline") == 0)
		one = "comparisons with the baseline";
	if (ct_symbols_find(names->scripts, of) >= 0)
	{
		two = one;
		one = "a script";
	}
	if (ct_symbols_find(names->outcomes, of) >= 0)
	{
		two = one;
		one = "an outcome";
	}
	if (ct_symbols_find(names->classes, of) >= 0)
	{
		two = one;
		one = "a class";
	}
	if (threshold_find_step(names, of, &step) >= 0)
	{
		two = one;
		one = "a step of a script";
	}
	if (ct_symbols_find(names->phases, of) >= 0)
	{
		two = one;
		one = "a phase";
	}
	if (two != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold \"%s\" is ambiguous", name),
				 errdetail("\"%s\" is the name of %s and of %s.", of, two, one),
				 errhint("Rename one of them.")));
}

void
ct_threshold_check_unique(const char *name, const CtNames *names)
{
	char	   *of;
	char	   *metric;

	if (ct_metric_split(name, &of, &metric) != CT_OF_RUN)
		threshold_check_unique(name, of, names);
}

void
ct_names_check_phases(const CtNames *names)
{
	int			step;
	int			i;

	for (i = 0; i < ct_symbols_count(names->phases); i++)
	{
		const char *name = ct_symbols_name(names->phases, i);
		const char *what = strcmp(name, "tally") == 0 ? "what thresholds call the tallies" :
			strcmp(name, "vs_baseline") == 0 ? "what thresholds call comparisons with the baseline" :
			ct_symbols_find(names->scripts, name) >= 0 ? "the name of a script" :
			ct_symbols_find(names->outcomes, name) >= 0 ? "the name of an outcome" :
			ct_symbols_find(names->classes, name) >= 0 ? "the name of a class" :
			threshold_find_step(names, name, &step) >= 0 ? "what thresholds call a step of a script" : NULL;

		if (what != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("\"%s\" cannot be the name of a phase", name),
					 errdetail("It is %s, and a threshold on \"%s.p95_ms\" could mean either.", what, name),
					 errhint("Rename the phase.")));
	}
}

/* Raises for a step that is no statement, with those that are. */
static void
threshold_not_a_statement(const CtProgramScript *script, int step)
{
	StringInfoData buf;
	int			i;
	int			n = 0;

	initStringInfo(&buf);
	for (i = 0; i < script->script->ncommands && n < 12; i++)
	{
		if (script->step_histogram[i] >= 0)
			appendStringInfo(&buf, "%s%d", n++ == 0 ? "" : ", ", i + 1);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("step %d of script \"%s\" is not a statement", step, script->plan->name),
			 n > 0 ? errdetail("Its statements are the steps %s%s.", buf.data, n == 12 ? " ..." : "") :
			 errdetail("It has no statements.")));
}

static const char *
threshold_kind_text(CtMetricKind kind)
{
	return kind == CT_OF_OUTCOME ? "an outcome" : kind == CT_OF_STATEMENT ? "a statement" :
		kind == CT_OF_CLASS ? "a class" : kind == CT_VS_BASELINE ? "a comparison with the baseline" :
		kind == CT_OF_PHASE ? "a phase" : kind == CT_OF_RUN ? "a run" : "a script";
}

/* Raises for a metric that there isn't of such a thing, with those that there are. */
static void
threshold_check_kind(const char *name, const char *metric, CtMetricKind kind)
{
	StringInfoData buf;
	int			i;

	if (ct_metric_kinds(metric) & kind)
		return;
	if (ct_metric_kinds(metric) == CT_OF_PHASE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold \"%s\" cannot be measured", name),
				 errdetail("There is no %s of %s.", metric, threshold_kind_text(kind)),
				 errhint("It is one of a phase: name that first, as \"recovery.%s\".", metric)));
	initStringInfo(&buf);
	for (i = 0; ct_metrics[i] != NULL; i++)
	{
		if (ct_metric_kinds(ct_metrics[i]) & kind)
			appendStringInfo(&buf, "%s%s", buf.len == 0 ? "" : ", ", ct_metrics[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("threshold \"%s\" cannot be measured", name),
			 errdetail("There is no %s of %s.", metric, threshold_kind_text(kind)),
			 errhint("The metrics of %s are %s.", threshold_kind_text(kind), buf.data)));
}

/* Raises for recovery of a phase that it isn't told of. */
static void
threshold_check_recovery(const char *name, const char *phase, const CtNames *names, int number)
{
	int			baseline = Max(ct_symbols_find(names->phases, CT_BASELINE_PHASE), 0);

	if (number > baseline)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("threshold \"%s\" cannot be measured", name),
			 number == baseline ?
			 errdetail("\"%s\" is the phase by which recovery of those after it is told.", phase) :
			 errdetail("\"%s\" comes before \"%s\", by which recovery is told.", phase,
					   ct_symbols_name(names->phases, baseline))));
}

void
ct_threshold_resolve(const char *name, const CtProgram *program, const CtNames *names,
					 CtProgramThreshold *threshold, char **of)
{
	char	   *metric;
	char	   *hint;
	int			slot;
	int			step;
	int			i;

	threshold->kind = ct_metric_split(name, of, &metric);
	threshold->metric = metric;
	threshold->histogram = -1;
	if (threshold->kind == CT_OF_RUN)
	{
		threshold_check_kind(name, metric, CT_OF_RUN);
		return;
	}

	threshold_check_unique(name, *of, names);
	if (threshold->kind == CT_VS_BASELINE)
	{
		threshold_check_kind(name, metric, CT_VS_BASELINE);
		return;
	}
	if (threshold->kind == CT_OF_TALLY)
	{
		threshold->tally = ct_metric_cut_tally(metric);
		if (ct_symbols_find(names->tallies, metric) >= 0)
			return;
		hint = ct_near_match_hint(metric, threshold_add_symbols(NIL, names->tallies), "tallies", NULL);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("threshold \"%s\" is of a tally that no script has", name),
				 hint ? errhint("%s", hint) : 0));
	}
	if ((slot = ct_symbols_find(names->classes, *of)) >= 0)
	{
		threshold->kind = CT_OF_CLASS;
		threshold->script = slot;
		threshold->histogram = program->classes[slot].histogram;
	}
	else if ((slot = ct_symbols_find(names->scripts, *of)) >= 0)
	{
		threshold->script = names->script[slot];
		threshold->histogram = program->scripts[threshold->script].histogram;
	}
	else if ((slot = threshold_find_step(names, *of, &step)) >= 0)
	{
		const char *script = ct_symbols_name(names->scripts, slot);

		threshold->kind = CT_OF_STATEMENT;
		threshold->script = names->script[slot];
		for (i = threshold->script; i < program->nscripts; i++)
		{
			const CtProgramScript *one = &program->scripts[i];

			/* where a scenario is looked at as a whole there may be several of a name */
			if (strcmp(one->plan->name, script) != 0 || step < 1 || step > one->script->ncommands ||
				one->step_histogram[step - 1] < 0)
				continue;
			threshold->histogram = one->step_histogram[step - 1];
			break;
		}
		if (threshold->histogram < 0)
			threshold_not_a_statement(&program->scripts[threshold->script], step);
	}
	else if ((slot = ct_symbols_find(names->phases, *of)) >= 0)
	{
		threshold->kind = CT_OF_PHASE;
		threshold->phase = slot;
		threshold->histogram = program->phases[slot].histogram;
		if (strcmp(metric, "recovery_s") == 0)
			threshold_check_recovery(name, *of, names, slot);
	}
	else if (ct_symbols_find(names->outcomes, *of) >= 0 ||
			 (names->any_outcome && ct_variable_name_is_valid(*of)))
		threshold->kind = CT_OF_OUTCOME;
	else
	{
		List	   *all = threshold_add_symbols(threshold_add_symbols(NIL, names->scripts), names->outcomes);
		bool		more = ct_symbols_count(names->phases) + ct_symbols_count(names->classes) > 0;

		all = threshold_add_symbols(threshold_add_symbols(all, names->phases), names->classes);
		hint = ct_near_match_hint(*of, all, more ? "scripts, outcomes, phases and classes" : "scripts and outcomes", NULL);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("threshold \"%s\" is of something that there isn't", name),
				 more ? errdetail("There is no script, outcome, phase or class \"%s\".", *of) :
				 errdetail("There is neither a script nor an outcome \"%s\".", *of),
				 strncmp(*of, "tally.", strlen("tally.")) == 0 ?
				 errhint("Of a tally there are its sum, tally.NAME, and tally.NAME.count, .mean, .min and .max.") :
				 hint ? errhint("%s", hint) : 0));
	}
	threshold_check_kind(name, metric, threshold->kind);
}
