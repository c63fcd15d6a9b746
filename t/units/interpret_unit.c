/*
 * interpret_unit.c
 *		Several interpreters in one process, each somewhere else in its script.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/elog.h"
#include "utils/memutils.h"

#include "src/session/interpret.h"
#include "t/units/units.h"

/* who has an interpreter, and what it has said */
typedef struct Owner
{
	CtInterpreter interpreter;	/* must be first */
	CtStatement **statements[16];	/* of each command */
	bool		executed[16];
	StringInfoData said;
} Owner;

static CtSession *session;

static void
owner_outcome(CtInterpreter *self, const char *label)
{
	StringInfo	said = &((Owner *) self)->said;

	appendStringInfo(said, "%s%s", said->len > 0 ? " " : "", label);
}

static void
owner_tally(CtInterpreter *self, const char *name, double amount)
{
	StringInfo	said = &((Owner *) self)->said;

	appendStringInfo(said, "%s%s=%g", said->len > 0 ? " " : "", name, amount);
}

/* One that stands at the beginning of a script. */
static Owner *
owner_create(const char *name, const char *body)
{
	Owner	   *owner = palloc0(sizeof(Owner));
	CtSymbols  *symbols = ct_symbols_create();
	CtScript   *script = ct_script_parse(name, body, symbols, false);
	int			c;
	int			i;

	owner->interpreter.symbols = symbols;
	owner->interpreter.vars = ct_variables_create(symbols);
	owner->interpreter.session = session;
	owner->interpreter.outcome = owner_outcome;
	owner->interpreter.tally = owner_tally;
	owner->interpreter.executed = owner->executed;
	pg_prng_seed(&owner->interpreter.random, 1);
	initStringInfo(&owner->said);
	Assert(script->ncommands < lengthof(owner->statements));
	for (c = 0; c < script->ncommands; c++)
	{
		const CtCommand *command = &script->commands[c];

		owner->statements[c] = palloc0((command->nstatements + 1) * sizeof(CtStatement *));
		for (i = 0; i < command->nstatements; i++)
			owner->statements[c][i] = session->prepare(session, &command->statements[i], symbols);
	}
	ct_interpreter_begin(&owner->interpreter, script);
	return owner;
}

/* Where it stops next, in words: of a statement, which one it is. */
static const char *
owner_next(Owner *owner)
{
	CtInterpreter *interpreter = &owner->interpreter;

	switch (ct_interpreter_next(interpreter))
	{
		case CT_STEP_DONE:
			return "done";
		case CT_STEP_SQL:
			return psprintf("SQL %d.%d", interpreter->at, interpreter->statement);
		case CT_STEP_PAUSE:
			return psprintf("pause " UINT64_FORMAT, interpreter->pause_ns);
		case CT_STEP_BARRIER:
			return psprintf("barrier %s", ct_interpreter_command(interpreter)->name);
		case CT_STEP_ERROR:
			return psprintf("error %s", unpack_sql_state(interpreter->error->sqlerrcode));
	}
	return "nowhere";
}

/* Executes the statement that it stopped at; "ok", or the error's SQLSTATE. */
static const char *
owner_execute(Owner *owner)
{
	CtInterpreter *interpreter = &owner->interpreter;
	CtStatementResult result;

	ct_interpreter_start(interpreter, owner->statements[interpreter->at]);
	ct_session_await(session);
	result = ct_interpreter_finish(interpreter);
	unit_ok(result.error == interpreter->error, "the error is the interpreter's, too");
	return result.error ? pstrdup(unpack_sql_state(result.error->sqlerrcode)) : "ok";
}

/* ---- what is tested ---- */

/* One is in the midst of a pause while the other one goes through its script. */
static void
test_two(void)
{
	Owner	   *sleeper = owner_create("sleeper", "\\set x 1\n"
									   "SELECT 10 AS got \\gset\n"
									   "\\sleep 3 s\n"
									   "\\outcome woke\n"
									   "\\tally sum :x + :got\n");
	Owner	   *runner = owner_create("runner", "\\set x 2\n"
									  "\\if :x = 2\n"
									  "SELECT 20 AS got\\; SELECT 21 AS got \\gset\n"
									  "\\else\n"
									  "\\outcome never\n"
									  "\\endif\n"
									  "\\barrier here\n"
									  "\\tally sum :x + :got\n");

	unit_is(owner_next(sleeper), "SQL 1.0", "it goes through \\set to its statement");
	unit_is(owner_next(runner), "SQL 2.0", "as does the other one, to its own");
	unit_is(owner_execute(sleeper), "ok", "which is executed");
	unit_is(owner_next(sleeper), "pause 3000000000", "and stops at the pause");

	unit_is(owner_execute(runner), "ok", "the other one goes on");
	unit_is(owner_next(runner), "SQL 2.1", "to the next statement of the same command");
	unit_is(owner_execute(runner), "ok", "which is executed");
	unit_is(owner_next(runner), "barrier here", "and to a barrier");
	unit_is(owner_next(runner), "done", "and to its end");
	unit_is(runner->said.data, "sum=23", "with values of its own");

	unit_is(sleeper->said.data, "", "the first one is still where it was");
	unit_ok(!sleeper->executed[2], "and isn't past it");
	unit_is(owner_next(sleeper), "done", "and goes on from there");
	unit_ok(sleeper->executed[2] && sleeper->executed[5], "past the pause, to the end");
	unit_is(sleeper->said.data, "woke sum=11", "with values of its own");

	ct_interpreter_begin(&sleeper->interpreter, sleeper->interpreter.script);
	unit_is(owner_next(sleeper), "SQL 1.0", "and begins again");
}

/* What fails in one is a value, and touches nobody else. */
static void
test_errors(void)
{
	Owner	   *wrong = owner_create("wrong", "\\set x 1\n"
									 "\\set y 1 / (:x - 1)\n"
									 "SELECT 1;\n");
	Owner	   *sleeper = owner_create("sleeper", "\\sleep 1 s\n"
									   "SELECT 1/0;\n"
									   "\\outcome never\n");
	Owner	   *open = owner_create("open", "BEGIN; SELECT 1 \\gset\n");
	Owner	   *rows = owner_create("rows", "SELECT 1 WHERE false \\gset\n");

	unit_is(owner_next(sleeper), "pause 1000000000", "one is in a pause");
	unit_is(owner_next(wrong), "error 22012", "an error of \\set in another one is a value");
	unit_is(wrong->interpreter.error->context, "script \"wrong\", line 2: \\set y 1 / (:x - 1)",
			"that says where it was");
	unit_ok(wrong->interpreter.at == 1 && wrong->executed[0] && !wrong->executed[1],
			"as does its place");

	unit_is(owner_next(sleeper), "SQL 1.0", "the first one goes on");
	unit_is(owner_execute(sleeper), "22012", "an error of its statement is a value, too");
	unit_ok(strstr(sleeper->interpreter.error->context, "script \"sleeper\", line 2: SELECT 1/0") != NULL,
			"that says where it was: %s", sleeper->interpreter.error->context);

	unit_is(owner_next(rows), "SQL 0.0", "a \\gset");
	unit_is(owner_execute(rows), "P0002", "without a row is an error");

	unit_is(owner_next(open), "SQL 0.0", "a block");
	unit_is(owner_execute(open), "ok", "is opened");
	unit_is(owner_next(open), "SQL 1.0", "and goes on");
	unit_is(owner_execute(open), "42602", "a column that can't be a variable fails");
	unit_ok(!session->in_transaction(session), "and ends the block");

	open = owner_create("open", "BEGIN; SELECT 1;\n");
	unit_is(owner_next(open), "SQL 0.0", "a block");
	unit_is(owner_execute(open), "ok", "is opened");
	unit_is(owner_next(open), "SQL 1.0", "and goes on");
	unit_is(owner_execute(open), "ok", "with a statement");
	unit_is(owner_next(open), "error 2D000", "it must not be open at the end");
	unit_ok(open->interpreter.at == 2 && !open->executed[2], "which is the place of the error");
	unit_ok(session->in_transaction(session), "the owner ends it");
	session->rollback(session);
}

/* What an owner does at the place, as a barrier, fails as a value, too. */
static void
raise_something(CtInterpreter *self)
{
	ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("it is over")));
}

static void
do_nothing(CtInterpreter *self)
{
}

static void
test_guard(void)
{
	Owner	   *owner = owner_create("guarded", "\\barrier b\n\\outcome behind\n");

	unit_is(owner_next(owner), "barrier b", "at a barrier");
	unit_ok(ct_interpreter_guard(&owner->interpreter, do_nothing), "all is well");
	unit_ok(!ct_interpreter_guard(&owner->interpreter, raise_something), "or isn't");
	unit_is(owner->interpreter.error ? owner->interpreter.error->context : NULL,
			"script \"guarded\", line 1: \\barrier b", "at that place");
	unit_ok(owner->interpreter.at == 0 && !owner->executed[0], "where it still is");
}

/* Where it stops next, with the blocks that it is in, and whether it had stopped there before. */
static const char *
owner_next_round(Owner *owner)
{
	const char *where = owner_next(owner);
	const CtInterpreter *interpreter = &owner->interpreter;

	return psprintf("%s in %d%s", where, interpreter->repeats,
					interpreter->repeating ? " again" : "");
}

/* Whoever makes a \repeat one step knows where it begins, and that it isn't over. */
static void
test_repeat(void)
{
	Owner	   *owner = owner_create("repeat", "SELECT 1;\n"
									 "\\repeat 2\n"
									 "\\set x 1\n"
									 "\\repeat :x + 1\n"
									 "SELECT 2;\n"
									 "\\endrepeat\n"
									 "\\sleep 1 s\n"
									 "\\endrepeat\n"
									 "\\repeat 1\n"
									 "SELECT 3;\n"
									 "\\endrepeat\n"
									 "\\repeat 0\n"
									 "SELECT 4;\n"
									 "\\endrepeat\n"
									 "SELECT 5;\n");
	int			i;

	for (i = 0; i < 2; i++)
	{
		unit_is(owner_next_round(owner), "SQL 0.0 in 0", "before a \\repeat");
		unit_is(owner_execute(owner), "ok", "is a statement");
		unit_is(owner_next_round(owner), "SQL 4.0 in 2", "the first one of the \\repeat");
		unit_is(owner_execute(owner), "ok", "is executed");
		unit_is(owner_next_round(owner), "SQL 4.0 in 2 again", "and once more");
		unit_is(owner_execute(owner), "ok", "is executed");
		unit_is(owner_next_round(owner), "pause 1000000000 in 1 again", "a pause within it");
		if (i == 0)
			ct_interpreter_begin(&owner->interpreter, owner->interpreter.script);
	}
	unit_is(owner_next_round(owner), "SQL 4.0 in 2 again", "its second round");
	unit_is(owner_execute(owner), "ok", "is executed");
	unit_is(owner_next_round(owner), "SQL 4.0 in 2 again", "with as many of the inner one");
	unit_is(owner_execute(owner), "ok", "is executed");
	unit_is(owner_next_round(owner), "pause 1000000000 in 1 again", "and its pause");
	unit_is(owner_next_round(owner), "SQL 9.0 in 1", "the next \\repeat is another one");
	unit_is(owner_execute(owner), "ok", "is executed");
	unit_is(owner_next_round(owner), "SQL 14.0 in 0", "one without rounds is left out");
	unit_is(owner_execute(owner), "ok", "is executed");
	unit_is(owner_next_round(owner), "done in 0", "that is all");
	unit_ok(owner->executed[1] && owner->executed[5] && owner->executed[11] &&
			!owner->executed[12] && !owner->executed[13], "what was executed is known");
}

void
unit_interpret(void)
{
	session = ct_session_in_process();
	test_two();
	test_errors();
	test_guard();
	test_repeat();
	session->close(session);
}
