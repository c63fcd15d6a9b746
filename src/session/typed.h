/*
 * typed.h
 *		The types of a text's parameters, and its plans.
 *
 * Private to the in-process session; all in a transaction.
 */
#ifndef CT_TYPED_H
#define CT_TYPED_H

#include "executor/spi.h"
#include "nodes/params.h"
#include "utils/plancache.h"

#include "src/script/script.h"

/* plans of a text, and texts of a statement, that are kept */
#define CT_MAX_PREPARED	16

/* a plan of a text, for parameters of certain types */
typedef struct CtPrepared
{
	Oid		   *told;			/* types that the values have told; see typed.c */
	SPIPlanPtr	plan;
	CachedPlanSource *source;	/* the plan's, which is one statement */
	ParamListInfo params;		/* reused; NULL if there are none */
	Oid		   *typinput;
	Oid		   *typioparam;
} CtPrepared;

/* a text, and what the server makes of its parameters by itself */
typedef struct CtTyped
{
	MemoryContext context;		/* of all that belongs to it */
	const char *text;
	int			nparams;
	bool		makes_sense;	/* without the values; if not, they tell all types */
	Oid		   *types;			/* deduced, domains' base types */
	bool	   *untold;			/* text for lack of anything that tells else */
	char	   *takes;			/* values of another kind: '?' not tried yet, 'y', 'n' */
	bool		varies;			/* which plan it is, is for the values to tell */
	int			nall;
	int			oldest;
	CtPrepared *all[CT_MAX_PREPARED];
} CtTyped;

/* What the server deduces of a text with parameters $1 to $nparams; in the current memory context. */
extern CtTyped *ct_typed_create(const char *text, int nparams);

/* with its plans */
extern void ct_typed_free(CtTyped *typed);

/*
 * The plan for the values, which are those of these slots; NULL if the text
 * makes no sense with parameters.  Without any, raises what is wrong with it.
 */
extern CtPrepared *ct_typed_prepare(CtTyped *typed, const int *slots, const CtVariables *vars);

/*
 * Does the value fit the type that was deduced for the parameter?  Where that
 * can't be told by their kinds, the first value is tried.
 */
extern bool ct_typed_fits(CtTyped *typed, int param, const CtValue *value);

#endif							/* CT_TYPED_H */
