/*
 * source.c
 *		Places in a script's text, and errors that point at them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "src/script/expr.h"

/* how much of a long line an error shows on either side of the place */
#define SHOWN_BYTES		80

/* how much of a word a message shows */
#define SHOWN_WORD		60

/* The line, from 1, of a place in the script; cheap if asked for in order. */
int
ct_source_line(CtSource *source, int offset)
{
	const char *p;
	const char *end;

	if (offset < source->known_offset || source->known_line == 0)
	{
		source->known_offset = 0;
		source->known_line = 1;
	}
	p = source->body + source->known_offset;
	end = source->body + Min(offset, source->length);
	while ((p = memchr(p, '\n', end - p)) != NULL)
	{
		source->known_line++;
		p++;
	}
	source->known_offset = end - source->body;
	return source->known_line;
}

/*
 * Appends the line that holds the place, and below it a caret at the place.
 * Tabs are repeated and wide characters counted by their width, so that the
 * caret stands where it should.  A long line is cut.
 */
static void
source_append_line_with_caret(StringInfo buf, const CtSource *source, int start, int offset)
{
	const char *line = source->body + start;
	const char *place = source->body + offset;
	const char *end = memchr(place, '\n', source->length - offset);
	const char *p;
	bool		cut = false;

	if (end == NULL)
		end = source->body + source->length;
	if (end > line && end[-1] == '\r' && end > place)
		end--;

	while (place - line > SHOWN_BYTES)
	{
		line += pg_mblen(line);
		cut = true;
	}
	line = Min(line, place);	/* a stray byte can't take us beyond */

	appendStringInfoChar(buf, '\n');
	if (cut)
		appendStringInfoString(buf, "...");
	if (end - place > SHOWN_BYTES)
	{
		int			shown = pg_mbcliplen(place, end - place, SHOWN_BYTES);

		appendBinaryStringInfo(buf, line, (place - line) + shown);
		appendStringInfoString(buf, "...");
	}
	else
		appendBinaryStringInfo(buf, line, end - line);

	appendStringInfoChar(buf, '\n');
	if (cut)
		appendStringInfoString(buf, "   ");
	for (p = line; p < place; p += pg_mblen(p))
	{
		if (*p == '\t')
			appendStringInfoChar(buf, '\t');
		else
			appendStringInfoSpaces(buf, Max(pg_dsplen(p), 0));
	}
	appendStringInfoChar(buf, '^');
}

/*
 * To be called within ereport().  Sets the message to
 *		WHAT in script "NAME" at line L, column C
 * with the column counted in characters, and the detail to the one given,
 * which is a sentence, followed by the line with a caret under the column.
 */
int
ct_errplace(CtSource *source, int offset, const char *what, const char *detail,...)
{
	StringInfoData buf;
	int			line;
	int			start = Min(offset, source->length);

	offset = start;
	line = ct_source_line(source, offset);
	while (start > 0 && source->body[start - 1] != '\n')
		start--;

	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, detail);
		needed = appendStringInfoVA(&buf, detail, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	source_append_line_with_caret(&buf, source, start, offset);

	errmsg("%s in script \"%s\" at line %d, column %d", what, source->script, line,
		   pg_mbstrlen_with_len(source->body + start, offset - start) + 1);
	errdetail_internal("%s", buf.data);
	pfree(buf.data);
	return 0;
}

/* The text, of so many bytes, for a message: palloc'd, and cut if it is long. */
const char *
ct_shown(const char *text, int length)
{
	if (length <= SHOWN_WORD)
		return pnstrdup(text, length);
	return psprintf("%.*s...", pg_mbcliplen(text, length, SHOWN_WORD), text);
}
