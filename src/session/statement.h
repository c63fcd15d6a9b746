/*
 * statement.h
 *		A statement of the in-process session: its kind, and its plans.
 *
 * Private to the in-process session.  What a statement is, is found out at its
 * first execution, for which places are variables depends on which have a
 * value.  A plannable one then has a plan for each set of its parameters that
 * are numbers; mostly there is one.
 *
 * Memory: all of it lives in the session's context, as long as the session.
 */
#ifndef CT_STATEMENT_H
#define CT_STATEMENT_H

#include "executor/spi.h"
#include "nodes/params.h"
#include "utils/plancache.h"

#include "src/session/session.h"

typedef enum CtStatementKind
{
	CT_STATEMENT_NEW,			/* not looked at yet */
	CT_STATEMENT_EMPTY,
	CT_STATEMENT_PLAN,
	CT_STATEMENT_BEGIN,
	CT_STATEMENT_COMMIT,
	CT_STATEMENT_ROLLBACK,
	CT_STATEMENT_UTILITY,		/* no variables: the text as it stands */
	CT_STATEMENT_TEXT			/* variables put into the text each time */
} CtStatementKind;

/* a plan of a statement, for values of which certain ones are numbers */
typedef struct CtPrepared
{
	uint64		numbers;		/* bits of the parameters whose values are */
	SPIPlanPtr	plan;
	CachedPlanSource *source;	/* the plan's, which is one statement */
	ParamListInfo params;		/* reused; NULL if there are none */
	Oid		   *typinput;
	Oid		   *typioparam;
} CtPrepared;

#define CT_MAX_PREPARED	16

struct CtStatement
{
	CtStatementKind kind;
	MemoryContext context;		/* the session's */
	const CtSql *sql;
	const CtSymbols *symbols;
	int			reported_len;	/* of its text, what pg_stat_activity has room for */

	/* CT_STATEMENT_PLAN */
	int		   *slots;			/* variable of each parameter */
	int			nparams;
	uint64		untold;			/* bits of the parameters that nothing but the value tells the type of */
	CtPrepared *prepared;		/* what fits the values now */
	int			nall;
	CtPrepared *all[CT_MAX_PREPARED];
};

/* In the context; sql and symbols must last as long. */
extern CtStatement *ct_statement_create(MemoryContext context, const CtSql *sql,
										const CtSymbols *symbols);

/*
 * Finds out what kind of statement it is, if that isn't known, and of a
 * plannable one the plan that fits the values; in a transaction.
 */
extern void ct_statement_look(CtStatement *statement, const CtVariables *vars);

/* Back to not looked at, where what it is may be another answer at its next execution. */
extern void ct_statement_forget(CtStatement *statement);

/* of CT_STATEMENT_PLAN: the values into its parameters */
extern void ct_statement_bind(CtStatement *statement, const CtVariables *vars);

/* of CT_STATEMENT_TEXT: the text with the values in it */
extern char *ct_statement_text(const CtStatement *statement, const CtVariables *vars);

#endif							/* CT_STATEMENT_H */
