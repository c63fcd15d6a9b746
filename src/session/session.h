/*
 * session.h
 *		What a script's statements are executed on.
 *
 * A session is an interface: whoever runs a script (a worker), sets up a
 * sandbox or asks a check (the leader) sees only this.  The in-process
 * implementation executes in the background worker itself; a client
 * connection is the other one that the interface is cut for.
 *
 * Transactions follow the rules of a client session: a statement outside a
 * block is its own transaction, BEGIN opens a block.  An error leaves through
 * ereport; the caller catches it, and ct_session_rollback makes the session
 * usable again.
 */
#ifndef CT_SESSION_H
#define CT_SESSION_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "src/script/script.h"

typedef struct CtSession CtSession;
typedef struct CtStatement CtStatement;

/* what a statement did to the transaction */
typedef enum CtTransactionEvent
{
	CT_TRANSACTION_BEGAN,		/* this statement opened a block */
	CT_TRANSACTION_OPEN,		/* in a block, as before */
	CT_TRANSACTION_COMMITTED,	/* the block, or the statement's own transaction */
	CT_TRANSACTION_ROLLED_BACK
} CtTransactionEvent;

/*
 * Takes one row of a result: names, types and values as text (NULL for null),
 * ncolumns of each, valid during the call.  Returns false if of further rows it
 * wants to know no more than that they are there: then values is NULL.
 */
typedef bool (*CtRowTaker) (void *arg, int ncolumns, const char *const *names,
							const Oid *types, const char *const *values);

struct CtSession
{
	/*
	 * Makes a statement of one SQL command; the session's memory holds it.
	 * Does nothing yet that can fail: preparation happens at the first
	 * execution, when the variables are known.
	 */
	CtStatement *(*prepare) (CtSession *session, const CtSql *sql, const CtSymbols *symbols);

	/*
	 * Executes.  With a taker, every row goes to it as text; without, rows
	 * are thrown away unformatted.  more: further statements follow in the
	 * same implicit transaction ("\;").
	 */
	CtTransactionEvent (*execute) (CtSession *session, CtStatement *statement,
								   const CtVariables *vars, bool more,
								   CtRowTaker taker, void *taker_arg);

	/*
	 * Does ahead of time what can be done of an execution with such values
	 * without having any effect: finds out what the statement is, plans it,
	 * fills caches.  Raises nothing: what fails will fail when it is executed.
	 */
	void		(*warm_up) (CtSession *session, CtStatement *statement, const CtVariables *vars);

	/* rows that statements have returned or changed so far */
	uint64		rows;

	bool		(*in_transaction) (CtSession *session); /* in a block? */

	/* after an error: back to no transaction at all */
	void		(*rollback) (CtSession *session);
};

/*
 * The in-process session: there is one in a process, since a process has one
 * transaction.  Its memory is below the current context.
 */
extern CtSession *ct_session_in_process(void);

#endif							/* CT_SESSION_H */
