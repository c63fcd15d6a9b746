/*
 * interpret.h
 *		A script's interpreter: a machine that stops at whatever takes time.
 *
 * It walks a script's commands, and does by itself what is done at once: \set,
 * \if, \repeat, \outcome, \tally.  At SQL, a \sleep and a \barrier it stops and tells
 * its owner, who sees to that and has it go on.  Its place in the script is in
 * itself, and nothing in here waits: a process may have any number of
 * interpreters, each somewhere else.
 *
 * The way of an owner:
 *
 *		ct_interpreter_begin(self, script);
 *		for (;;)
 *			switch (ct_interpreter_next(self))
 *				SQL:		ct_interpreter_start(self, statements);
 *							until session->ready(session, ..)
 *							result = ct_interpreter_finish(self);
 *				PAUSE:		wait self->pause_ns
 *				BARRIER:	meet the others
 *				ERROR:		self->error; the iteration is over
 *				DONE:		the script is
 *
 * An error is a value, wherever it comes from: it is not raised through those
 * who have a script under way besides.  Its context tells the place.
 */
#ifndef CT_INTERPRET_H
#define CT_INTERPRET_H

#include "src/script/script.h"
#include "src/session/session.h"

/* where it stopped */
typedef enum CtStep
{
	CT_STEP_DONE,				/* at the end, outside of a transaction block */
	CT_STEP_SQL,				/* before a statement */
	CT_STEP_PAUSE,				/* at a \sleep of pause_ns */
	CT_STEP_BARRIER,			/* at a \barrier */
	CT_STEP_ERROR				/* at a command that has failed with "error" */
} CtStep;

typedef struct CtInterpreter CtInterpreter;

struct CtInterpreter
{
	/* the owner's */
	const CtSymbols *symbols;
	CtVariables *vars;
	pg_prng_state random;		/* what expressions draw from */
	CtSession  *session;
	bool	   *executed;		/* of each command and the script's end, set once
								 * it was without an error; or NULL */
	void		(*outcome) (CtInterpreter *self, const char *label);
	void		(*tally) (CtInterpreter *self, const char *name, double amount);
	CtRowTaker	witness;		/* of every row of every statement, with the
								 * interpreter as argument; or NULL */

	/* its place */
	const CtScript *script;
	int			at;				/* the command that it is at, or that failed; ncommands
								 * at the end */
	int			statement;		/* of the command's, at SQL */
	bool		stopped;		/* at "at", which has been told of */
	int			repeats;		/* \repeat blocks that it is in */
	bool		repeating;		/* and has stopped in before: of the outermost one, it
								 * isn't at the first thing that takes time */
	int			rounds[CT_MAX_REPEATS]; /* left of each of them, with the one under way */
	uint64		gathered;		/* rows for \gset or \aset of the statement under way */

	/* what it stopped with */
	CtStep		step;
	uint64		pause_ns;
	ErrorData  *error;			/* in the context that was current */
};

/* the command that it stopped at */
#define ct_interpreter_command(self)	(&(self)->script->commands[(self)->at])

/* Goes to the script's beginning; the variables stay as they are. */
extern void ct_interpreter_begin(CtInterpreter *self, const CtScript *script);

/*
 * Goes on, from behind what it stopped at, to where it stops next.  Raises
 * nothing.  What it needs of memory for now, and an error, is in the current
 * context.
 */
extern CtStep ct_interpreter_next(CtInterpreter *self);

/*
 * At CT_STEP_SQL: starts the statement on the session.  statements: the
 * session's, one for each of the command's.
 */
extern void ct_interpreter_start(CtInterpreter *self, CtStatement **statements);

/*
 * Once the session is ready: what became of the statement; what \gset or \aset
 * wants of it is in the variables.  An error is "error" of the interpreter, too.
 */
extern CtStatementResult ct_interpreter_finish(CtInterpreter *self);

/*
 * Does what may raise, at the place that it has stopped at, as a barrier.
 * Returns false if it did: then that is "error", and the place its context.
 */
extern bool ct_interpreter_guard(CtInterpreter *self, void (*does) (CtInterpreter *self));

/* The statement that it stopped at is the last one of its command. */
static inline bool
ct_interpreter_at_last(const CtInterpreter *self)
{
	return self->statement == ct_interpreter_command(self)->nstatements - 1;
}

/*
 * Executes a script once, from nothing but its text's parse: for setup and
 * teardown, where \outcome, \tally and \barrier mean nothing and are errors.
 * Waits for what takes time, and raises what fails.
 */
extern void ct_interpret_once(const CtScript *script, const CtSymbols *symbols,
							  CtVariables *vars, CtSession *session, int64 seed);

#endif							/* CT_INTERPRET_H */
