/*
 * validate_script.c
 *		What users can get wrong in a definition or a call: scripts.
 *
 * The script parser knows no SQL.  Here each statement also goes through the
 * server's grammar, so that a typing error shows when a scenario is defined,
 * not when it is run.  Names of tables and columns can't be looked up: the
 * sandbox isn't there yet.
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"

#include "src/script/expr.h"
#include "src/validate.h"

/* what a variable may stand for */
typedef struct Reading
{
	const char *as;				/* two characters; the last one is repeated
								 * ... */
	bool		pad;			/* ... or else spaces follow */
	bool		slices;			/* even what looks like "array[1:n]" */
} Reading;

static const Reading readings[] = {
	{"$1", true, true},			/* a parameter */
	{"$1", true, false},		/* the same, but for slices of arrays */
	{"xx", false, true},		/* a name */
	{"11", false, true}			/* a number where no parameter can be */
};

/* Within brackets, does an operand stand before the colon? */
static bool
looks_like_slice(const CtSql *sql, const CtVarRef *ref)
{
	int			depth = 0;
	int			before = ref->offset;
	int			i;

	for (i = 0; i < ref->offset; i++)
	{
		if (sql->text[i] == '[')
			depth++;
		else if (sql->text[i] == ']')
			depth--;
	}
	while (before > 0 && isspace((unsigned char) sql->text[before - 1]))
		before--;
	return depth > 0 &&
		(isalnum((unsigned char) sql->text[before - 1]) ||
		 strchr("_)]\"'", sql->text[before - 1]) != NULL);
}

/*
 * A statement with its variables replaced, in as many characters, so that
 * positions stay what they are.
 */
static char *
substitute_variables(const CtSql *sql, const Reading *reading)
{
	StringInfoData buf;
	int			from = 0;
	int			i;
	int			j;

	initStringInfo(&buf);
	for (i = 0; i < sql->nrefs; i++)
	{
		const CtVarRef *ref = &sql->refs[i];
		int			nchars = pg_mbstrlen_with_len(sql->text +ref->offset, ref->length);

		if (!reading->slices && looks_like_slice(sql, ref))
			continue;
		appendBinaryStringInfo(&buf, sql->text +from, ref->offset - from);
		from = ref->offset + ref->length;
		appendStringInfoString(&buf, reading->as);
		for (j = 2; j < nchars; j++)
			appendStringInfoChar(&buf, reading->pad ? ' ' : reading->as[1]);
	}
	appendStringInfoString(&buf, sql->text +from);
	return buf.data;
}

/*
 * The server's raw parse trees of a text, or NULL and the error.  The grammar
 * takes nothing but memory, so no subtransaction is needed to go on after it.
 */
static List *
parse_sql(const char *text, ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback *callbacks = error_context_stack;
	List	   *volatile trees = NIL;

	*error = NULL;
	PG_TRY();
	{
		/* a calling function's context would claim the place as one in its own query */
		error_context_stack = NULL;
		trees = raw_parser(text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		int			category;

		MemoryContextSwitchTo(context);
		*error = CopyErrorData();
		category = ERRCODE_TO_CATEGORY((*error)->sqlerrcode);
		if (category != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			category != ERRCODE_DATA_EXCEPTION &&
			category != ERRCODE_FEATURE_NOT_SUPPORTED)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	error_context_stack = callbacks;
	return trees;
}

/* The message of an error, which names what was written, not what we made of it. */
static const char *
original_message(const CtSql *sql, const ErrorData *error)
{
	const char *begin = strchr(error->message, '"');
	const char *end = strrchr(error->message, '"');
	int			i;

	for (i = 0; begin != NULL && i < sql->nrefs; i++)
	{
		const CtVarRef *ref = &sql->refs[i];

		if (pg_mbstrlen_with_len(sql->text, ref->offset) + 1 == error->cursorpos)
			return psprintf("%.*s\"%.*s%s",
							(int) (begin - error->message), error->message,
							ref->length, sql->text +ref->offset, end);
	}
	return error->message;
}

/*
 * Where a place in a statement, in characters from 1 or 0 if unknown, is in
 * the script, which has the backslash of an escaped colon or semicolon, too.
 */
static int
script_offset(const CtSource *source, const CtSql *sql, int position)
{
	const char *p = source->body + sql->offset;
	const char *text = sql->text;

	for (; position > 1 && *text; position--)
	{
		if (*p == '\\' && *text != '\\')
			p++;
		p += pg_mblen(p);
		text += pg_mblen(text);
	}
	return p - source->body;
}

/*
 * The raw parse trees of a statement; raises where the server's grammar
 * refuses it.  It is enough if it parses with one reading of its variables.
 */
static List *
parse_statement(CtSource *source, const CtSql *sql)
{
	ErrorData  *furthest = NULL;
	int			i;

	for (i = 0; i < (sql->nrefs > 0 ? lengthof(readings) : 1); i++)
	{
		ErrorData  *error;
		List	   *trees;

		trees = parse_sql(substitute_variables(sql, &readings[i]), &error);
		if (error == NULL)
			return trees;

		/* who gets furthest understands best */
		if (furthest == NULL || error->cursorpos > furthest->cursorpos)
			furthest = error;
	}

	ereport(ERROR,
			(errcode(furthest->sqlerrcode),
			 ct_errplace(source, script_offset(source, sql, furthest->cursorpos),
						 original_message(sql, furthest), "%s",
						 furthest->detail ? furthest->detail :
						 "The statement isn't valid in this server's SQL."),
			 furthest->hint ? errhint("%s", furthest->hint) : 0));
	return NIL;					/* keep compiler quiet */
}

/* All of a script's statements; returns the trees of the last one. */
static List *
parse_statements(const char *body, const CtScript *script)
{
	CtSource	source = {0};
	List	   *trees = NIL;
	int			i;
	int			j;

	source.script = script->name;
	source.body = body;
	source.length = strlen(body);
	for (i = 0; i < script->ncommands; i++)
	{
		const CtCommand *command = &script->commands[i];

		if (command->kind != CT_COMMAND_SQL)
			continue;
		for (j = 0; j < command->nstatements; j++)
		{
			const CtSql *sql = &command->statements[j];

			CHECK_FOR_INTERRUPTS();
			trees = parse_statement(&source, sql);
		}
	}
	return trees;
}

void
ct_validate_script(const char *name, const char *body, CtSymbols *symbols)
{
	CtScript   *script = ct_script_parse(name, body, symbols);

	if (script->ncommands == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("script \"%s\" is empty", name),
				 errdetail("It consists of nothing but comments and white space.")));
	(void) parse_statements(body, script);
}

void
ct_validate_setup(const char *what, const char *body, CtSymbols *symbols)
{
	CtScript   *script = ct_script_parse(what, body, symbols);
	int			i;

	for (i = 0; i < script->ncommands; i++)
	{
		const CtCommand *command = &script->commands[i];
		const char *refused = NULL;

		if (command->kind == CT_COMMAND_OUTCOME)
			refused = "outcome";
		else if (command->kind == CT_COMMAND_TALLY)
			refused = "tally";
		else if (command->kind == CT_COMMAND_BARRIER)
			refused = "barrier";
		if (refused != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\\%s cannot be used in %s", refused, what),
					 errdetail("Line %d is \"%s\".  Setup and teardown run once, by themselves, and are not counted.",
							   command->line, command->source),
					 errhint("Use it in the scripts that the workers repeat.")));
	}
	(void) parse_statements(body, script);
}

void
ct_validate_check(const char *name, const char *query, CtSymbols *symbols)
{
	CtScript   *script = ct_script_parse(name, query, symbols);
	List	   *trees;
	Node	   *tree;
	int			i;

	for (i = 0; i < script->ncommands; i++)
	{
		if (script->commands[i].kind != CT_COMMAND_SQL ||
			script->commands[i].gather != CT_GATHER_NONE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("check \"%s\" must not contain backslash commands", name),
					 errdetail("Line %d is \"%s\".", script->commands[i].line,
							   script->commands[i].source)));
	}
	if (script->ncommands != 1 || script->commands[0].nstatements != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("check \"%s\" must be one query", name),
				 script->ncommands == 0 ?
				 errdetail("It is empty.") :
				 errdetail("It has %d statements.",
						   script->ncommands == 1 ? script->commands[0].nstatements :
						   script->ncommands),
				 errhint("Add a check for each query, or combine them by UNION ALL.")));

	trees = parse_statements(query, script);

	/* the script parser has found one statement, so has the grammar */
	tree = trees == NIL ? NULL : linitial_node(RawStmt, trees)->stmt;
	if (tree == NULL || !IsA(tree, SelectStmt) || ((SelectStmt *) tree)->intoClause != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("check \"%s\" must be a SELECT", name),
				 errdetail("A check returns the violations, a row each; no row means that it holds.")));
}
