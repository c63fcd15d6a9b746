/*
 * script.c
 *		Parses a script into commands.
 *
 * SQL goes to sqlscan.c, expressions to the grammar; here are the backslash
 * commands and the blocks, whose branches and rounds become jumps.  A command ends
 * at the end of its line, which a backslash at the line's end continues.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"
#include "src/base/near_match.h"
#include "src/script/expr.h"

#define MAX_LABEL	63

typedef enum MetaCommand
{
	META_SET,
	META_IF,
	META_ELIF,
	META_ELSE,
	META_ENDIF,
	META_REPEAT,
	META_ENDREPEAT,
	META_GSET,
	META_ASET,
	META_SLEEP,
	META_OUTCOME,
	META_TALLY,
	META_BARRIER,
	META_SHELL,					/* and what else can't be had in a server */
	META_PIPELINE,
	META_COPY_END
} MetaCommand;

typedef struct MetaName
{
	const char *name;
	MetaCommand meta;
} MetaName;

/* those that are refused come last and are never suggested */
static const MetaName meta_names[] = {
	{"set", META_SET},
	{"if", META_IF},
	{"elif", META_ELIF},
	{"else", META_ELSE},
	{"endif", META_ENDIF},
	{"repeat", META_REPEAT},
	{"endrepeat", META_ENDREPEAT},
	{"gset", META_GSET},
	{"aset", META_ASET},
	{"sleep", META_SLEEP},
	{"outcome", META_OUTCOME},
	{"tally", META_TALLY},
	{"barrier", META_BARRIER},
	{"shell", META_SHELL},
	{"setshell", META_SHELL},
	{"startpipeline", META_PIPELINE},
	{"syncpipeline", META_PIPELINE},
	{"endpipeline", META_PIPELINE},
	{".", META_COPY_END}
};

#define N_ACCEPTED	13

/* an \if that awaits its \endif, or a \repeat its \endrepeat */
typedef struct OpenBlock
{
	struct OpenBlock *outer;
	int			offset;			/* for the error if it never comes */
	int			repeat;			/* the \repeat; -1: it is an \if */
	int			condition;		/* the command to jump on if false; -1 after \else */
	int			jumps;			/* chain, through "jump", of the branches' ends */
	bool		has_else;
} OpenBlock;

typedef struct Word
{
	int			offset;			/* in the script */
	int			length;			/* 0: there was none */
	char	   *text;
} Word;

typedef struct Parser
{
	CtSource	source;
	int			offset;			/* the next byte to look at */
	int			line_end;		/* the command's end, while in one */

	CtCommand  *commands;
	int			ncommands;
	int			allocated;
	bool		follows_sql;	/* may \gset refer to the last command? */
	OpenBlock  *open;			/* the innermost one */
	int			repeats;		/* of them that are \repeat */
} Parser;

/* ---- words ---- */

static inline bool
script_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* How many bytes a continuation at this place has: a backslash and a newline. */
static int
script_continuation_length(const Parser *parser, int offset)
{
	const char *p = parser->source.body + offset;

	/* the body is terminated, so that looking ahead is safe */
	if (p[0] == '\\' && p[1] == '\n')
		return 2;
	if (p[0] == '\\' && p[1] == '\r' && p[2] == '\n')
		return 3;
	return 0;
}

/* Where the command that begins at offset ends: at a newline, or the script's end. */
static int
script_find_line_end(const Parser *parser, int offset)
{
	while (offset < parser->source.length && parser->source.body[offset] != '\n')
		offset += Max(script_continuation_length(parser, offset), 1);
	return offset;
}

static void
script_skip_blanks(Parser *parser)
{
	while (parser->offset < parser->line_end)
	{
		int			length = script_continuation_length(parser, parser->offset);

		if (length == 0 && script_is_blank(parser->source.body[parser->offset]))
			length = 1;
		if (length == 0)
			break;
		parser->offset += length;
	}
}

/* The command's next word; of length 0, at the line's end, if there is none. */
static Word
script_next_word(Parser *parser)
{
	Word		word;
	const char *body = parser->source.body;

	script_skip_blanks(parser);
	word.offset = parser->offset;
	while (parser->offset < parser->line_end && !script_is_blank(body[parser->offset]) &&
		   script_continuation_length(parser, parser->offset) == 0)
		parser->offset++;
	word.length = parser->offset - word.offset;
	word.text = pnstrdup(body + word.offset, word.length);
	return word;
}

static void
script_raise_at_word(Parser *parser, const Word *word, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 ct_errplace(&parser->source, word->offset, "invalid command",
						 detail, ct_shown(word->text, word->length))));
}

/* A word that must be there. */
static Word
script_need_word(Parser *parser, const char *what)
{
	Word		word = script_next_word(parser);

	if (word.length == 0)
		script_raise_at_word(parser, &word, what);
	return word;
}

static void
script_need_end(Parser *parser)
{
	Word		word = script_next_word(parser);

	if (word.length > 0)
		script_raise_at_word(parser, &word, "Unexpected argument \"%s\".");
	pfree(word.text);
}

/* The rest of the command as an expression. */
static CtExpr *
script_need_expression(Parser *parser)
{
	int			end = parser->line_end;
	CtExpr	   *expr;

	script_skip_blanks(parser);
	while (end > parser->offset && script_is_blank(parser->source.body[end - 1]))
		end--;
	expr = ct_expr_parse(&parser->source, parser->offset, end - parser->offset);
	parser->offset = parser->line_end;
	return expr;
}

/* A label: of an outcome, a tally or a barrier.  Returns its text. */
static const char *
script_need_label(Parser *parser, const Word *word)
{
	const char *p;

	for (p = word->text; *p != '\0'; p++)
	{
		if (!isalnum((unsigned char) *p) && *p != '_' && *p != '-' && !IS_HIGHBIT_SET(*p))
			script_raise_at_word(parser, word,
								 "\"%s\" is not a valid name: letters, digits, \"_\" and \"-\" are allowed.");
	}
	if (word->length > MAX_LABEL)
		script_raise_at_word(parser, word, "The name \"%s\" is longer than 63 bytes.");
	return word->text;
}

/* The slot of a word ":name". */
static int
script_need_variable(Parser *parser, const Word *word)
{
	if (!ct_variable_name_is_valid(word->text + 1))
		script_raise_at_word(parser, word, "\"%s\" is not a valid variable name.");
	return ct_symbols_intern(parser->source.symbols, word->text + 1);
}

/* ---- commands ---- */

/*
 * Appends a command that was written from offset to the line's end.  The
 * pointer is good until the next one is appended.
 */
static CtCommand *
script_add_command(Parser *parser, CtCommandKind kind, int offset, int end)
{
	CtCommand  *command;

	if (parser->ncommands == parser->allocated)
	{
		parser->allocated *= 2;
		parser->commands = repalloc_huge(parser->commands,
										 parser->allocated * sizeof(CtCommand));
	}
	command = &parser->commands[parser->ncommands++];
	memset(command, 0, sizeof(CtCommand));
	command->kind = kind;
	command->line = ct_source_line(&parser->source, offset);
	while (end > offset && script_is_blank(parser->source.body[end - 1]))
		end--;
	command->source = pnstrdup(parser->source.body + offset, end - offset);
	command->prefix = "";
	command->slot = -1;
	command->repeats = parser->repeats;
	parser->follows_sql = (kind == CT_COMMAND_SQL);
	return command;
}

static OpenBlock *
script_open_block(Parser *parser, int offset)
{
	OpenBlock  *block = palloc0(sizeof(OpenBlock));

	block->outer = parser->open;
	block->offset = offset;
	block->repeat = -1;
	block->condition = -1;
	block->jumps = -1;
	parser->open = block;
	return block;
}

static void
script_close_block(Parser *parser)
{
	OpenBlock  *block = parser->open;

	parser->open = block->outer;
	pfree(block);
}

/* The innermost block, which must be of the kind that the command is of. */
static OpenBlock *
script_need_block(Parser *parser, bool repeat, const Word *name)
{
	OpenBlock  *block = parser->open;
	OpenBlock  *outer;

	if (block != NULL && (block->repeat >= 0) == repeat)
		return block;
	for (outer = block; outer != NULL; outer = outer->outer)
	{
		const char *its = repeat ? "if" : "repeat";

		if ((outer->repeat >= 0) == repeat)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 ct_errplace(&parser->source, name->offset, "invalid command",
								 "The \"\\%s\" of line %d must end, with \"\\end%s\", before this \"\\%s\".",
								 its, ct_source_line(&parser->source, block->offset), its,
								 name->text)));
	}
	script_raise_at_word(parser, name, repeat ?
						 "There is no \"\\repeat\" for this \"\\%s\"." :
						 "There is no \"\\if\" for this \"\\%s\".");
	return NULL;				/* keep the compiler quiet */
}

/* Until the next condition or the end is known, a branch's jump is a chain. */
static void
script_end_branch(Parser *parser, int offset)
{
	OpenBlock  *block = parser->open;
	CtCommand  *jump = script_add_command(parser, CT_COMMAND_JUMP, offset, parser->line_end);

	jump->jump = block->jumps;
	block->jumps = parser->ncommands - 1;
	parser->commands[block->condition].jump = parser->ncommands;
}

static void
script_parse_conditional(Parser *parser, MetaCommand meta, const Word *name, int offset)
{
	OpenBlock  *block = meta == META_IF ? NULL : script_need_block(parser, false, name);
	int			jump;

	if ((meta == META_ELIF || meta == META_ELSE) && block->has_else)
		script_raise_at_word(parser, name, "\"\\%s\" cannot follow \"\\else\".");

	switch (meta)
	{
		case META_IF:
			block = script_open_block(parser, offset);
			block->condition = parser->ncommands;
			script_add_command(parser, CT_COMMAND_IF, offset, parser->line_end);
			parser->commands[block->condition].expr = script_need_expression(parser);
			break;

		case META_ELIF:
			script_end_branch(parser, offset);
			block->condition = parser->ncommands;
			script_add_command(parser, CT_COMMAND_ELIF, offset, parser->line_end);
			parser->commands[block->condition].expr = script_need_expression(parser);
			break;

		case META_ELSE:
			script_need_end(parser);
			script_end_branch(parser, offset);
			block->condition = -1;
			block->has_else = true;
			break;

		default:
			script_need_end(parser);
			if (block->condition >= 0)
				parser->commands[block->condition].jump = parser->ncommands;
			for (jump = block->jumps; jump >= 0;)
			{
				CtCommand  *command = &parser->commands[jump];

				jump = command->jump;
				command->jump = parser->ncommands;
			}
			script_close_block(parser);
			break;
	}
	/* also what emits no command, such as \endif, stands between SQL and \gset */
	parser->follows_sql = false;
}

/* A number, also a negative one, that can't be one of rounds. */
static bool
script_is_no_rounds(const CtExpr *expr)
{
	CtValue		value;

	if (expr->op != CT_EXPR_CONSTANT &&
		!(expr->op == CT_EXPR_SUB && expr->args[0]->op == CT_EXPR_CONSTANT &&
		  expr->args[1]->op == CT_EXPR_CONSTANT))
		return false;
	value = ct_expr_eval(expr, NULL, NULL);
	return !ct_value_is_rounds(&value);
}

/* \repeat EXPR */
static void
script_begin_repeat(Parser *parser, int offset)
{
	OpenBlock  *block = script_open_block(parser, offset);
	CtCommand  *command;
	int			place;

	if (parser->repeats == CT_MAX_REPEATS)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 ct_errplace(&parser->source, offset, "invalid command",
							 "\"\\repeat\" can be nested %d deep at most.", CT_MAX_REPEATS)));
	block->repeat = parser->ncommands;
	command = script_add_command(parser, CT_COMMAND_REPEAT, offset, parser->line_end);
	parser->repeats++;
	script_skip_blanks(parser);
	place = parser->offset;
	command->expr = script_need_expression(parser);
	if (script_is_no_rounds(command->expr))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 ct_errplace(&parser->source, place, "invalid command",
							 "The rounds of a \"\\repeat\" are a whole number from 0 to %d.",
							 CT_MAX_ROUNDS)));
}

static void
script_end_repeat(Parser *parser, const Word *name, int offset)
{
	OpenBlock  *block = script_need_block(parser, true, name);
	CtCommand  *command;

	script_need_end(parser);
	parser->repeats--;
	command = script_add_command(parser, CT_COMMAND_ENDREPEAT, offset, parser->line_end);
	command->jump = block->repeat + 1;
	parser->commands[block->repeat].jump = parser->ncommands;
	script_close_block(parser);
}

/* \sleep NUMBER|:VAR [us|ms|s]; a number's unit may be stuck to it */
static void
script_parse_sleep(Parser *parser, int offset)
{
	CtCommand  *command = script_add_command(parser, CT_COMMAND_SLEEP, offset, parser->line_end);
	Word		word = script_need_word(parser, "A time to sleep is missing.");
	Word		unit;

	if (word.text[0] == ':')
	{
		script_need_variable(parser, &word);
		command->expr = ct_expr_variable(&parser->source, word.text + 1);
		unit = script_next_word(parser);
	}
	else
	{
		int			digits = strspn(word.text, "+-") > 0 ? 1 : 0;
		int			start = digits;
		CtValue		value;

		digits += strspn(word.text + digits, "0123456789");
		unit.offset = word.offset + digits;
		unit.length = word.length - digits;
		unit.text = pstrdup(word.text + digits);
		word.text[digits] = '\0';

		value.type = CT_VALUE_INT;
		value.u.i = 0;
		if (digits == start || !ct_parse_int64(word.text, &value.u.i))
		{
			word.text = pnstrdup(parser->source.body + word.offset, word.length);
			script_raise_at_word(parser, &word, digits == start ?
								 "\"%s\" is neither an integer nor a variable." :
								 "The time \"%s\" is out of range.");
		}
		command->expr = ct_expr_constant(value);
		if (unit.length == 0)
			unit = script_next_word(parser);
	}

	if (unit.length == 0 || pg_strcasecmp(unit.text, "s") == 0)
		command->unit = 1000000;
	else if (pg_strcasecmp(unit.text, "ms") == 0)
		command->unit = 1000;
	else if (pg_strcasecmp(unit.text, "us") == 0)
		command->unit = 1;
	else
		script_raise_at_word(parser, &unit, "\"%s\" is not a unit of time: those are us, ms and s.");
	script_need_end(parser);
}

/* \gset and \aset say what becomes of the rows of the SQL before them. */
static void
script_parse_gather(Parser *parser, CtGather gather, const Word *name)
{
	CtCommand  *command;
	Word		prefix;

	if (!parser->follows_sql)
		script_raise_at_word(parser, name, "There is no SQL command before this \"\\%s\".");
	command = &parser->commands[parser->ncommands - 1];

	prefix = script_next_word(parser);
	if (prefix.length > 0 && !ct_variable_name_is_valid(prefix.text))
		script_raise_at_word(parser, &prefix, "\"%s\" is not a valid prefix of variable names.");
	if (prefix.length > MAX_LABEL)
		script_raise_at_word(parser, &prefix, "The prefix \"%s\" is longer than 63 bytes.");
	script_need_end(parser);
	command->gather = gather;
	command->prefix = prefix.text;
	parser->follows_sql = false;
}

/* Which command is it?  Raises an error if there is none of that name. */
static MetaCommand
script_find_command(Parser *parser, const Word *name, int offset)
{
	List	   *names = NIL;
	const char *near;
	int			i;

	for (i = 0; i < (int) lengthof(meta_names); i++)
	{
		if (pg_strcasecmp(name->text, meta_names[i].name) == 0)
			return meta_names[i].meta;
		if (i < N_ACCEPTED)
			names = lappend(names, unconstify(char *, meta_names[i].name));
	}

	near = ct_near_match(name->text, names);
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 ct_errplace(&parser->source, offset, "invalid command",
						 "There is no command \"\\%s\".",
						 ct_shown(name->text, name->length)),
			 near ? errhint("Perhaps you meant \"\\%s\".", near) :
			 errhint("The commands are \\set, \\if, \\elif, \\else, \\endif, \\repeat, \\endrepeat, "
					 "\\gset, \\aset, \\sleep, \\outcome, \\tally and \\barrier.")));
	return META_SET;			/* keep the compiler quiet */
}

static void
script_raise_refused(Parser *parser, MetaCommand meta, int offset)
{
	const char *detail = "A script runs inside the server, where it cannot start programs.";
	const char *hint = "Use \\set with an expression, or a query with \\gset.";

	if (meta == META_PIPELINE)
	{
		detail = "A script runs inside the server, where there is no connection to pipeline.";
		hint = "Leave the command out: statements don't wait for a network here, and \"\\;\" joins several into one transaction.";
	}
	else if (meta == META_COPY_END)
	{
		detail = "A script runs inside the server, where there is no client to copy rows from.";
		hint = "Use INSERT, or COPY from a file or a program.";
	}
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 ct_errplace(&parser->source, offset, "unsupported command", "%s", detail),
			 errhint("%s", hint)));
}

/* The command whose backslash is at the parser's offset. */
static void
script_parse_command(Parser *parser)
{
	int			offset = parser->offset++;
	MetaCommand meta;
	CtCommand  *command;
	CtExpr	   *expr;
	Word		name;
	Word		word;

	parser->line_end = script_find_line_end(parser, parser->offset);
	name = script_next_word(parser);
	if (name.length == 0)
		return;					/* a lone backslash; it ended the SQL before it */

	meta = script_find_command(parser, &name, offset);
	switch (meta)
	{
		case META_SET:
			word = script_need_word(parser, "A variable's name is missing.");
			if (!ct_variable_name_is_valid(word.text))
				script_raise_at_word(parser, &word, "\"%s\" is not a valid variable name.");
			expr = script_need_expression(parser);
			command = script_add_command(parser, CT_COMMAND_SET, offset, parser->line_end);
			command->slot = ct_symbols_intern(parser->source.symbols, word.text);
			command->expr = expr;
			break;

		case META_IF:
		case META_ELIF:
		case META_ELSE:
		case META_ENDIF:
			script_parse_conditional(parser, meta, &name, offset);
			break;

		case META_REPEAT:
			script_begin_repeat(parser, offset);
			break;

		case META_ENDREPEAT:
			script_end_repeat(parser, &name, offset);
			break;

		case META_GSET:
		case META_ASET:
			script_parse_gather(parser, meta == META_GSET ? CT_GATHER_GSET : CT_GATHER_ASET,
								&name);
			break;

		case META_SLEEP:
			script_parse_sleep(parser, offset);
			break;

		case META_OUTCOME:
			word = script_need_word(parser, "An outcome's label is missing.");
			command = script_add_command(parser, CT_COMMAND_OUTCOME, offset, parser->line_end);
			if (word.text[0] == ':')
				command->slot = script_need_variable(parser, &word);
			else
				command->name = script_need_label(parser, &word);
			script_need_end(parser);
			break;

		case META_TALLY:
			word = script_need_word(parser, "A tally's name is missing.");
			command = script_add_command(parser, CT_COMMAND_TALLY, offset, parser->line_end);
			command->name = script_need_label(parser, &word);
			command->expr = script_need_expression(parser);
			break;

		case META_BARRIER:
			if (parser->repeats > 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 ct_errplace(&parser->source, offset, "unsupported command",
									 "A \"\\barrier\" cannot stand within a \"\\repeat\": workers meet at it as often as it stands in the script."),
						 errhint("Put it before the \"\\repeat\", or write it as often as workers are to meet.")));
			word = script_need_word(parser, "A barrier's name is missing.");
			command = script_add_command(parser, CT_COMMAND_BARRIER, offset, parser->line_end);
			command->name = script_need_label(parser, &word);
			script_need_end(parser);
			break;

		case META_SHELL:
		case META_PIPELINE:
		case META_COPY_END:
			script_raise_refused(parser, meta, offset);
			break;
	}
	pfree(name.text);
}

/* Adds the statements that sqlscan.c found as one command. */
static void
script_add_sql(Parser *parser, List *statements, int first, int last)
{
	CtCommand  *command = script_add_command(parser, CT_COMMAND_SQL, first, last);
	ListCell   *lc;

	command->nstatements = list_length(statements);
	command->statements = palloc(command->nstatements * sizeof(CtSql));
	foreach(lc, statements)
	{
		command->statements[foreach_current_index(lc)] = *(CtSql *) lfirst(lc);
		pfree(lfirst(lc));
	}
	list_free(statements);
}

/*
 * Parses a script, in the current memory context.  Both strings are copied
 * as far as they are needed later.  A name that the script uses for a
 * variable is added to symbols; what is missing from a wrong one, raised as
 * an ERROR, is told with its place.
 */
CtScript *
ct_script_parse(const char *name, const char *body, CtSymbols *symbols, bool quoted)
{
	CtScript   *script = palloc0(sizeof(CtScript));
	Parser		parser;
	CtSqlEnd	sql_end;

	memset(&parser, 0, sizeof(parser));
	parser.source.script = pstrdup(name);
	parser.source.body = body;
	parser.source.length = strlen(body);
	parser.source.symbols = symbols;
	parser.source.quoted = quoted;
	parser.allocated = 16;
	parser.commands = palloc(parser.allocated * sizeof(CtCommand));

	do
	{
		List	   *statements = NIL;
		int			first;
		int			last;

		CHECK_FOR_INTERRUPTS();
		sql_end = ct_sql_scan(&parser.source, &parser.offset, &statements, &first, &last);
		if (statements != NIL)
			script_add_sql(&parser, statements, first, last);
		if (sql_end == CT_SQL_END_BACKSLASH)
			script_parse_command(&parser);
	} while (sql_end != CT_SQL_END_SCRIPT);

	if (parser.open)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 ct_errplace(&parser.source, parser.open->offset, "invalid command",
							 parser.open->repeat >= 0 ?
							 "There is no \"\\endrepeat\" for this \"\\repeat\"." :
							 "There is no \"\\endif\" for this \"\\if\".")));

	script->name = parser.source.script;
	script->ncommands = parser.ncommands;
	script->commands = parser.commands;
	return script;
}
