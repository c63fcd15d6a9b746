/*
 * sqlscan.c
 *		Finds where a script's SQL statements end, and the variables in them.
 *
 * It follows the server's lexical rules only as far as quotes, comments and
 * parentheses go, like psql's scanner: a semicolon within them, or within the
 * BEGIN ATOMIC ... END body of a function, ends nothing.  No server encoding
 * has ASCII bytes within a multibyte character, so it looks at bytes.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "src/script/expr.h"

/* how many words of a statement decide whether it creates a routine */
#define INITIAL_WORDS	4

typedef struct SqlScan
{
	CtSource   *source;
	const char *p;				/* the next byte to look at */
	const char *end;

	/* the statement so far */
	StringInfoData text;
	int			significant;	/* the text's length without what trails */
	bool		has_content;	/* more than hints */
	bool		has_params;
	int			line;
	int			offset;			/* where it begins in the script */
	CtSql	   *sql;			/* NULL until there is a variable */
	int			refs_allocated;

	int			first;			/* the whole command's bounds */
	int			last;

	int			paren_depth;
	int			paren_offset;	/* of the outermost one that is open */
	int			begin_depth;
	char		words[INITIAL_WORDS];
	int			nwords;
} SqlScan;

static inline bool
sqlscan_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static inline bool
sqlscan_is_newline(char c)
{
	return c == '\n' || c == '\r';
}

static inline bool
sqlscan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* the first of an identifier, or of a variable's name */
static inline bool
sqlscan_is_ident_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c);
}

static inline bool
sqlscan_is_name_part(char c)
{
	return sqlscan_is_ident_start(c) || sqlscan_is_digit(c);
}

static inline bool
sqlscan_starts_with(const SqlScan *scan, const char *p, const char *what)
{
	Size		length = strlen(what);

	return scan->end - p >= (ptrdiff_t) length && memcmp(p, what, length) == 0;
}

static void
sqlscan_raise_unterminated(SqlScan *scan, const char *start, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 ct_errplace(scan->source, start - scan->source->body, "invalid SQL",
						 "This %s is never closed.", what)));
}

static void
sqlscan_reset_statement(SqlScan *scan)
{
	resetStringInfo(&scan->text);
	scan->significant = 0;
	scan->has_content = false;
	scan->has_params = false;
	scan->sql = NULL;
	scan->refs_allocated = 0;
	scan->nwords = 0;
	memset(scan->words, 0, sizeof(scan->words));
}

/*
 * Takes over the source from p up to "to".  Blanks and comments are kept
 * inside of a statement only; "significant" is everything else.
 */
static void
sqlscan_take(SqlScan *scan, const char *to, bool significant)
{
	if (scan->text.len > 0 || significant)
	{
		if (scan->text.len == 0)
		{
			scan->offset = scan->p - scan->source->body;
			scan->line = ct_source_line(scan->source, scan->offset);
		}
		appendBinaryStringInfo(&scan->text, scan->p, to - scan->p);
	}
	if (significant)
	{
		if (scan->first < 0)
			scan->first = scan->p - scan->source->body;
		scan->last = to - scan->source->body;
		scan->significant = scan->text.len;
		scan->has_content = true;
	}
	scan->p = to;
}

/* Blanks and comments to line's end from p on; says whether a newline was among them. */
static const char *
sqlscan_skip_blanks(const SqlScan *scan, const char *p, bool *newline)
{
	*newline = false;
	for (;;)
	{
		if (p < scan->end && sqlscan_is_space(*p))
		{
			*newline |= sqlscan_is_newline(*p);
			p++;
		}
		else if (sqlscan_starts_with(scan, p, "--"))
		{
			while (p < scan->end && !sqlscan_is_newline(*p))
				p++;
		}
		else
			return p;
	}
}

/* A comment, at p; they nest. */
static void
sqlscan_take_comment(SqlScan *scan)
{
	const char *start = scan->p;
	const char *p = start + 2;
	bool		hint = (p < scan->end && *p == '+');
	int			depth = 1;

	while (depth > 0)
	{
		if (p >= scan->end)
			sqlscan_raise_unterminated(scan, start, "comment");
		if (sqlscan_starts_with(scan, p, "*/"))
		{
			depth--;
			p += 2;
		}
		else if (sqlscan_starts_with(scan, p, "/*"))
		{
			depth++;
			p += 2;
		}
		else
			p++;
	}

	/* a planner's hint in front must reach the server, if a statement follows */
	if (hint && scan->text.len == 0)
	{
		sqlscan_take(scan, p, true);
		scan->has_content = false;
	}
	else
		sqlscan_take(scan, p, false);
}

/* Adds a variable, which begins at its colon, where the text will go on. */
static void
sqlscan_add_ref(SqlScan *scan, const char *colon, int length, char quote)
{
	CtVarRef   *ref;
	char	   *name = pnstrdup(colon + 1, length - 1);

	if (scan->sql == NULL)
		scan->sql = palloc0(sizeof(CtSql));
	if (scan->sql->nrefs == scan->refs_allocated)
	{
		scan->refs_allocated = Max(8, scan->refs_allocated * 2);
		scan->sql->refs = scan->sql->refs ?
			repalloc_huge(scan->sql->refs, scan->refs_allocated * sizeof(CtVarRef)) :
			palloc(scan->refs_allocated * sizeof(CtVarRef));
	}
	ref = &scan->sql->refs[scan->sql->nrefs++];
	ref->slot = ct_symbols_intern(scan->source->symbols, name);
	ref->offset = scan->text.len + (colon - scan->p);
	ref->length = length;
	ref->quote = quote;
	pfree(name);
}

/* Takes over what is within quotes up to "to", with its variables if they are asked for. */
static void
sqlscan_take_quoted(SqlScan *scan, const char *to, char quote)
{
	const char *p = scan->p;

	while (scan->source->quoted && (p = memchr(p, ':', to - p)) != NULL)
	{
		const char *colon = p;

		while (p < to && *p == ':')
			p++;
		if (p - colon > 1 || p >= to || !sqlscan_is_ident_start(*p))
			continue;
		while (p < to && sqlscan_is_name_part(*p))
			p++;
		sqlscan_add_ref(scan, colon, p - colon, quote);
	}
	sqlscan_take(scan, to, true);
}

/* Text in single quotes, with the first of them at quote; and its continuations. */
static void
sqlscan_take_string(SqlScan *scan, const char *quote, bool backslash_escapes)
{
	const char *p = quote + 1;
	bool		newline;

	for (;;)
	{
		if (p >= scan->end)
			sqlscan_raise_unterminated(scan, quote, "string");
		if (backslash_escapes && *p == '\\')
		{
			/* whatever follows is no quote; if nothing does, the next turn raises */
			p += 2;
		}
		else if (*p++ == '\'')
		{
			const char *next;

			if (!backslash_escapes)
				break;
			/* doubled, or continued on another line: escapes stay in force */
			if (p < scan->end && *p == '\'')
			{
				p++;
				continue;
			}
			next = sqlscan_skip_blanks(scan, p, &newline);
			if (!newline || next >= scan->end || *next != '\'')
				break;
			p = next + 1;
		}
	}
	sqlscan_take_quoted(scan, p, backslash_escapes ? 'E' : '\'');
}

/* A quoted identifier; one with a doubled quote is taken as two. */
static void
sqlscan_take_quoted_identifier(SqlScan *scan)
{
	const char *p = memchr(scan->p + 1, '"', scan->end - (scan->p + 1));

	if (p == NULL)
		sqlscan_raise_unterminated(scan, scan->p, "quoted identifier");
	sqlscan_take_quoted(scan, p + 1, '"');
}

/* A dollar: of a parameter, a dollar quote, or by itself. */
static void
sqlscan_take_dollar(SqlScan *scan)
{
	const char *start = scan->p;
	const char *p = start + 1;
	Size		length;

	if (p < scan->end && sqlscan_is_digit(*p))
		scan->has_params = true;
	if (p < scan->end && sqlscan_is_ident_start(*p))
	{
		while (p < scan->end && sqlscan_is_name_part(*p))
			p++;
	}
	if (p >= scan->end || *p != '$')
	{
		sqlscan_take(scan, start + 1, true);
		return;
	}

	length = p + 1 - start;
	for (p++;; p++)
	{
		p = memchr(p, '$', scan->end - p);
		if (p == NULL || scan->end - p < (ptrdiff_t) length)
			sqlscan_raise_unterminated(scan, start, "dollar-quoted string");
		if (memcmp(p, start, length) == 0)
			break;
	}
	sqlscan_take_quoted(scan, p + length, '$');
}

static bool
sqlscan_word_is(const char *word, int length, const char *what)
{
	return (int) strlen(what) == length && pg_strncasecmp(word, what, length) == 0;
}

/*
 * Follows whether we are in the body of a function: only a statement that
 * begins with CREATE [OR REPLACE] {FUNCTION | PROCEDURE} can have BEGIN ...
 * END with semicolons in it.  CASE ... END must not end the body.
 */
static void
sqlscan_follow_body(SqlScan *scan, const char *word, int length)
{
	const char *words = scan->words;
	int			after = 1;

	if (scan->paren_depth > 0)
		return;

	/* the words that matter differ in their first letter */
	if (scan->nwords < INITIAL_WORDS)
	{
		if (sqlscan_word_is(word, length, "create") || sqlscan_word_is(word, length, "or") ||
			sqlscan_word_is(word, length, "replace") || sqlscan_word_is(word, length, "function") ||
			sqlscan_word_is(word, length, "procedure"))
			scan->words[scan->nwords] = pg_tolower((unsigned char) word[0]);
		scan->nwords++;
	}

	if (words[0] != 'c')
		return;
	if (words[1] == 'o' && words[2] == 'r')
		after = 3;
	if (words[after] != 'f' && words[after] != 'p')
		return;

	if (sqlscan_word_is(word, length, "begin") ||
		(scan->begin_depth > 0 && sqlscan_word_is(word, length, "case")))
		scan->begin_depth++;
	else if (scan->begin_depth > 0 && sqlscan_word_is(word, length, "end"))
		scan->begin_depth--;
}

static void
sqlscan_take_identifier(SqlScan *scan)
{
	const char *start = scan->p;
	const char *p = start;

	/* E'...' is no identifier; other prefixes change nothing for us */
	if ((*p == 'e' || *p == 'E') && p + 1 < scan->end && p[1] == '\'')
	{
		sqlscan_take_string(scan, p + 1, true);
		return;
	}
	while (p < scan->end && (sqlscan_is_name_part(*p) || *p == '$'))
		p++;
	sqlscan_follow_body(scan, start, p - start);
	sqlscan_take(scan, p, true);
}

/* A number, with the letters stuck to it, which begin nothing else. */
static void
sqlscan_take_number(SqlScan *scan)
{
	const char *p = scan->p;

	while (p < scan->end && sqlscan_is_digit(*p))
		p++;
	if (p < scan->end && sqlscan_is_ident_start(*p))
	{
		while (p < scan->end && (sqlscan_is_name_part(*p) || *p == '$'))
			p++;
	}
	sqlscan_take(scan, p, true);
}

/* Colons: one before a name refers to a variable, "::" and ":=" don't. */
static void
sqlscan_take_colons(SqlScan *scan)
{
	const char *p = scan->p;

	while (p < scan->end && *p == ':')
		p++;
	if (p - scan->p > 1 || p >= scan->end || !sqlscan_is_ident_start(*p))
	{
		sqlscan_take(scan, p, true);
		return;
	}
	while (p < scan->end && sqlscan_is_name_part(*p))
		p++;
	sqlscan_add_ref(scan, scan->p, p - scan->p, '\0');
	sqlscan_take(scan, p, true);
}

/* Ends the statement and, unless it is empty, appends it to the command's. */
static void
sqlscan_finish_statement(SqlScan *scan, List **statements)
{
	if (scan->has_content)
	{
		CtSql	   *sql = scan->sql ? scan->sql : palloc0(sizeof(CtSql));

		sql->text = pnstrdup(scan->text.data, scan->significant);
		sql->has_params = scan->has_params;
		sql->line = scan->line;
		sql->offset = scan->offset;
		*statements = lappend(*statements, sql);
	}
	sqlscan_reset_statement(scan);
}

/*
 * Backslash escapes are the one thing that isn't passed on as it is written:
 * "\;" joins two statements, within parentheses or a body it is a semicolon;
 * "\:" is a colon that begins no variable.  Returns false for any other, which
 * begins a command.
 */
static bool
sqlscan_take_escape(SqlScan *scan, List **statements)
{
	const char *p = scan->p + 1;

	if (p >= scan->end)
		return false;
	if (*p == ';')
	{
		if (scan->paren_depth == 0 && scan->begin_depth == 0)
		{
			sqlscan_finish_statement(scan, statements);
			scan->last = p + 1 - scan->source->body;
			scan->p = p + 1;
		}
		else
		{
			scan->p = p;
			sqlscan_take(scan, p + 1, true);
		}
		return true;
	}
	if (*p == ':')
	{
		scan->p = p;
		sqlscan_take(scan, p + 1, true);
		return true;
	}
	return false;
}

/* One token; false if it ended the command, which *result then tells about. */
static bool
sqlscan_take_token(SqlScan *scan, List **statements, CtSqlEnd *result)
{
	const char *p = scan->p;

	if (p >= scan->end)
	{
		*result = CT_SQL_END_SCRIPT;
		return false;
	}

	switch (*p)
	{
		case '\'':
			sqlscan_take_string(scan, p, false);
			break;
		case '"':
			sqlscan_take_quoted_identifier(scan);
			break;
		case '$':
			sqlscan_take_dollar(scan);
			break;
		case ':':
			sqlscan_take_colons(scan);
			break;
		case '(':
			if (scan->paren_depth++ == 0)
				scan->paren_offset = p - scan->source->body;
			sqlscan_take(scan, p + 1, true);
			break;
		case ')':
			if (scan->paren_depth > 0)
				scan->paren_depth--;
			sqlscan_take(scan, p + 1, true);
			break;
		case ';':
			if (scan->paren_depth == 0 && scan->begin_depth == 0)
			{
				scan->p++;
				*result = CT_SQL_END_SEMICOLON;
				return false;
			}
			sqlscan_take(scan, p + 1, true);
			break;
		case '\\':
			if (!sqlscan_take_escape(scan, statements))
			{
				*result = CT_SQL_END_BACKSLASH;
				return false;
			}
			break;
		default:
			if (sqlscan_is_space(*p) || sqlscan_starts_with(scan, p, "--"))
			{
				bool		newline;

				sqlscan_take(scan, sqlscan_skip_blanks(scan, p, &newline), false);
			}
			else if (sqlscan_starts_with(scan, p, "/*"))
				sqlscan_take_comment(scan);
			else if (sqlscan_is_ident_start(*p))
				sqlscan_take_identifier(scan);
			else if (sqlscan_is_digit(*p))
				sqlscan_take_number(scan);
			else
				sqlscan_take(scan, p + 1, true);
			break;
	}
	return true;
}

/*
 * See expr.h.  Raises an error for a quote, comment or parenthesis that is
 * still open at the end, since no server would take it.
 */
CtSqlEnd
ct_sql_scan(CtSource *source, int *offset, List **statements, int *first, int *last)
{
	SqlScan		scan;
	CtSqlEnd	result;

	memset(&scan, 0, sizeof(scan));
	scan.source = source;
	scan.p = source->body + *offset;
	scan.end = source->body + source->length;
	scan.first = -1;
	initStringInfo(&scan.text);
	sqlscan_reset_statement(&scan);

	while (sqlscan_take_token(&scan, statements, &result))
		 /* go on */ ;

	if (scan.paren_depth > 0)
		sqlscan_raise_unterminated(&scan, source->body + scan.paren_offset, "parenthesis");
	sqlscan_finish_statement(&scan, statements);

	pfree(scan.text.data);
	*offset = scan.p - source->body;
	*first = scan.first;
	*last = scan.last;
	return result;
}
