/*
 * place.c
 *		What may stand in a variable's place.
 *
 * Something stands in for each variable, in as many bytes as the variable has,
 * so that places in the text stay what they are: a parameter first, and where
 * the grammar stops at or behind that, whichever of the others gets further.
 * That is a few parses for each place where no parameter can stand, so the
 * work is bounded, and can be cancelled between two parses.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_namespace.h"
#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "src/session/place.h"

/* how much text may be parsed, again and again; some tenths of a second's worth */
#define MAX_PARSED	(4 * 1024 * 1024)

/* what a parse costs besides its text */
#define PARSE_COST	256

typedef struct CtPlaceFinder
{
	const CtSql *sql;
	int		   *places;
	char	   *text;			/* with what stands in */
	int			length;
	int64		parsed;			/* bytes so far */

	/* of the last parse */
	List	   *trees;
	MemoryContext trees_context;
	ErrorData  *error;			/* NULL if it succeeded */
	int			stopped;		/* where, in bytes; the text's length + 1 if it didn't */
} CtPlaceFinder;

static inline bool
place_is_name_part(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/* Is there no gap between the variable and what stands before it? */
static bool
place_is_glued(const CtSql *sql, int i)
{
	const CtVarRef *ref = &sql->refs[i];

	return ref->offset > 0 && place_is_name_part(sql->text[ref->offset - 1]);
}

/* ":a:b", with no gap in between: the next one is glued to this one */
static bool
place_is_glued_to(const CtSql *sql, int i)
{
	return i + 1 < sql->nrefs && sql->refs[i + 1].quote == '\0' &&
		sql->refs[i + 1].offset == sql->refs[i].offset + sql->refs[i].length;
}

/* "a.:b", or ":a.b", where a parameter could be followed by a field, but never is */
static bool
place_is_qualified(const CtSql *sql, int i)
{
	const char *p = sql->text + sql->refs[i].offset;

	if (p - sql->text > 1 && p[-1] == '.' && (p[-2] == '"' || place_is_name_part(p[-2])) &&
		!(p[-2] >= '0' && p[-2] <= '9'))
		return true;
	p += sql->refs[i].length;

	if (*p++ != '.')
		return false;
	if (*p == ':')
		p++;
	return *p == '*' || *p == '"' || (place_is_name_part(*p) && !(*p >= '0' && *p <= '9'));
}

/* A word, short lest it be cut with a notice, or without a gap to what follows. */
static void
place_stand_in_word(char *p, int length, char c, bool glued)
{
	memset(p, c, length);
	if (!glued && !place_is_name_part(p[length]))
		memset(p + 2, ' ', length - 2);
}

/* Lets something stand in for a variable. */
static void
place_stand_in(CtPlaceFinder *finder, int i, int place)
{
	const CtVarRef *ref = &finder->sql->refs[i];
	char	   *p = finder->text + ref->offset;

	/* a reference is two bytes long at least */
	switch (place)
	{
		case CT_PLACE_PARAMETER:
			memset(p, ' ', ref->length);
			memcpy(p, "$1", 2);
			break;
		case CT_PLACE_STRING:
			memset(p, ' ', ref->length);
			memcpy(p, "''", 2);
			break;
		case CT_PLACE_NUMBER:
			memset(p, ' ', ref->length);
			*p = '1';
			break;
		case CT_PLACE_NAME:
			place_stand_in_word(p, ref->length, 'x', place_is_glued_to(finder->sql, i));
			break;
		case CT_PLACE_GLUED:
			place_stand_in_word(p, ref->length, '1', place_is_glued_to(finder->sql, i));
			break;
		default:
			memcpy(p, finder->sql->text + ref->offset, ref->length);
			break;
	}
}

/*
 * Parses the text as it is now.  The grammar takes nothing but memory, so no
 * subtransaction is needed to go on after its errors.
 */
static void
place_parse(CtPlaceFinder *finder)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback *callbacks = error_context_stack;

	CHECK_FOR_INTERRUPTS();
	if (finder->parsed > MAX_PARSED)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("statement has too many variables where no parameter can stand"),
				 errdetail("It begins with \"%s\".",
						   pnstrdup(finder->sql->text,
									pg_mbcliplen(finder->sql->text, finder->length, 60))),
				 errhint("Make several statements of it.")));

	if (finder->trees_context != NULL)
		MemoryContextDelete(finder->trees_context);
	finder->trees_context = AllocSetContextCreate(context, "ct_ext parse", ALLOCSET_DEFAULT_SIZES);
	finder->trees = NIL;
	finder->error = NULL;
	finder->stopped = finder->length + 1;
	MemoryContextSwitchTo(finder->trees_context);
	PG_TRY();
	{
		/* a calling function's context would claim the place as one in its own query */
		error_context_stack = NULL;
		finder->trees = raw_parser(finder->text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		int			category;

		MemoryContextSwitchTo(context);
		finder->error = CopyErrorData();
		category = ERRCODE_TO_CATEGORY(finder->error->sqlerrcode);
		if (category != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			category != ERRCODE_DATA_EXCEPTION &&
			category != ERRCODE_FEATURE_NOT_SUPPORTED)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	error_context_stack = callbacks;
	MemoryContextSwitchTo(context);

	if (finder->error != NULL)
	{
		const char *p = finder->text;
		int			position;

		for (position = finder->error->cursorpos; position > 1 && *p != '\0'; position--)
			p += pg_mblen(p);
		finder->stopped = Min(p - finder->text, finder->length);
	}
	finder->parsed += Min(finder->stopped, finder->length) + PARSE_COST;
}

/* The last variable at or before a place; -1 if there is none. */
static int
place_last_before(const CtSql *sql, int offset)
{
	int			low = 0;
	int			high = sql->nrefs;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (sql->refs[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	/* what is within quotes, or no variable, isn't what is in the way */
	return low - 1;
}

/*
 * Does a word stand before the variable that is the name of no type?  Where it
 * were one, a string could follow ("date :d"), so the grammar takes any word.
 * Only the server's own types count: others may be made by the setup.
 */
static bool
place_follows_no_type(const CtSql *sql, int i)
{
	const char *end = sql->text + sql->refs[i].offset;
	const char *start;
	char	   *word;

	while (end > sql->text && isspace((unsigned char) end[-1]))
		end--;
	for (start = end; start > sql->text && place_is_name_part(start[-1]); start--)
		 /* back to its begin */ ;
	if (start == end)
		return end > sql->text && end[-1] == '"';
	word = downcase_truncate_identifier(start, end - start, false);
	return ScanKeywordLookup(word, &ScanKeywords) < 0 &&
		!SearchSysCacheExists2(TYPENAMENSP, CStringGetDatum(word),
							   ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
}

/*
 * The grammar has stopped at a variable's stand-in, or behind it: finds what
 * gets further.  Returns false if nothing does, with all as it was.
 */
static bool
place_try_others(CtPlaceFinder *finder, int i)
{
	static const int kinds[] = {
		CT_PLACE_PARAMETER, CT_PLACE_STRING, CT_PLACE_NUMBER, CT_PLACE_NAME, CT_PLACE_NONE
	};
	int			was = finder->places[i];
	int			before = finder->stopped;
	int			best = before;
	int			best_kind = 0;
	int			found = 0;
	int			k;

	for (k = 0; k < lengthof(kinds); k++)
	{
		if (kinds[k] == was || (kinds[k] == CT_PLACE_NONE && found != 0))
			continue;
		if (kinds[k] == CT_PLACE_STRING && place_follows_no_type(finder->sql, i))
			continue;
		place_stand_in(finder, i, kinds[k]);
		place_parse(finder);
		if (finder->stopped <= before || finder->stopped < best)
			continue;
		if (finder->stopped > best)
		{
			best = finder->stopped;
			best_kind = kinds[k];
			found = 0;
		}
		found |= kinds[k];
	}

	place_stand_in(finder, i, found != 0 ? best_kind : was);
	place_parse(finder);
	if (found != 0)
		finder->places[i] = found & CT_PLACE_PARAMETER ? CT_PLACE_PARAMETER : found;
	return found != 0;
}

/* The same for a row of variables without a gap, which are a number or a name together. */
static bool
place_try_name(CtPlaceFinder *finder, int first)
{
	int			before = finder->stopped;
	int			i = first;

	do
		place_stand_in(finder, i, CT_PLACE_NAME);
	while (place_is_glued_to(finder->sql, i++));
	place_parse(finder);
	if (finder->stopped <= before)
		return false;
	while (i-- > first)
		finder->places[i] = CT_PLACE_GLUED | CT_PLACE_NAME;
	return true;
}

/* And it may be that there is no variable, but "k:v". */
static bool
place_try_none(CtPlaceFinder *finder, int i)
{
	int			before = finder->stopped;

	place_stand_in(finder, i, CT_PLACE_NONE);
	place_parse(finder);
	if (finder->stopped <= before)
		return false;
	finder->places[i] = CT_PLACE_NONE;
	return true;
}

/* What the variables are before anybody has tried. */
static void
place_begin(CtPlaceFinder *finder, CtPresenceAsker has_value, void *arg)
{
	const CtSql *sql = finder->sql;
	int			i;

	for (i = 0; i < sql->nrefs; i++)
	{
		int			place = CT_PLACE_PARAMETER;

		if (!has_value(arg, sql->refs[i].slot))
			place = CT_PLACE_UNSET;
		else if (sql->refs[i].quote != '\0')
			place = CT_PLACE_QUOTED;
		else if (place_is_glued(sql, i) || place_is_glued_to(sql, i))
			place = CT_PLACE_GLUED;
		else if (place_is_qualified(sql, i))
			place = CT_PLACE_NAME;
		finder->places[i] = place;
		place_stand_in(finder, i, place);
	}
}

/* Why the last parse failed, in words of what was written. */
static void
place_tell_problem(const CtPlaceFinder *finder, CtPlaceProblem *problem)
{
	const CtSql *sql = finder->sql;
	const ErrorData *error = finder->error;
	int			i = error->cursorpos > 0 ? place_last_before(sql, finder->stopped) : -1;
	const char *begin = strchr(error->message, '"');
	const char *end = strrchr(error->message, '"');

	problem->unset = -1;
	problem->sqlstate = error->sqlerrcode;
	problem->message = error->message;
	problem->detail = error->detail;
	problem->hint = error->hint;
	problem->offset = error->cursorpos > 0 ? finder->stopped : -1;
	if (i < 0 || sql->refs[i].quote != '\0' || sql->refs[i].offset != finder->stopped)
		return;
	if (finder->places[i] == CT_PLACE_UNSET)
		problem->unset = i;
	else if (begin != NULL && end > begin)
		problem->message = psprintf("%.*s\"%.*s%s", (int) (begin - error->message), error->message,
									sql->refs[i].length, sql->text + sql->refs[i].offset, end);
}

bool
ct_places_find(const CtSql *sql, CtPresenceAsker has_value, void *arg,
			   int *places, List **trees, CtPlaceProblem *problem)
{
	CtPlaceFinder finder = {0};
	int			known = 0;		/* variables before this one are settled */

	finder.sql = sql;
	finder.places = places;
	finder.text = pstrdup(sql->text);
	finder.length = strlen(sql->text);
	place_begin(&finder, has_value, arg);
	place_parse(&finder);
	while (finder.error != NULL)
	{
		int			i = finder.error->cursorpos > 0 ? place_last_before(sql, finder.stopped) : -1;
		int			first = i;
		bool		further;

		if (i < known || places[i] == CT_PLACE_QUOTED || places[i] == CT_PLACE_UNSET)
			break;
		known = i + 1;
		while (first > 0 && place_is_glued_to(sql, first - 1))
			first--;
		if (places[i] & CT_PLACE_GLUED)
			further = place_try_name(&finder, first) || place_try_none(&finder, i);
		else
			further = place_try_others(&finder, i);
		if (!further)
			break;
	}
	if (finder.error != NULL)
		place_tell_problem(&finder, problem);
	*trees = finder.trees;
	return finder.error == NULL;
}
