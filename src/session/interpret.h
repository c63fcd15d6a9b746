/*
 * interpret.h
 *		Walking a script's commands: what a worker does a million times, and
 *		the leader once for setup and teardown.
 *
 * The interpreter knows the language and the session.  What SQL costs and
 * counts, and what pauses, outcomes and barriers mean, is its owner's.
 */
#ifndef CT_INTERPRET_H
#define CT_INTERPRET_H

#include "src/script/script.h"
#include "src/session/session.h"

typedef struct CtInterpreter CtInterpreter;

struct CtInterpreter
{
	const CtSymbols *symbols;
	CtVariables *vars;
	pg_prng_state random;		/* what expressions draw from */
	CtSession  *session;

	/*
	 * The command that is being executed, or was when an error was raised; the
	 * number of commands where it is the script's end that raised it.
	 */
	int			at;
	bool	   *executed;		/* of each command and the script's end, set once
								 * it was without an error; or NULL */

	/* index is the command's in its script */
	void		(*sql) (CtInterpreter *self, int index, const CtCommand *command);
	void		(*pause) (CtInterpreter *self, uint64 ns);
	void		(*outcome) (CtInterpreter *self, const char *label);
	void		(*tally) (CtInterpreter *self, const char *name, double amount);
	void		(*barrier) (CtInterpreter *self, int index, const char *name);
};

/*
 * From the first command to the last.  Raises what a command raises, and if
 * the script ends within a transaction block.
 */
extern void ct_interpret(CtInterpreter *interpreter, const CtScript *script);

/*
 * Executes an SQL command's statements, and puts the results into variables
 * as \gset and \aset say.  statements: the session's, one for each of the
 * command's.  Returns what the last one did.
 */
extern CtTransactionEvent ct_interpret_sql(CtInterpreter *interpreter, const CtCommand *command,
										   CtStatement **statements);

/*
 * Executes a script once, from nothing but its text's parse: for setup and
 * teardown, where \outcome, \tally and \barrier mean nothing and are errors.
 */
extern void ct_interpret_once(const CtScript *script, const CtSymbols *symbols,
							  CtVariables *vars, CtSession *session, int64 seed);

#endif							/* CT_INTERPRET_H */
