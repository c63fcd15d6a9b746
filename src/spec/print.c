/*
 * print.c
 *		Results and messages as isolationtester prints them.
 *
 * Expected files of specs are compared as text, so that all of this is as
 * libpq has it: PQprint() with a header and aligned, PQresultErrorMessage().
 * Widths of columns are counted in bytes there, those of a line with a caret
 * in places on the screen.
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"

#include "src/spec/print.h"

/* a line of SQL is shown by so many places, and by so many behind the caret if it is longer */
#define LINE_PLACES		60
#define PLACES_BEHIND	10

/* ---- rows ---- */

/* Is it what a column of numbers has? */
static bool
print_looks_numeric(const char *value)
{
	Size		length = strlen(value);

	return strspn(value, "0123456789.Ee -") == length &&
		value[0] != 'E' && value[0] != 'e' &&
		isdigit((unsigned char) value[length - 1]);
}

static void
print_cell(StringInfo to, const char *value, int width, bool numeric, bool last)
{
	if (numeric)
		appendStringInfo(to, "%*s", width, value);
	else
		appendStringInfo(to, "%-*s", width, value);
	if (!last)
		appendStringInfoChar(to, '|');
}

void
ct_spec_print_rows(StringInfo to, const CtSpecRows *rows)
{
	int			n = rows->ncolumns;
	int		   *widths;
	bool	   *numeric;
	int			i;
	ListCell   *lc;

	if (n == 0)
		return;
	widths = palloc(n * sizeof(int));
	numeric = palloc(n * sizeof(bool));
	for (i = 0; i < n; i++)
	{
		widths[i] = strlen(rows->names[i]);
		numeric[i] = true;
	}
	foreach(lc, rows->rows)
	{
		char	  **values = lfirst(lc);

		for (i = 0; i < n; i++)
		{
			if (values[i] == NULL || values[i][0] == '\0')
				continue;
			widths[i] = Max(widths[i], (int) strlen(values[i]));
			numeric[i] = numeric[i] && print_looks_numeric(values[i]);
		}
	}

	for (i = 0; i < n; i++)
		print_cell(to, rows->names[i], widths[i], numeric[i], i == n - 1);
	appendStringInfoChar(to, '\n');
	for (i = 0; i < n; i++)
	{
		appendStringInfoSpaces(to, widths[i]);
		memset(to->data + to->len - widths[i], '-', widths[i]);
		appendStringInfoChar(to, i == n - 1 ? '\n' : '+');
	}
	foreach(lc, rows->rows)
	{
		char	  **values = lfirst(lc);

		for (i = 0; i < n; i++)
			print_cell(to, values[i] ? values[i] : "", widths[i], numeric[i], i == n - 1);
		appendStringInfoChar(to, '\n');
	}
	appendStringInfo(to, "(%d row%s)\n\n", list_length(rows->rows), list_length(rows->rows) == 1 ? "" : "s");
	pfree(widths);
	pfree(numeric);
}

/* ---- messages ---- */

/* a character of the query: where it begins, in bytes and in places on the screen */
typedef struct PrintPlace
{
	int			byte;
	int			place;
} PrintPlace;

static int
print_next(const char *text, int encoding)
{
	return strnlen(text, pg_encoding_mblen(encoding, text));
}

static int
print_places(const char *text, int encoding)
{
	return Max(1, pg_encoding_dsplen(encoding, text));
}

/*
 * The line of the query that the character at position, from 1, is in, cut to
 * what fits, and below it a caret.  Nothing if there is no such character.
 */
static void
print_line_with_caret(StringInfo to, const char *query, int position)
{
	int			encoding = GetDatabaseEncoding();
	int			target = position - 1;
	PrintPlace *chars = palloc((strlen(query) + 1) * sizeof(PrintPlace));
	int			first = 0;		/* of the line's characters */
	int			end = -1;		/* behind the last one */
	int			line = 1;
	int			start = to->len;
	int			places = 0;
	int			n;
	PrintPlace	at = {0, 0};

	for (n = 0; query[at.byte] != '\0'; n++)
	{
		char		c = query[at.byte];

		chars[n] = at;
		if (c == '\r' || c == '\n')
		{
			if (n >= target)
			{
				end = n;
				break;
			}
			/* those two together are one end */
			if (c == '\r' || n == 0 || query[chars[n - 1].byte] != '\r')
				line++;
			first = n + 1;
		}
		at.place += print_places(query + at.byte, encoding);
		at.byte += print_next(query + at.byte, encoding);
	}
	if (end < 0)
	{
		end = n;
		chars[end] = at;
	}
	if (target >= 0 && target <= n)
	{
		bool		cut_before = false;
		bool		cut_behind = false;
		int			i;

		if (chars[end].place - chars[first].place > LINE_PLACES)
		{
			/* at its end only, if the caret stays well within what is shown */
			bool		at_end = chars[first].place + LINE_PLACES >= chars[target].place + PLACES_BEHIND;

			while (at_end ? chars[end].place - chars[first].place > LINE_PLACES :
				   chars[target].place + PLACES_BEHIND < chars[end].place)
			{
				end--;
				cut_behind = true;
			}
			while (chars[end].place - chars[first].place > LINE_PLACES)
			{
				first++;
				cut_before = true;
			}
		}

		appendStringInfo(to, "LINE %d: %s", line, cut_before ? "..." : "");
		for (i = start; i < to->len; i += print_next(to->data + i, encoding))
			places += print_places(to->data + i, encoding);
		for (i = first; i < end; i++)
		{
			const char *c = query + chars[i].byte;

			if (*c == '\t')
				appendStringInfoChar(to, ' ');
			else
				appendBinaryStringInfo(to, c, print_next(c, encoding));
		}
		appendStringInfo(to, "%s\n", cut_behind ? "..." : "");
		appendStringInfoSpaces(to, places + chars[target].place - chars[first].place);
		appendStringInfoString(to, "^\n");
	}
	pfree(chars);
}

void
ct_spec_print_message(StringInfo to, const CtSpecMessage *message, const char *query, bool with_context)
{
	appendStringInfo(to, "%s:  %s", message->severity, message->primary);
	if (message->position == 0 && message->internal_position != 0 && message->internal_query == NULL)
		appendStringInfo(to, " at character %d", message->internal_position);
	appendStringInfoChar(to, '\n');

	if (message->position != 0)
		print_line_with_caret(to, query, message->position);
	else if (message->internal_position != 0 && message->internal_query != NULL)
		print_line_with_caret(to, message->internal_query, message->internal_position);
	if (message->detail)
		appendStringInfo(to, "DETAIL:  %s\n", message->detail);
	if (message->hint)
		appendStringInfo(to, "HINT:  %s\n", message->hint);
	if (message->internal_query)
		appendStringInfo(to, "QUERY:  %s\n", message->internal_query);
	if (with_context && message->context)
		appendStringInfo(to, "CONTEXT:  %s\n", message->context);
}
