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

#include "miscadmin.h"
#include "nodes/parsenodes.h"

#include "src/base/near_match.h"
#include "src/metrics/histogram.h"
#include "src/plan/program.h"
#include "src/plan/settable.h"
#include "src/plan/validate.h"
#include "src/script/expr.h"
#include "src/session/place.h"

CtKnown *
ct_known_create(void)
{
	CtKnown    *known = palloc0(sizeof(CtKnown));

	known->symbols = ct_symbols_create();
	known->barriers = ct_symbols_create();
	return known;
}

/* Can the variable have a value?  Nobody knows before all scripts are there. */
static bool
validate_can_be_set(void *arg, int slot)
{
	const CtKnown *known = arg;

	return known->settable == NULL ||
		ct_settable_has(known->settable, ct_symbols_name(known->symbols, slot));
}

/*
 * Where a place in a statement, in bytes, is in the script, which has the
 * backslash of an escaped colon or semicolon, too.
 */
static int
validate_script_offset(const CtSource *source, const CtSql *sql, int offset)
{
	const char *p = source->body + sql->offset;
	int			i;

	for (i = 0; i < offset; i++)
	{
		if (*p == '\\' && sql->text[i] != '\\')
			p++;
		p++;
	}
	return p - source->body;
}

static void
validate_raise_unset(CtSource *source, const CtSql *sql, const CtVarRef *ref, const CtKnown *known)
{
	const char *name = ct_symbols_name(known->symbols, ref->slot);
	const char *near = ct_near_match(name, ct_settable_names(known->settable));
	const char *detail = "Nothing sets it: no \\set, \\gset or \\aset, no parameter, and it isn't predefined.";

	if (strncmp(name, CT_OUTCOME_PREFIX, strlen(CT_OUTCOME_PREFIX)) == 0)
		detail = "No script has this \\outcome, and no expected error counts as it.";
	else if (strncmp(name, CT_TALLY_PREFIX, strlen(CT_TALLY_PREFIX)) == 0)
		detail = "No script has this \\tally.";
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_PARAMETER),
			 ct_errplace(source, validate_script_offset(source, sql, ref->offset),
						 psprintf("variable \"%s\" is not set", name), "%s", detail),
			 near ? errhint("Perhaps you meant \"%s\".", near) : 0));
}

/*
 * The raw parse trees of a statement; raises where the server's grammar
 * refuses it, and for a variable that nothing sets.
 */
static List *
validate_parse_statement(CtSource *source, const CtSql *sql, const CtKnown *known)
{
	int		   *places = palloc(Max(sql->nrefs, 1) * sizeof(int));
	CtPlaceProblem problem;
	List	   *trees;

	if (ct_places_find(sql, validate_can_be_set, unconstify(CtKnown *, known), places, &trees, &problem))
	{
		pfree(places);
		return trees;
	}
	if (problem.unset >= 0)
		validate_raise_unset(source, sql, &sql->refs[problem.unset], known);
	ereport(ERROR,
			(errcode(problem.sqlstate),
			 ct_errplace(source, validate_script_offset(source, sql, Max(problem.offset, 0)),
						 problem.message, "%s",
						 problem.detail ? problem.detail :
						 "The statement isn't valid in this server's SQL."),
			 problem.hint ? errhint("%s", problem.hint) : 0));
	return NIL;					/* keep compiler quiet */
}

/* All of a script's statements; returns the trees of the last one. */
static List *
validate_parse_statements(const char *body, const CtScript *script, const CtKnown *known)
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
			trees = validate_parse_statement(&source, &command->statements[j], known);
	}
	return trees;
}

/* What a run has room for: statements, whose latencies are counted, and barriers. */
static void
validate_check_limits(const CtScript *script, CtSymbols *barriers)
{
	int			nsql = 0;
	int			i;

	for (i = 0; i < script->ncommands; i++)
	{
		const CtCommand *command = &script->commands[i];

		nsql += command->kind == CT_COMMAND_SQL;
		if (command->kind != CT_COMMAND_BARRIER)
			continue;
		(void) ct_symbols_intern(barriers, command->name);
		if (ct_symbols_count(barriers) > CT_MAX_BARRIERS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a run may have at most %d barriers", CT_MAX_BARRIERS),
					 errdetail("\\barrier %s at line %d of script \"%s\" is one too many.",
							   command->name, command->line, script->name),
					 errhint("A barrier may be used again, by the same name.")));
	}
	if (nsql > CT_MAX_SHARED / sizeof(CtHistogram))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("script \"%s\" has too many statements", script->name),
				 errdetail("It has %d; even a run of one worker has shared memory for less than %zu.",
						   nsql, CT_MAX_SHARED / sizeof(CtHistogram)),
				 errhint("Do the work in fewer statements, or in a procedure.")));
}

void
ct_validate_script(const char *name, const char *body, bool quoted, const CtKnown *known)
{
	CtScript   *script = ct_script_parse(name, body, known->symbols, quoted);

	if (script->ncommands == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("script \"%s\" is empty", name),
				 errdetail("It consists of nothing but comments and white space.")));
	validate_check_limits(script, known->barriers);
	(void) validate_parse_statements(body, script, known);
}

void
ct_validate_setup(const char *what, const char *body, const CtKnown *known)
{
	CtScript   *script = ct_script_parse(what, body, known->symbols, false);
	int			i;

	if (known->settable != NULL)
		ct_settable_add_script(known->settable, script, known->symbols);
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
					 errdetail("Line %d is \"%s\".  Setup, teardown and on_start are executed once, and are not counted.",
							   command->line, command->source),
					 errhint("Use it in the scripts that the workers repeat.")));
	}
	(void) validate_parse_statements(body, script, known);
}

void
ct_validate_check(const char *name, const char *query, const CtKnown *known)
{
	CtScript   *script = ct_script_parse(name, query, known->symbols, false);
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

	trees = validate_parse_statements(query, script, known);

	/* the script parser has found one statement, so has the grammar */
	tree = trees == NIL ? NULL : linitial_node(RawStmt, trees)->stmt;
	if (tree == NULL || !IsA(tree, SelectStmt) || ((SelectStmt *) tree)->intoClause != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("check \"%s\" must be a SELECT", name),
				 errdetail("A check returns the violations, a row each; no row means that it holds.")));
}
