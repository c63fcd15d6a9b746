/*
 * suite.c
 *		ct_run_all: many scenarios, each variant of them, one after the other.
 *
 * A test that could not be run has not passed, and is no reason to leave out
 * the others: it has its row here, and among the runs.  What ends all of it is
 * what ends the call, a cancel, say; the runs that there are stay.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "api/outcome.h"
#include "api/run.h"
#include "src/catalog/definition.h"
#include "src/catalog/rowset.h"
#include "src/catalog/version.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_run_all);

#define SUITE_COLUMNS	13

/* those that a message names */
#define SUITE_NAMED		10

typedef struct CtSuite
{
	CtRunOptions *options;
	int			total;			/* variants */
	int			as_expected;
	StringInfoData others;		/* "scenario / variant: fail", a line each, the first few */
} CtSuite;

/*
 * The plan of a variant's run; where there can be none, one that is refused,
 * so that the run will say why, and *refused is set.
 */
static Jsonb *
suite_plan(const CtVariantChoice *choice, CtRunOptions *options, bool *refused)
{
	ErrorData  *error;
	Jsonb	   *document;

	options->expected_verdict = choice->expected_verdict;
	document = ct_run_try_plan(choice->scenario, choice->variant, options, &error);
	*refused = document == NULL;
	if (!*refused)
		return document;
	return ct_plan_of_refused(choice->scenario,
							  choice->variant ? choice->variant : CT_DEFAULT_VARIANT,
							  choice->expected_verdict, error->sqlerrcode,
							  error->detail ? psprintf("%s: %s", error->message, error->detail) :
							  error->message);
}

/* Is a verdict, or status, what the variant should come to? */
static bool
suite_is_as_expected(const CtVariantChoice *choice, const char *word)
{
	return strcmp(word, choice->expected_verdict ? choice->expected_verdict : "pass") == 0;
}

static void
suite_put_number(Datum *values, bool *nulls, int column, double number, double digits)
{
	nulls[column] = isnan(number);
	values[column] = Float8GetDatum(rint(number * digits) / digits);
}

static void
suite_put_row(CtSuite *suite, ReturnSetInfo *rsinfo, const CtVariantChoice *choice,
			  const CtRepeats *repeats)
{
	Datum		values[SUITE_COLUMNS] = {0};
	bool		nulls[SUITE_COLUMNS] = {false};
	CtArray		run_ids = {repeats->nruns, repeats->run_ids};

	values[0] = CStringGetTextDatum(choice->scenario);
	values[1] = CStringGetTextDatum(choice->variant ? choice->variant : CT_DEFAULT_VARIANT);
	if (choice->expected_verdict)
		values[2] = CStringGetTextDatum(choice->expected_verdict);
	nulls[2] = choice->expected_verdict == NULL;
	values[3] = CStringGetTextDatum(repeats->word);
	values[4] = BoolGetDatum(suite_is_as_expected(choice, repeats->word));
	values[5] = Int64GetDatum(ct_repeats_last(repeats));
	nulls[5] = repeats->nruns == 0;
	values[6] = Int64GetDatum(repeats->anomalies);
	nulls[6] = repeats->measured == 0 || repeats->anomalies < 0;
	suite_put_number(values, nulls, 7, ct_repeats_tps(repeats, 0.95).estimate, 1e1);
	suite_put_number(values, nulls, 8, ct_repeats_mean(repeats, repeats->p50_ms), 1e3);
	suite_put_number(values, nulls, 9, ct_repeats_mean(repeats, repeats->p95_ms), 1e3);
	suite_put_number(values, nulls, 10, ct_repeats_mean(repeats, repeats->p99_ms), 1e3);
	values[11] = CStringGetTextDatum(ct_repeats_reason(repeats));
	values[12] = ct_array_datum(CT_INT8S, &run_ids);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Tells of one run; of a variant that is run several times, which of them it was. */
static void
suite_tell(const CtVariantChoice *choice, const char *name, const CtOutcome *outcome, int repeat, int repeats)
{
	const char *word = ct_outcome_word(outcome);
	const char *which = repeats > 1 ? psprintf(", %d of %d", repeat, repeats) : "";

	ereport(NOTICE,
			(outcome->run_id != 0 ?
			 errmsg("%s%s: %s, run " INT64_FORMAT, name, which, word, outcome->run_id) :
			 errmsg("%s%s: %s", name, which, word),
			 suite_is_as_expected(choice, word) ? 0 : errdetail("%s.", outcome->reason)));
}

static void
suite_run(CtSuite *suite, ReturnSetInfo *rsinfo, const CtVariantChoice *choice)
{
	const char *name = psprintf("%s / %s", choice->scenario, choice->variant ? choice->variant : CT_DEFAULT_VARIANT);
	int			repeat = suite->options->repeat;
	bool		refused;
	Jsonb	   *document = suite_plan(choice, suite->options, &refused);
	CtRepeats  *repeats;
	int			i;

	/* what can't be run is told once */
	if (refused)
		repeat = 1;
	repeats = ct_repeats_create(repeat);
	for (i = 0; i < repeat; i++)
	{
		CtOutcome  *outcome = ct_outcome_of_run(ct_repeats_document(repeats, document, repeat));

		ct_repeats_add(repeats, outcome);
		suite_tell(choice, name, outcome, i + 1, repeat);
	}
	suite->total++;
	if (suite_is_as_expected(choice, repeats->word))
		suite->as_expected++;
	else if (suite->total - suite->as_expected <= SUITE_NAMED)
		appendStringInfo(&suite->others, "%s%s: %s", suite->others.len > 0 ? "\n" : "", name, repeats->word);
	suite_put_row(suite, rsinfo, choice, repeats);
}

/* What all of it came to; raises if told to, unless all were as they should be. */
static void
suite_conclude(CtSuite *suite, bool raise_on_fail)
{
	int			others = suite->total - suite->as_expected;

	if (others > SUITE_NAMED)
		appendStringInfo(&suite->others, "\nand %d more", others - SUITE_NAMED);
	if (others > 0 && raise_on_fail)
		ereport(ERROR,
				(errcode(ERRCODE_ASSERT_FAILURE),
				 suite->options->repeat > 1 ?
				 errmsg_plural("%d of %d variant was not as expected", "%d of %d variants were not as expected",
							   suite->total, others, suite->total) :
				 errmsg_plural("%d of %d run was not as expected", "%d of %d runs were not as expected",
							   suite->total, others, suite->total),
				 errdetail_internal("%s", suite->others.data),
				 errhint("The view ct_runs has them all.")));
	ereport(NOTICE,
			(suite->options->repeat > 1 ?
			 errmsg_plural("%d of %d variant as expected", "%d of %d variants as expected",
						   suite->total, suite->as_expected, suite->total) :
			 errmsg_plural("%d of %d run as expected", "%d of %d runs as expected",
						   suite->total, suite->as_expected, suite->total),
			 others > 0 ? errdetail_internal("%s", suite->others.data) : 0));
}

/* ct_run_all(category, scenarios, options of ct_compare, raise_on_fail) */
Datum
ct_run_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CtExploreOptions explore = {0};
	CtRunOptions options;
	CtSuite		suite = {&options};
	CtCatalogScope scope;
	CtArgs		args;
	char	   *category;
	ArrayType  *scenarios;
	List	   *choices;
	bool		raise_on_fail;
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	ListCell   *lc;

	ct_call_check("ct_run_all()");
	ct_args_begin(&args, fcinfo);
	category = ct_args_text(&args, "category");
	scenarios = ct_args_array(&args, "scenarios");
	ct_run_options(&args, &options);
	raise_on_fail = ct_args_flag(&args, "raise_on_fail");
	if (ct_args_flag(&args, "explore"))
		options.explore = &explore;
	ct_args_end(&args);
	if (!options.has_repeat)
		options.repeat = 1;
	ct_validate_integer("repeat", options.repeat, 1, CT_MAX_RUN_REPEATS);
	ct_call_check_role();
	InitMaterializedSRF(fcinfo, 0);
	initStringInfo(&suite.others);

	ct_catalog_enter_to_read(&scope);
	choices = ct_definition_choose(&scope, category, scenarios);
	ct_catalog_leave(&scope);
	context = AllocSetContextCreate(outer, "ct_ext suite", ALLOCSET_DEFAULT_SIZES);
	foreach(lc, choices)
	{
		MemoryContextSwitchTo(context);
		suite_run(&suite, rsinfo, lfirst(lc));
		MemoryContextSwitchTo(outer);
		MemoryContextReset(context);
	}
	suite_conclude(&suite, raise_on_fail);
	return (Datum) 0;
}
