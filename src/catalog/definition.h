/*
 * definition.h
 *		Definitions of scenarios: what they are made of, read and written.
 *
 * All of it within a scope of the catalog, in whose memory results are.  Who
 * may define what is the caller's business (api/define.c), as is whether what
 * is written makes sense (plan/validate.c).
 */
#ifndef CT_DEFINITION_H
#define CT_DEFINITION_H

#include "nodes/pg_list.h"
#include "src/catalog/catalog.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* NULL, or has_... false, is "not said" in all of these */

typedef struct CtScenarioDefinition
{
	const char *name;
	const char *description;
	const char *story;
	const char *category;
	const char *setup;
	const char *teardown;
	const char *on_start;
	bool		has_workers,
				has_clients,
				has_transactions,
				has_rate,
				has_max_tries,
				has_min_overlap;
	int			workers;
	int			clients;
	Interval   *duration;
	int64		transactions;
	const char *transactions_expr;
	double		rate;
	int			max_tries;
	int			min_overlap;
	Jsonb	   *params;
	Jsonb	   *explore_params; /* over params in an exploration; NULL: it isn't meant to be explored */
	ArrayType  *expected_errors;	/* text[] */
	ArrayType  *retried_errors; /* text[] */
	bool		bundled;
	Oid			owner;
} CtScenarioDefinition;

typedef struct CtVariantDefinition
{
	const char *name;
	const char *description;
	const char *isolation;
	bool		has_max_tries;
	int			max_tries;
	const char *setup;			/* after the scenario's */
	ArrayType  *expected_errors;	/* on top of the scenario's */
	ArrayType  *retried_errors;
	const char *expected_verdict;
} CtVariantDefinition;

/* of these three: variant NULL is of every variant that has none of that name of its own */

typedef struct CtScriptDefinition
{
	const char *name;
	const char *variant;
	const char *body;
	int			weight;
	Interval   *think_time;
	Interval   *think_max;		/* of a uniform one; else NULL */
	const char *think_distribution;	/* as in a plan */
	bool		quoted;			/* variables within quotes are some, as in pgbench's default query mode */
	int			workers;		/* 0 is "not said" */
} CtScriptDefinition;

/* a class of clients; a variant's own takes the place of the general one of its name */
typedef struct CtClassDefinition
{
	const char *name;
	const char *variant;
	double		share;
	Jsonb	   *weights;
	Interval   *think_time;
	Interval   *think_max;
	const char *think_distribution; /* as in a plan */
	const char *on_start;
} CtClassDefinition;

typedef struct CtCheckDefinition
{
	const char *name;
	const char *variant;
	const char *query;
	const char *description;
	const char *kind;
	bool		during;
} CtCheckDefinition;

typedef struct CtThresholdDefinition
{
	const char *metric;
	const char *variant;
	const char *op;
	double		target;
} CtThresholdDefinition;

/* an order of sessions, from 1 */
typedef struct CtPermutationDefinition
{
	const char *name;
	ArrayType  *permutation;	/* int[], not empty, without nulls */
} CtPermutationDefinition;

/* a phase of every variant's load */
typedef struct CtPhaseDefinition
{
	const char *name;
	Interval   *duration;
	bool		has_rate,
				has_clients;
	double		rate;
	int			clients;
	Jsonb	   *weights;
	Interval   *ramp;
} CtPhaseDefinition;

/* whose parts are read: of a variant named */
typedef enum CtPartsOf
{
	CT_PARTS_OF_VARIANT,		/* its own, and those of every variant that they don't replace */
	CT_PARTS_OF_SCENARIO,		/* all, whatever the variant */
	CT_PARTS_OF_OTHERS			/* those that other variants have of their own */
} CtPartsOf;

/* what a part is, for ct_definition_delete_part and its messages */
typedef enum CtPartKind
{
	CT_PART_SCRIPT,
	CT_PART_CHECK,
	CT_PART_THRESHOLD,
	CT_PART_PERMUTATION,		/* of all variants, as the next one */
	CT_PART_PHASE,
	CT_PART_CLASS
} CtPartKind;

/* ---- reading ---- */

/* Raises ERRCODE_UNDEFINED_OBJECT with near matches. */
extern void ct_definition_unknown_scenario(CtCatalogScope *scope, const char *scenario);

/* The same among the names that there are, List of char *. */
extern void ct_definition_unknown_variant(const char *scenario, const char *variant,
										  const List *variants);

/* False if there is none of that name; the description, story and category are left out. */
extern bool ct_definition_read_scenario(CtCatalogScope *scope, const char *name,
										CtScenarioDefinition *scenario);

/* False if there is none; the description and expected verdict are left out. */
extern bool ct_definition_read_variant(CtCatalogScope *scope, const char *scenario,
									   const char *name, CtVariantDefinition *variant);

/* names of the variants in their order, List of char *; NIL also if there is no such scenario */
extern List *ct_definition_variants(CtCatalogScope *scope, const char *scenario);

/* a variant of a scenario, as one of many that are to be run */
typedef struct CtVariantChoice
{
	const char *scenario;
	const char *variant;		/* NULL: the scenario has no variants */
	const char *expected_verdict;	/* or NULL */
} CtVariantChoice;

/*
 * The variants of the scenarios of a category, of those named (text[], in that
 * order), of those named that are of the category, or, both being NULL, of all
 * that are not bundled: List of CtVariantChoice *.  Raises
 * ERRCODE_UNDEFINED_OBJECT for a name of none, and for a category without any.
 */
extern List *ct_definition_choose(CtCatalogScope *scope, const char *category, ArrayType *scenarios);

/* Raises ct_definition_unknown_variant's error unless it is defined; NULL is fine. */
extern void ct_definition_check_variant(CtCatalogScope *scope, const char *scenario,
										const char *variant);

/* Lists of the structs, in the order of their positions; descriptions are left out. */
extern List *ct_definition_scripts(CtCatalogScope *scope, const char *scenario,
								   const char *variant, CtPartsOf of);
/* NULL for the variant: all of them */
extern List *ct_definition_classes(CtCatalogScope *scope, const char *scenario,
								   const char *variant);
extern List *ct_definition_checks(CtCatalogScope *scope, const char *scenario,
								  const char *variant);
extern List *ct_definition_thresholds(CtCatalogScope *scope, const char *scenario,
									  const char *variant);

/* List of CtPermutationDefinition * */
extern List *ct_definition_permutations(CtCatalogScope *scope, const char *scenario);

/* the phases in their order, as a call's: an array of objects; NULL: there are none */
extern Jsonb *ct_definition_phases(CtCatalogScope *scope, const char *scenario);

/* the names of metrics that have a dot, of any variant's thresholds, each once; List of char * */
extern List *ct_definition_dotted_metrics(CtCatalogScope *scope, const char *scenario);

/*
 * The expected_errors that there are: List of ArrayType *.  Of the scenario
 * and of the variant or of all, or of the other variants alone.
 */
extern List *ct_definition_expected_errors(CtCatalogScope *scope, const char *scenario,
										   const char *variant, CtPartsOf of);

/* ---- writing; the current transaction's, as a statement of the user's ---- */

/*
 * Locks a scenario's row until the transaction's end, by which whoever adds to
 * it takes turns; false if there is none.
 */
extern bool ct_definition_lock(CtCatalogScope *scope, const char *scenario, Oid *owner,
							   bool *bundled);

/* Each returns false if there is one of that name already. */
extern bool ct_definition_insert_scenario(CtCatalogScope *scope,
										  const CtScenarioDefinition *scenario);
extern bool ct_definition_insert_variant(CtCatalogScope *scope, const char *scenario,
										 const CtVariantDefinition *variant);
extern bool ct_definition_insert_script(CtCatalogScope *scope, const char *scenario,
										const CtScriptDefinition *script);
extern bool ct_definition_insert_class(CtCatalogScope *scope, const char *scenario,
									   const CtClassDefinition *definition);
extern bool ct_definition_insert_check(CtCatalogScope *scope, const char *scenario,
									   const CtCheckDefinition *check);
extern bool ct_definition_insert_threshold(CtCatalogScope *scope, const char *scenario,
										   const CtThresholdDefinition *threshold);

extern bool ct_definition_insert_permutation(CtCatalogScope *scope, const char *scenario,
											 const CtPermutationDefinition *permutation);

extern bool ct_definition_insert_phase(CtCatalogScope *scope, const char *scenario,
									   const CtPhaseDefinition *phase);

/* What hangs on it goes with it. */
extern void ct_definition_delete_scenario(CtCatalogScope *scope, const char *scenario);
extern void ct_definition_delete_variant(CtCatalogScope *scope, const char *scenario,
										 const char *variant);

/*
 * Of every variant (NULL) or of one; op only for thresholds, NULL: any.
 * Raises ERRCODE_UNDEFINED_OBJECT if there is none, with the place where there
 * is one, or the names that are near.
 */
extern void ct_definition_delete_part(CtCatalogScope *scope, CtPartKind kind,
									  const char *scenario, const char *name, const char *op,
									  const char *variant);

/* "scenario ..." or "variant ... of scenario ..." of a message, palloc'd; variant may be NULL */
extern char *ct_definition_place(const char *scenario, const char *variant);

#endif							/* CT_DEFINITION_H */
