/*
 * interpret.c
 *		Walking a script's commands, up to whatever takes time.
 *
 * What can raise is done within ct_interpreter_guard, which makes a value of
 * it; the errors of SQL are the session's values already.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"

#include "src/base/pause.h"
#include "src/session/interpret.h"

/*
 * The slot of a column's variable; -1 where nobody asks for it.  What can't be
 * a variable would be lost, so that is an error, as it is in pgbench.
 */
static int
interpreter_column_slot(const CtInterpreter *self, const char *column)
{
	char		name[2 * NAMEDATALEN];
	int			slot;

	snprintf(name, sizeof(name), "%s%s", ct_interpreter_command(self)->prefix, column);
	slot = ct_symbols_find(self->symbols, name);
	if (slot < 0 && !ct_variable_name_is_valid(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("column \"%s\" cannot be put into a variable", column),
				 errdetail("The name of a variable consists of letters, digits and underscores and doesn't begin with a digit."),
				 errhint("Name the column in the query, as by AS.")));
	return slot;
}

/* a CtRowTaker of \gset and \aset */
static bool
interpreter_gather(void *arg, int ncolumns, const char *const *names, const Oid *types,
				   const char *const *values)
{
	CtInterpreter *self = arg;
	int			slots[MaxTupleAttributeNumber];
	int			i;
	int			j;

	self->gathered++;
	for (i = 0; i < ncolumns; i++)
	{
		CtValue		value;

		slots[i] = interpreter_column_slot(self, names[i]);
		if (slots[i] < 0)
			continue;			/* nobody asks for it */
		for (j = 0; j < i; j++)
		{
			if (slots[j] == slots[i] &&
				(values[j] == NULL || values[i] == NULL ? values[j] != values[i] :
				 strcmp(values[j], values[i]) != 0))
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("two columns of different values are to be put into variable \"%s\"",
								ct_symbols_name(self->symbols, slots[i])),
						 errhint("Give the columns different names in the query, as by AS.")));
		}
		value.type = values[i] ? CT_VALUE_TEXT : CT_VALUE_NULL;
		value.u.t = values[i];
		ct_variables_set_column(self->vars, slots[i], value, types[i]);
	}
	return true;
}

/* Does somebody want the rows of the statement that it stopped at? */
static inline bool
interpreter_gathers(const CtInterpreter *self)
{
	CtGather	gather = ct_interpreter_command(self)->gather;

	return gather == CT_GATHER_ASET || (gather == CT_GATHER_GSET && ct_interpreter_at_last(self));
}

/* a CtRowTaker of interpreters with a witness */
static bool
interpreter_testify(void *arg, int ncolumns, const char *const *names, const Oid *types,
					const char *const *values)
{
	CtInterpreter *self = arg;
	bool		wants = self->witness(self, ncolumns, names, types, values);

	return interpreter_gathers(self) ?
		interpreter_gather(self, ncolumns, names, types, values) : wants;
}

static void
interpreter_say_outcome(CtInterpreter *self, const CtCommand *command)
{
	const char *label = command->name;

	if (command->slot >= 0)
	{
		const CtValue *value = ct_variables_get(self->vars, command->slot);

		if (value->type == CT_VALUE_UNSET)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("variable \"%s\" is not set",
							ct_symbols_name(self->symbols, command->slot))));
		label = value->type == CT_VALUE_NULL ? "null" : ct_value_to_cstring(value);
	}
	self->outcome(self, label);
}

/* Tells whoever reads an error what was being executed. */
static void
interpreter_context(void *arg)
{
	CtInterpreter *self = arg;

	if (self->at < self->script->ncommands)
	{
		const CtCommand *command = ct_interpreter_command(self);

		errcontext("script \"%s\", line %d: %s", self->script->name, command->line,
				   command->source);
	}
	else
		errcontext("script \"%s\"", self->script->name);
}

/* Notes that what we are at went well; written once, for others look at it. */
static inline void
interpreter_note_executed(CtInterpreter *self)
{
	if (self->executed != NULL && unlikely(!self->executed[self->at]))
		self->executed[self->at] = true;
}

/* ---- walking ---- */

/* Leaves the command that it stopped at, unless a further statement of it is next. */
static inline void
interpreter_leave_stop(CtInterpreter *self)
{
	if (!self->stopped)
		return;
	self->stopped = false;
	self->repeating = self->repeats > 0;
	if (ct_interpreter_command(self)->kind == CT_COMMAND_SQL)
	{
		if (!ct_interpreter_at_last(self))
		{
			self->statement++;
			return;
		}
		self->statement = 0;
	}
	interpreter_note_executed(self);
	self->at++;
}

static void
interpreter_refuse_end(CtInterpreter *self)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
			 errmsg("script \"%s\" ended within a transaction block", self->script->name),
			 errhint("End the block with COMMIT or ROLLBACK.")));
}

/* How long a \sleep is; a day is the most that one can be meant to be. */
static uint64
interpreter_sleep_ns(CtInterpreter *self, const CtCommand *command)
{
	CtValue		value = ct_expr_eval(command->expr, self->vars, &self->random);
	double		us = ct_value_as_double(&value) * (double) command->unit;

	return us > 0 ? (uint64) (Min(us, 86400e6) * 1000) : 0;
}

/* At a \repeat: which command is next. */
static int
interpreter_repeat(CtInterpreter *self, const CtCommand *command)
{
	CtValue		value = ct_expr_eval(command->expr, self->vars, &self->random);
	int			rounds = ct_value_as_rounds(&value);

	if (rounds == 0)
		return command->jump;
	self->rounds[command->repeats] = rounds;
	self->repeats = command->repeats + 1;
	return self->at + 1;
}

/* The same at an \endrepeat; rounds may be many, and none of them take time. */
static int
interpreter_endrepeat(CtInterpreter *self, const CtCommand *command)
{
	CHECK_FOR_INTERRUPTS();
	if (--self->rounds[command->repeats] > 0)
		return command->jump;
	self->repeats = command->repeats;
	self->repeating = self->repeating && self->repeats > 0;
	return self->at + 1;
}

/* To where it stops next, or the end; raises what a command raises. */
static void
interpreter_walk(CtInterpreter *self)
{
	while (self->at < self->script->ncommands)
	{
		const CtCommand *command = ct_interpreter_command(self);
		int			next = self->at + 1;
		CtValue		value;

		switch (command->kind)
		{
			case CT_COMMAND_SQL:
				self->step = CT_STEP_SQL;
				return;
			case CT_COMMAND_SET:
				ct_variables_set(self->vars, command->slot,
								 ct_expr_eval(command->expr, self->vars, &self->random));
				break;
			case CT_COMMAND_IF:
			case CT_COMMAND_ELIF:
				value = ct_expr_eval(command->expr, self->vars, &self->random);
				if (!ct_value_as_bool(&value))
					next = command->jump;
				break;
			case CT_COMMAND_JUMP:
				next = command->jump;
				break;
			case CT_COMMAND_SLEEP:
				self->pause_ns = interpreter_sleep_ns(self, command);
				self->step = CT_STEP_PAUSE;
				if (self->pause_ns > 0)
					return;
				break;
			case CT_COMMAND_OUTCOME:
				interpreter_say_outcome(self, command);
				break;
			case CT_COMMAND_TALLY:
				value = ct_expr_eval(command->expr, self->vars, &self->random);
				self->tally(self, command->name, ct_value_as_double(&value));
				break;
			case CT_COMMAND_BARRIER:
				self->step = CT_STEP_BARRIER;
				return;
			case CT_COMMAND_REPEAT:
				next = interpreter_repeat(self, command);
				break;
			case CT_COMMAND_ENDREPEAT:
				next = interpreter_endrepeat(self, command);
				break;
		}
		interpreter_note_executed(self);
		self->at = next;
	}
	self->step = CT_STEP_DONE;
}

bool
ct_interpreter_guard(CtInterpreter *self, void (*does) (CtInterpreter *self))
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback callback;

	callback.callback = interpreter_context;
	callback.arg = self;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	PG_TRY();
	{
		does(self);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		self->error = CopyErrorData();
		FlushErrorState();
		self->step = CT_STEP_ERROR;
	}
	PG_END_TRY();
	error_context_stack = callback.previous;
	return self->error == NULL;
}

void
ct_interpreter_begin(CtInterpreter *self, const CtScript *script)
{
	self->script = script;
	self->at = 0;
	self->statement = 0;
	self->stopped = false;
	self->repeats = 0;
	self->repeating = false;
	self->error = NULL;
}

CtStep
ct_interpreter_next(CtInterpreter *self)
{
	interpreter_leave_stop(self);

	/* nothing raises where SQL or the end is what comes next */
	if (self->at == self->script->ncommands)
		self->step = CT_STEP_DONE;
	else if (ct_interpreter_command(self)->kind == CT_COMMAND_SQL)
		self->step = CT_STEP_SQL;
	else
		(void) ct_interpreter_guard(self, interpreter_walk);

	if (self->step == CT_STEP_DONE)
	{
		if (unlikely(self->session->in_transaction(self->session)))
			(void) ct_interpreter_guard(self, interpreter_refuse_end);
		else
			interpreter_note_executed(self);
	}
	self->stopped = self->step != CT_STEP_DONE && self->step != CT_STEP_ERROR;
	return self->step;
}

/* ---- statements ---- */

void
ct_interpreter_start(CtInterpreter *self, CtStatement **statements)
{
	CtRowTaker	taker = interpreter_gathers(self) ? interpreter_gather : NULL;

	self->gathered = 0;
	self->session->start(self->session, statements[self->statement], self->vars,
						 !ct_interpreter_at_last(self),
						 self->witness != NULL ? interpreter_testify : taker, self);
}

static void
interpreter_refuse_rows(CtInterpreter *self)
{
	ereport(ERROR,
			(errcode(self->gathered == 0 ? ERRCODE_NO_DATA_FOUND : ERRCODE_TOO_MANY_ROWS),
			 errmsg("\\gset expects one row, but the query returned " UINT64_FORMAT,
					self->gathered)));
}

CtStatementResult
ct_interpreter_finish(CtInterpreter *self)
{
	CtStatementResult result;
	ErrorContextCallback callback;

	callback.callback = interpreter_context;
	callback.arg = self;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	result = self->session->finish(self->session);
	error_context_stack = callback.previous;

	self->error = result.error;
	if (result.error == NULL && self->gathered != 1 &&
		ct_interpreter_command(self)->gather == CT_GATHER_GSET && ct_interpreter_at_last(self))
	{
		(void) ct_interpreter_guard(self, interpreter_refuse_rows);
		result.error = self->error;
	}
	return result;
}

/* ---- setup and teardown ---- */

static void
interpreter_refuse(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("\\%s means nothing in a setup or teardown", what)));
}

static void
interpreter_refuse_outcome(CtInterpreter *self, const char *label)
{
	interpreter_refuse("outcome");
}

static void
interpreter_refuse_tally(CtInterpreter *self, const char *name, double amount)
{
	interpreter_refuse("tally");
}

static void
interpreter_refuse_barrier(CtInterpreter *self)
{
	interpreter_refuse("barrier");
}

static void
interpreter_pause(CtInterpreter *self)
{
	self->session->idle(self->session, false);
	ct_pause_ns(self->pause_ns);
}

/* At a statement: prepares it, executes it, and waits until that is done. */
static void
interpreter_execute_once(CtInterpreter *self)
{
	const CtCommand *command = ct_interpreter_command(self);
	CtStatement **statements = palloc0(command->nstatements * sizeof(CtStatement *));

	statements[self->statement] =
		self->session->prepare(self->session, &command->statements[self->statement], self->symbols);
	ct_interpreter_start(self, statements);
	ct_session_await(self->session);
	(void) ct_interpreter_finish(self);
	pfree(statements);
}

void
ct_interpret_once(const CtScript *script, const CtSymbols *symbols, CtVariables *vars,
				  CtSession *session, int64 seed)
{
	CtInterpreter self = {0};
	CtStep		step;

	self.symbols = symbols;
	self.vars = vars;
	self.session = session;
	pg_prng_seed(&self.random, (uint64) seed);
	self.outcome = interpreter_refuse_outcome;
	self.tally = interpreter_refuse_tally;

	ct_interpreter_begin(&self, script);
	while ((step = ct_interpreter_next(&self)) != CT_STEP_DONE)
	{
		if (step == CT_STEP_SQL)
			interpreter_execute_once(&self);
		else if (step == CT_STEP_PAUSE)
			(void) ct_interpreter_guard(&self, interpreter_pause);
		else if (step == CT_STEP_BARRIER)
			(void) ct_interpreter_guard(&self, interpreter_refuse_barrier);
		if (self.error != NULL)
			ReThrowError(self.error);
	}
}
