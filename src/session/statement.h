/*
 * statement.h
 *		A statement of the in-process session: its kind, and its plans.
 *
 * Private to the in-process session.  What a statement is, is found out at its
 * first execution, for which places are variables depends on which have a
 * value.  A plannable one has a text for each set of the names that variables
 * stand for in it, mostly one, and for each text a plan for each set of types
 * of its parameters, which is mostly one, too.
 *
 * Memory: all of it lives in the session's context, as long as the session.
 */
#ifndef CT_STATEMENT_H
#define CT_STATEMENT_H

#include "src/session/session.h"
#include "src/session/typed.h"

typedef enum CtStatementKind
{
	CT_STATEMENT_NEW,			/* not looked at yet, or with an error */
	CT_STATEMENT_EMPTY,
	CT_STATEMENT_PLAN,
	CT_STATEMENT_BEGIN,
	CT_STATEMENT_COMMIT,
	CT_STATEMENT_ROLLBACK,
	CT_STATEMENT_UTILITY,		/* no variables: the text as it stands */
	CT_STATEMENT_TEXT			/* variables put into the text each time */
} CtStatementKind;

struct CtStatement
{
	CtStatementKind kind;
	MemoryContext context;		/* the session's */
	const CtSql *sql;
	const CtSymbols *symbols;
	int			reported_len;	/* of its text, what pg_stat_activity has room for */

	int		   *places;			/* CT_PLACE_... of each variable's place */
	bool		has_unset;		/* something that looks like a variable was none */

	/* CT_STATEMENT_PLAN */
	bool		has_names;		/* the text isn't always the same */
	bool		look_again;		/* what fits the values now is to be found each time */
	int		   *param;			/* of each place, from 0; -1 where there is none */
	int		   *slots;			/* variable of each parameter */
	int			nparams;
	CtTyped    *typed;			/* what fits the values now */
	CtPrepared *prepared;
	int			nall;
	int			oldest;
	CtTyped    *all[CT_MAX_PREPARED];
};

/* In the context; sql and symbols must last as long. */
extern CtStatement *ct_statement_create(MemoryContext context, const CtSql *sql,
										const CtSymbols *symbols);

/*
 * Finds out what kind of statement it is, if that isn't known, and of a
 * plannable one the plan that fits the values; in a transaction.  Returns how
 * it is to be executed now: where the kind stays NEW, by its text, and if that
 * works, that is its kind.  Raises ERRCODE_UNDEFINED_PARAMETER for a variable
 * that has no value, and where no values could make it valid SQL.
 */
extern CtStatementKind ct_statement_look(CtStatement *statement, const CtVariables *vars);

/* Back to not looked at, where what it is may be another answer at its next execution. */
extern void ct_statement_forget(CtStatement *statement);

/*
 * Of CT_STATEMENT_PLAN: the values into its parameters.  Where one doesn't fit
 * its type, there may be another plan afterwards.
 */
extern void ct_statement_bind(CtStatement *statement, const CtVariables *vars);

/*
 * Looks at it and plans it, in a transaction of its own that has no effect; as
 * CtSession.warm_up.
 */
extern void ct_statement_warm_up(CtStatement *statement, const CtVariables *vars);

/* of CT_STATEMENT_TEXT: the text with the values in it */
extern char *ct_statement_text(const CtStatement *statement, const CtVariables *vars);

#endif							/* CT_STATEMENT_H */
