/*
 * export.c
 *		An order of an exploration's steps, as a spec of isolationtester's.
 *
 * A spec's steps are SQL, sent as it is; nothing in it computes or remembers.
 * So the scripts are walked here as a session does it, with what is known of
 * their variables, and values stand in the text.  What statements return is
 * known only as far as the order's story says it (\gset, \aset).  What a spec
 * can't do is refused by name: to stop within a statement, and to repeat.
 *
 * The walk parks where a session of an exploration parks: before each
 * statement, \sleep and \barrier, but for those that follow a BEGIN.
 */
#include "postgres.h"

#include <ctype.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "src/plan/export.h"
#include "src/session/literal.h"
#include "src/session/place.h"

/* the schema that takes the sandbox's place */
#define EXPORT_SCHEMA	"ct_exported"

/* commands that are walked before it must be for ever */
#define MAX_WALK		100000

/* a walk through a script */
typedef struct CtExportWalk
{
	const CtPlan *plan;
	const char *what;			/* "session 1", "setup" */
	const CtScript *script;
	CtSymbols  *symbols;
	CtVariables *vars;
	pg_prng_state random;
	int			at;				/* command */
	const char *lost;			/* the \gset or \aset whose values aren't known, or NULL */
} CtExportWalk;

/* ---- text ---- */

/*
 * Appends SQL as a block of a spec's, which ends at the first closing brace
 * whatever it stands in.  So literals, names and comments that have one are
 * written so that they don't.
 */
static void
export_append_token(StringInfo buf, const char *from, const char *to)
{
	const char *brace = memchr(from, '}', to - from);
	const char *p;

	if (brace == NULL)
	{
		appendBinaryStringInfo(buf, from, to - from);
		return;
	}
	if (*from == '-' || *from == '/')
	{
		for (p = from; p < to; p++)
			appendStringInfoChar(buf, *p == '}' ? ')' : *p);
		return;
	}
	if (*from == '$')
	{
		/* what is within dollar quotes, as U&'' */
		int			tag = strchr(from + 1, '$') - from + 1;

		appendStringInfoString(buf, "U&'");
		for (p = from + tag; p < to - tag; p++)
		{
			if (*p == '\'' || *p == '\\')
				appendStringInfoChar(buf, *p);
			if (*p == '}')
				appendStringInfoString(buf, "\\007D");
			else
				appendStringInfoChar(buf, *p);
		}
		appendStringInfoChar(buf, '\'');
		return;
	}
	if ((*from == 'E' || *from == 'e') && from[1] == '\'')
	{
		for (p = from; p < to; p++)
		{
			if (*p == '}')
				appendStringInfoString(buf, "\\x7D");
			else
				appendStringInfoChar(buf, *p);
		}
		return;
	}
	/* plain quotes, of either kind */
	appendStringInfo(buf, "U&%c", *from);
	for (p = from + 1; p < to; p++)
	{
		if (*p == '}')
			appendStringInfoString(buf, "\\007D");
		else
		{
			if (*p == '\\')
				appendStringInfoChar(buf, '\\');
			appendStringInfoChar(buf, *p);
		}
	}
}

/* The end of the quotes or comment that begins there; the text's end if it has none. */
static const char *
export_token_end(const char *p)
{
	const char *end;

	if (strncmp(p, "--", 2) == 0)
	{
		end = strchr(p, '\n');
		return end ? end : p + strlen(p);
	}
	if (strncmp(p, "/*", 2) == 0)
	{
		int			depth = 1;

		for (p += 2; *p && depth > 0; p++)
		{
			if (strncmp(p, "/*", 2) == 0)
				depth++, p++;
			else if (strncmp(p, "*/", 2) == 0)
				depth--, p++;
		}
		return p;
	}
	if (*p == '$')
	{
		const char *close = strchr(p + 1, '$');
		char	   *tag = pnstrdup(p, close - p + 1);

		end = strstr(close + 1, tag);
		return end ? end + strlen(tag) : p + strlen(p);
	}
	else
	{
		bool		escapes = *p == 'E' || *p == 'e';
		char		quote = escapes ? p[1] : *p;

		for (p += escapes ? 2 : 1; *p; p++)
		{
			if (escapes && *p == '\\' && p[1])
				p++;
			else if (*p == quote && p[1] == quote)
				p++;
			else if (*p == quote)
				return p + 1;
		}
		return p;
	}
}

static bool
export_is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* Do quotes or a comment begin there?  before: the character that stands before. */
static bool
export_is_token(const char *p, char before)
{
	if (*p == '\'' || *p == '"' || strncmp(p, "--", 2) == 0 || strncmp(p, "/*", 2) == 0)
		return true;
	if ((*p == 'E' || *p == 'e') && p[1] == '\'')
		return !export_is_word(before);
	if (*p == '$' && !export_is_word(before) && before != '$')
	{
		const char *q = p + 1;

		if (isdigit((unsigned char) *q))
			return false;
		while (export_is_word(*q))
			q++;
		return *q == '$';
	}
	return false;
}

static void
export_append_sql(StringInfo buf, const char *sql)
{
	const char *p = sql;

	while (*p)
	{
		const char *end;

		if (!export_is_token(p, p > sql ? p[-1] : ' '))
		{
			appendStringInfoChar(buf, *p++);
			continue;
		}
		end = export_token_end(p);
		export_append_token(buf, p, end);
		p = end;
	}
}

/* ---- what a spec has no way to do ---- */

static void
export_refuse(const CtExportWalk *walk, const CtCommand *command, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot be exported as a spec: %s", what),
			 errdetail("It is \"%s\" at line %d of %s.", command->source, command->line, walk->what),
			 hint ? errhint("%s", hint) : 0));
}

/* Raises for a variable whose value a statement would have given. */
static void
export_check_known(const CtExportWalk *walk, const CtCommand *command, int slot)
{
	if (walk->lost == NULL || ct_variables_get(walk->vars, slot)->type != CT_VALUE_UNSET)
		return;
	export_refuse(walk, command,
				  psprintf("the value of :%s is not known, which %s has taken from the server",
						   ct_symbols_name(walk->symbols, slot), walk->lost),
				  "The story of an order has the first row that a step read, unless it was too long; ct_replay() tells the story of any order.");
}

/* ---- the walk ---- */

static bool
export_is_set(void *arg, int slot)
{
	return ct_variables_get(((CtExportWalk *) arg)->vars, slot)->type != CT_VALUE_UNSET;
}

/* The statement's text, with values in the place of variables. */
static char *
export_text(CtExportWalk *walk, const CtCommand *command, const CtSql *sql)
{
	int		   *places = palloc(Max(sql->nrefs, 1) * sizeof(int));
	CtPlaceProblem problem;
	StringInfoData buf;
	List	   *trees;
	int			from = 0;
	int			i;

	for (i = 0; i < sql->nrefs; i++)
		export_check_known(walk, command, sql->refs[i].slot);
	if (!ct_places_find(sql, export_is_set, walk, places, &trees, &problem))
		ereport(ERROR,
				(errcode(problem.sqlstate),
				 errmsg("%s", problem.message),
				 problem.detail ? errdetail("%s", problem.detail) : 0));
	initStringInfo(&buf);
	for (i = 0; i < sql->nrefs; i++)
	{
		const CtVarRef *ref = &sql->refs[i];

		if (places[i] & (CT_PLACE_UNSET | CT_PLACE_NONE))
			continue;
		appendBinaryStringInfo(&buf, sql->text + from, ref->offset - from);
		from = ref->offset + ref->length;
		ct_literal_append(&buf, ref, places[i], ct_symbols_name(walk->symbols, ref->slot),
						  ct_variables_get(walk->vars, ref->slot));
	}
	appendStringInfoString(&buf, sql->text + from);
	return buf.data;
}

static CtValue
export_evaluate(CtExportWalk *walk, const CtCommand *command)
{
	int			slot;

	/* an unset variable raises by its name, but not by why */
	for (slot = 0; walk->lost != NULL && slot < ct_symbols_count(walk->symbols); slot++)
	{
		const char *name = psprintf(":%s", ct_symbols_name(walk->symbols, slot));
		const char *at = strstr(command->source, name);

		if (at != NULL && !export_is_word(at[strlen(name)]))
			export_check_known(walk, command, slot);
	}
	return ct_expr_eval(command->expr, walk->vars, &walk->random);
}

/* "1" of "stock = 1, sold = 0"; NULL if it isn't there in full */
static char *
export_seen(const char *first_row, const char *column)
{
	const char *p = first_row;
	char	   *key = psprintf("%s = ", column);
	char	   *value;
	char	   *end;

	while ((p = strstr(p, key)) != NULL)
	{
		if (p == first_row || (p - first_row >= 2 && strncmp(p - 2, ", ", 2) == 0))
			break;
		p++;
	}
	if (p == NULL)
		return NULL;
	value = pstrdup(p + strlen(key));

	/* up to the next column's name */
	for (end = value; (end = strstr(end, ", ")) != NULL; end++)
	{
		const char *q = end + 2;

		while (export_is_word(*q))
			q++;
		if (q > end + 2 && strncmp(q, " = ", 3) == 0)
		{
			*end = '\0';
			break;
		}
	}
	return strstr(value, "...") || strstr(value, "\xe2\x80\xa6") ? NULL : value;
}

/* What \gset or \aset gives to variables, as far as it was seen. */
static void
export_gather(CtExportWalk *walk, const CtCommand *command, const CtRunStep *seen)
{
	int			slot;

	walk->lost = psprintf("\\%s at line %d", command->gather == CT_GATHER_GSET ? "gset" : "aset", command->line);
	if (seen == NULL || seen->first_row == NULL || seen->function != NULL)
		return;
	for (slot = 0; slot < ct_symbols_count(walk->symbols); slot++)
	{
		const char *name = ct_symbols_name(walk->symbols, slot);
		CtValue		value = {CT_VALUE_TEXT};

		if (strncmp(name, command->prefix, strlen(command->prefix)) != 0)
			continue;
		value.u.t = export_seen(seen->first_row, name + strlen(command->prefix));
		if (value.u.t == NULL)
			continue;
		if (strcmp(value.u.t, "NULL") == 0)
			value.type = CT_VALUE_NULL;
		ct_variables_set(walk->vars, slot, value);
	}
}

/* Does the statement only begin a block, so that the step goes on? */
static bool
export_is_begin(const char *text)
{
	return pg_strncasecmp(text, "begin", 5) == 0 || pg_strncasecmp(text, "start", 5) == 0;
}

/* Appends a command's statements; returns whether the step goes on behind it. */
static bool
export_command(CtExportWalk *walk, StringInfo buf, const CtCommand *command, const CtRunStep *seen)
{
	bool		begins = false;
	int			i;

	for (i = 0; i < command->nstatements; i++)
	{
		char	   *text = export_text(walk, command, &command->statements[i]);

		if (buf->len > 0)
			appendStringInfoChar(buf, ' ');
		export_append_sql(buf, text);
		/* not within a comment at its end */
		appendStringInfoString(buf, strstr(text, "--") ? "\n;" : ";");
		begins = command->nstatements == 1 && export_is_begin(text);
	}
	if (command->gather != CT_GATHER_NONE)
		export_gather(walk, command, seen);
	return begins;
}

/*
 * Walks on to the end of the next step, or of the script: false if there was
 * no step any more.  Its SQL is appended to buf; a \sleep or \barrier has none.
 */
static bool
export_walk_step(CtExportWalk *walk, StringInfo buf, const CtRunStep *seen)
{
	bool		any = false;
	int			n;

	for (n = 0; walk->at < walk->script->ncommands; n++)
	{
		const CtCommand *command = &walk->script->commands[walk->at];
		CtValue		value;

		CHECK_FOR_INTERRUPTS();
		if (n > MAX_WALK)
			export_refuse(walk, command, "the script doesn't come to an end", NULL);
		walk->at++;
		switch (command->kind)
		{
			case CT_COMMAND_SQL:
				any = true;
				if (export_command(walk, buf, command, seen))
					continue;
				return true;
			case CT_COMMAND_SLEEP:
				value = export_evaluate(walk, command);
				/* one of no time is no step */
				if (ct_value_as_double(&value) > 0)
					return true;
				break;
			case CT_COMMAND_BARRIER:
				return true;
			case CT_COMMAND_SET:
				ct_variables_set(walk->vars, command->slot, export_evaluate(walk, command));
				break;
			case CT_COMMAND_IF:
			case CT_COMMAND_ELIF:
				value = export_evaluate(walk, command);
				if (!ct_value_as_bool(&value))
					walk->at = command->jump;
				break;
			case CT_COMMAND_JUMP:
				walk->at = command->jump;
				break;
			case CT_COMMAND_OUTCOME:
			case CT_COMMAND_TALLY:
				break;
			case CT_COMMAND_REPEAT:
			case CT_COMMAND_ENDREPEAT:
				export_refuse(walk, command, "a spec repeats no statement",
							  "Write the statements as often as they are to be executed.");
		}
	}
	return any;
}

static void
export_begin_walk(CtExportWalk *walk, const CtPlan *plan, int64 run_id, const char *what,
				  const char *body, bool quoted)
{
	memset(walk, 0, sizeof(CtExportWalk));
	walk->plan = plan;
	walk->what = what;
	walk->symbols = ct_plan_symbols(plan);
	walk->script = ct_script_parse(what, body, walk->symbols, quoted);
	walk->vars = ct_variables_create(walk->symbols);
	ct_plan_set_variables(plan, walk->symbols, walk->vars, run_id, 0, 0);
	pg_prng_seed(&walk->random, (uint64) plan->seed);
}

/* ---- the spec's parts ---- */

/* A script that is executed once, by blocks of their own, so that each is a transaction. */
static void
export_append_setup(StringInfo buf, const CtPlan *plan, int64 run_id, const char *what, const char *body)
{
	CtExportWalk walk;
	StringInfoData sql;

	if (body == NULL)
		return;
	export_begin_walk(&walk, plan, run_id, what, body, false);
	initStringInfo(&sql);
	while (export_walk_step(&walk, &sql, NULL))
	{
		if (sql.len > 0)
			appendStringInfo(buf, "setup { %s }\n", sql.data);
		resetStringInfo(&sql);
	}
}

/* What a session is before its first step. */
static void
export_append_settings(StringInfo buf, const CtPlan *plan, const char *path, int session, int victim)
{
	appendStringInfo(buf, "setup {\n\tSET search_path = %s;\n", path);
	if (plan->isolation)
		appendStringInfo(buf, "\tSET default_transaction_isolation = %s;\n",
						 quote_literal_cstr(plan->isolation));
	if (victim > 0)
		appendStringInfo(buf, "\tSET deadlock_timeout = '%s';\n", session == victim ? "10ms" : "100s");
	appendStringInfoString(buf, "}\n");
}

/* Appends a session; names of its steps, one for each that the order has, NULL for one without SQL. */
static List *
export_append_session(StringInfo buf, const CtPlan *plan, int64 run_id, int session, const char *path,
					  const int *order, int norder, const CtRunStep *steps, int victim)
{
	const CtPlanSession *planned = list_nth(plan->sessions, session - 1);
	const CtPlanScript *script = list_nth(plan->scripts, planned->script);
	CtExportWalk walk;
	List	   *names = NIL;
	int			n = 0;
	bool		within = false;
	int			i;

	export_begin_walk(&walk, plan, run_id, psprintf("script \"%s\"", script->name), script->body,
					  script->quoted);
	ct_plan_set_variables(plan, walk.symbols, walk.vars, run_id, session - 1, session - 1);
	ct_variables_set(walk.vars, CT_VAR_ITERATION, ct_value_int(session));
	ct_plan_seed_client(plan, session - 1, &walk.random);

	appendStringInfo(buf, "\nsession s%d\n", session);
	export_append_settings(buf, plan, path, session, victim);
	for (i = 0; i < norder; i++)
	{
		StringInfoData sql;

		if (order[i] != session)
			continue;
		initStringInfo(&sql);
		within |= steps != NULL && steps[i].function != NULL;
		if (!export_walk_step(&walk, &sql, steps ? &steps[i] : NULL))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot be exported as a spec: session %d makes more steps than its script has statements", session),
					 errdetail("It stops within a function, which a spec has no way to do."),
					 errhint("Explore with yield => 'statement', or write the function's statements as the session.")));
		n++;
		if (sql.len > 0)
			appendStringInfo(buf, "step s%d_%d { %s }\n", session, n, sql.data);
		names = lappend(names, sql.len > 0 ? psprintf("s%d_%d", session, n) : NULL);
	}

	/* fewer steps, with functions: nobody knows which statements they were of */
	if (within && walk.at < walk.script->ncommands)
	{
		StringInfoData rest;

		initStringInfo(&rest);
		if (export_walk_step(&walk, &rest, NULL))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot be exported as a spec: session %d doesn't come to its end in this order, and stops within functions", session),
					 errhint("Explore with yield => 'statement'.")));
	}
	return names;
}

static bool
export_takes_part(const int *order, int norder, int session)
{
	int			i;

	for (i = 0; i < norder; i++)
		if (order[i] == session)
			return true;
	return false;
}

/* The checks, as steps of a session of their own after all others; their names. */
static List *
export_append_checks(StringInfo buf, const CtPlan *plan, int64 run_id, const char *path)
{
	StringInfoData block;
	List	   *names = NIL;
	ListCell   *lc;

	initStringInfo(&block);
	foreach(lc, plan->checks)
	{
		const CtPlanCheck *check = lfirst(lc);
		CtExportWalk walk;
		const CtCommand *command;
		bool		known = true;
		int			i;

		export_begin_walk(&walk, plan, run_id, psprintf("check \"%s\"", check->name), check->query, false);
		command = &walk.script->commands[0];
		for (i = 0; i < command->statements[0].nrefs; i++)
			known &= export_is_set(&walk, command->statements[0].refs[i].slot);
		appendStringInfo(&block, "# check \"%s\"%s\n", check->name,
						 known ? ": returns what is wrong" :
						 " is left out: it asks for outcomes or tallies, which a spec doesn't count");
		if (!known)
			continue;
		appendStringInfo(&block, "step check_%d { ", foreach_current_index(lc) + 1);
		export_append_sql(&block, export_text(&walk, command, &command->statements[0]));
		appendStringInfoString(&block, "\n; }\n");
		names = lappend(names, psprintf("check_%d", foreach_current_index(lc) + 1));
	}
	if (names != NIL)
		appendStringInfo(buf, "\nsession checks\nsetup { SET search_path = %s; }\n", path);
	if (plan->checks != NIL)
		appendStringInfoString(buf, block.data);
	return names;
}

/* Where comments would end: in one line. */
static const char *
export_one_line(const char *text)
{
	char	   *line = pstrdup(text);
	char	   *p;

	for (p = line; *p; p++)
		if ((unsigned char) *p < ' ')
			*p = ' ';
	return line;
}

char *
ct_export_spec(const CtPlan *plan, int64 run_id, const int *order, int norder,
			   const CtRunStep *steps, int victim)
{
	bool		sandbox = !plan->in_place && (plan->setup != NULL || plan->variant_setup != NULL);
	const char *path = sandbox ? EXPORT_SCHEMA : "";
	List	  **names = palloc0((list_length(plan->sessions) + 1) * sizeof(List *));
	StringInfoData buf;
	ListCell   *lc;
	int			i;

	if (plan->search_path[0] != '\0')
		path = psprintf("%s%s%s", path, *path ? ", " : "", plan->search_path);
	initStringInfo(&buf);
	appendStringInfo(&buf, "# An order of steps of run " INT64_FORMAT "%s, as an isolationtester spec.\n", run_id,
					 plan->scenario == NULL ? "" :
					 psprintf(" (%s / %s)", export_one_line(plan->scenario), export_one_line(plan->variant)));
	if (!sandbox)
		appendStringInfoString(&buf, "# It has no setup: it changes the tables that search_path finds.  Run it in a copy of the database.\n");
	if (victim > 0)
		appendStringInfo(&buf, "# deadlock_timeout decides whom a deadlock ends: session %d.  To set it takes a superuser.\n", victim);
	appendStringInfoChar(&buf, '\n');
	if (sandbox)
	{
		appendStringInfo(&buf, "setup { CREATE SCHEMA " EXPORT_SCHEMA "; SET search_path = %s; }\n", path);
		export_append_setup(&buf, plan, run_id, "setup", plan->setup);
		export_append_setup(&buf, plan, run_id, "variant's setup", plan->variant_setup);
		appendStringInfoString(&buf, "teardown { DROP SCHEMA " EXPORT_SCHEMA " CASCADE; }\n");
	}
	for (i = 1; i <= list_length(plan->sessions); i++)
		if (export_takes_part(order, norder, i))
			names[i] = export_append_session(&buf, plan, run_id, i, *path ? path : "\"\"", order, norder, steps, victim);
	names[0] = export_append_checks(&buf, plan, run_id, *path ? path : "\"\"");

	appendStringInfoString(&buf, "\npermutation");
	for (i = 0; i < norder; i++)
	{
		const char *name = linitial(names[order[i]]);

		names[order[i]] = list_delete_first(names[order[i]]);
		if (name != NULL)
			appendStringInfo(&buf, " %s", name);
	}
	foreach(lc, names[0])
		appendStringInfo(&buf, " %s", (const char *) lfirst(lc));
	appendStringInfoChar(&buf, '\n');
	return buf.data;
}
