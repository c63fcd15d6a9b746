/*
 * interpret.c
 *		Walking a script's commands.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"

#include "src/base/ct_compat.h"
#include "src/base/pause.h"
#include "src/session/interpret.h"

/* where \gset and \aset put their rows */
typedef struct CtGatherTarget
{
	CtInterpreter *interpreter;
	const char *prefix;
	uint64		rows;
} CtGatherTarget;

/*
 * The slot of a column's variable; -1 where nobody asks for it.  What can't be
 * a variable would be lost, so that is an error, as it is in pgbench.
 */
static int
column_slot(const CtGatherTarget *target, const char *column)
{
	char		name[2 * NAMEDATALEN];
	int			slot;

	snprintf(name, sizeof(name), "%s%s", target->prefix, column);
	slot = ct_symbols_find(target->interpreter->symbols, name);
	if (slot < 0 && !ct_variable_name_is_valid(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("column \"%s\" cannot be put into a variable", column),
				 errdetail("The name of a variable consists of letters, digits and underscores and doesn't begin with a digit."),
				 errhint("Name the column in the query, as by AS.")));
	return slot;
}

static bool
gather_row(void *arg, int ncolumns, const char *const *names, const Oid *types,
		   const char *const *values)
{
	CtGatherTarget *target = arg;
	CtInterpreter *interpreter = target->interpreter;
	int			slots[MaxTupleAttributeNumber];
	int			i;
	int			j;

	target->rows++;
	for (i = 0; i < ncolumns; i++)
	{
		CtValue		value;

		slots[i] = column_slot(target, names[i]);
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
								ct_symbols_name(interpreter->symbols, slots[i])),
						 errhint("Give the columns different names in the query, as by AS.")));
		}
		value.type = values[i] ? CT_VALUE_TEXT : CT_VALUE_NULL;
		value.u.t = values[i];
		ct_variables_set_column(interpreter->vars, slots[i], value, types[i]);
	}
	return true;
}

CtTransactionEvent
ct_interpret_sql(CtInterpreter *interpreter, const CtCommand *command, CtStatement **statements)
{
	CtSession  *session = interpreter->session;
	CtTransactionEvent event = CT_TRANSACTION_OPEN;
	int			i;

	for (i = 0; i < command->nstatements; i++)
	{
		bool		last = i == command->nstatements - 1;
		bool		gather = command->gather == CT_GATHER_ASET ||
			(command->gather == CT_GATHER_GSET && last);
		CtGatherTarget target = {interpreter, command->prefix, 0};

		event = ct_session_execute(session, statements[i], interpreter->vars, !last,
								   gather ? gather_row : NULL, &target);
		if (command->gather == CT_GATHER_GSET && last && target.rows != 1)
			ereport(ERROR,
					(errcode(target.rows == 0 ? ERRCODE_NO_DATA_FOUND : ERRCODE_TOO_MANY_ROWS),
					 errmsg("\\gset expects one row, but the query returned " UINT64_FORMAT,
							target.rows)));
	}
	return event;
}

static void
say_outcome(CtInterpreter *interpreter, const CtCommand *command)
{
	const char *label = command->name;

	if (command->slot >= 0)
	{
		const CtValue *value = ct_variables_get(interpreter->vars, command->slot);

		if (value->type == CT_VALUE_UNSET)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("variable \"%s\" is not set",
							ct_symbols_name(interpreter->symbols, command->slot))));
		label = value->type == CT_VALUE_NULL ? "null" : ct_value_to_cstring(value);
	}
	interpreter->outcome(interpreter, label);
}

/* what is being executed, for whoever reads the error */
typedef struct CtPlace
{
	const CtInterpreter *interpreter;
	const CtScript *script;
} CtPlace;

static void
place_context(void *arg)
{
	CtPlace    *place = arg;

	if (place->interpreter->at < place->script->ncommands)
	{
		const CtCommand *command = &place->script->commands[place->interpreter->at];

		errcontext("script \"%s\", line %d: %s", place->script->name, command->line,
				   command->source);
	}
	else
		errcontext("script \"%s\"", place->script->name);
}

/* Notes that what we are at went well; written once, for others look at it. */
static inline void
note_executed(CtInterpreter *interpreter)
{
	if (interpreter->executed != NULL && unlikely(!interpreter->executed[interpreter->at]))
		interpreter->executed[interpreter->at] = true;
}

static void
walk(CtInterpreter *interpreter, const CtScript *script)
{
	int			pc = 0;

	while (pc < script->ncommands)
	{
		const CtCommand *command = &script->commands[pc];
		int			next = pc + 1;
		CtValue		value;

		interpreter->at = pc;
		switch (command->kind)
		{
			case CT_COMMAND_SQL:
				interpreter->sql(interpreter, pc, command);
				break;
			case CT_COMMAND_SET:
				ct_variables_set(interpreter->vars, command->slot,
								 ct_expr_eval(command->expr, interpreter->vars,
											  &interpreter->random));
				break;
			case CT_COMMAND_IF:
			case CT_COMMAND_ELIF:
				value = ct_expr_eval(command->expr, interpreter->vars, &interpreter->random);
				if (!ct_value_as_bool(&value))
					next = command->jump;
				break;
			case CT_COMMAND_JUMP:
				next = command->jump;
				break;
			case CT_COMMAND_SLEEP:
				{
					double		us;

					value = ct_expr_eval(command->expr, interpreter->vars, &interpreter->random);
					us = ct_value_as_double(&value) * (double) command->unit;
					/* a day is the most that a sleep can be meant to be */
					if (us > 0)
						interpreter->pause(interpreter, (uint64) (Min(us, 86400e6) * 1000));
				}
				break;
			case CT_COMMAND_OUTCOME:
				say_outcome(interpreter, command);
				break;
			case CT_COMMAND_TALLY:
				value = ct_expr_eval(command->expr, interpreter->vars, &interpreter->random);
				interpreter->tally(interpreter, command->name, ct_value_as_double(&value));
				break;
			case CT_COMMAND_BARRIER:
				interpreter->barrier(interpreter, pc, command->name);
				break;
		}
		note_executed(interpreter);
		pc = next;
	}
	interpreter->at = script->ncommands;
}

void
ct_interpret(CtInterpreter *interpreter, const CtScript *script)
{
	CtPlace		place = {interpreter, script};
	ErrorContextCallback callback;

	callback.callback = place_context;
	callback.arg = &place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	walk(interpreter, script);
	if (interpreter->session->in_transaction(interpreter->session))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("script \"%s\" ended within a transaction block", script->name),
				 errhint("End the block with COMMIT or ROLLBACK.")));
	note_executed(interpreter);

	error_context_stack = callback.previous;
}

/* ---- setup and teardown ---- */

static void
once_sql(CtInterpreter *self, int index, const CtCommand *command)
{
	CtStatement **statements = palloc(command->nstatements * sizeof(CtStatement *));
	int			i;

	for (i = 0; i < command->nstatements; i++)
		statements[i] = self->session->prepare(self->session, &command->statements[i],
											   self->symbols);
	(void) ct_interpret_sql(self, command, statements);
}

static void
once_pause(CtInterpreter *self, uint64 ns)
{
	self->session->idle(self->session, false);
	ct_pause_ns(ns);
}

static void
refuse(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("\\%s means nothing in a setup or teardown", what)));
}

static void
once_outcome(CtInterpreter *self, const char *label)
{
	refuse("outcome");
}

static void
once_tally(CtInterpreter *self, const char *name, double amount)
{
	refuse("tally");
}

static void
once_barrier(CtInterpreter *self, int index, const char *name)
{
	refuse("barrier");
}

void
ct_interpret_once(const CtScript *script, const CtSymbols *symbols, CtVariables *vars,
				  CtSession *session, int64 seed)
{
	CtInterpreter interpreter = {0};

	interpreter.symbols = symbols;
	interpreter.vars = vars;
	interpreter.session = session;
	pg_prng_seed(&interpreter.random, (uint64) seed);
	interpreter.sql = once_sql;
	interpreter.pause = once_pause;
	interpreter.outcome = once_outcome;
	interpreter.tally = once_tally;
	interpreter.barrier = once_barrier;
	ct_interpret(&interpreter, script);
}
