/*
 * error_text.c
 *		Errors' texts, into a stream and out of it.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "bgworker/shm/error.h"
#include "bgworker/shm/error_text.h"
#include "src/base/text.h"

/* room for the mark of a text that is cut */
#define MARK	64

/* a record's beginning; the texts follow, without an end of their own */
typedef struct CtErrorRecord
{
	uint64		raised_ns;
	int			script;
	int			sqlstate;
	int			handling;
	int			command;
	uint32		sizes[CT_NPARTS];
} CtErrorRecord;

/*
 * How many bytes of each part are sent: all of it if there is room for all of
 * all; else each gets a share, so that a long message doesn't take the hint
 * with it, and what is left goes to the first that want more.
 */
static void
error_text_grant(const CtErrorText *text, Size room, Size *granted)
{
	Size		sizes[CT_NPARTS];
	int			i;

	room -= CT_NPARTS * MARK;
	for (i = 0; i < CT_NPARTS; i++)
		sizes[i] = text->parts[i] ? strlen(text->parts[i]) : 0;
	for (i = 0; i < CT_NPARTS; i++)
		granted[i] = Min(sizes[i], room / (2 * CT_NPARTS));
	for (i = 0; i < CT_NPARTS; i++)
		room -= granted[i];
	for (i = 0; i < CT_NPARTS; i++)
	{
		Size		more = Min(sizes[i] - granted[i], room);

		granted[i] += more;
		room -= more;
	}
}

bool
ct_error_text_send(CtStream *stream, const CtErrorText *text)
{
	CtErrorRecord record = {0};
	CtStreamPiece pieces[1 + CT_NPARTS];
	Size		granted[CT_NPARTS];
	int			i;

	record.raised_ns = text->raised_ns;
	record.script = text->script;
	record.sqlstate = text->sqlstate;
	record.handling = text->handling;
	record.command = text->command;
	pieces[0].data = &record;
	pieces[0].size = sizeof(record);
	error_text_grant(text, CT_STREAM_MAX_RECORD(stream->size) - sizeof(record), granted);
	for (i = 0; i < CT_NPARTS; i++)
	{
		const char *part = text->parts[i] ? ct_clip_text(text->parts[i], granted[i]) : "";

		record.sizes[i] = strlen(part);
		pieces[1 + i].data = part;
		pieces[1 + i].size = record.sizes[i];
	}
	return ct_stream_write(stream, CT_RECORD_ERROR, pieces, 1 + CT_NPARTS);
}

/* Empties an entry, to be filled in with what was raised before it. */
static void
error_text_clear(CtErrorTexts *texts, CtErrorText *text)
{
	int			i;

	for (i = 0; i < CT_NPARTS; i++)
	{
		if (text->parts[i] == NULL)
			continue;
		texts->size -= strlen(text->parts[i]);
		pfree(unconstify(char *, text->parts[i]));
		text->parts[i] = NULL;
	}
}

/* The text of a record's part, which is empty where there was none. */
static const char *
error_text_copy(CtErrorTexts *texts, const char *from, uint32 size)
{
	char	   *text;

	if (size == 0)
		return NULL;
	if (texts->size + size > CT_ERROR_TEXTS_SIZE)
		size = pg_mbcliplen(from, size, Min(size, CT_MESSAGE_LEN - 1));
	texts->size += size;
	text = MemoryContextAlloc(texts->context, size + 1);
	memcpy(text, from, size);
	text[size] = '\0';
	return text;
}

/* The entry to be filled in for a record; NULL if it comes too late to be told. */
static CtErrorText *
error_text_entry(CtErrorTexts *texts, const CtErrorRecord *record)
{
	CtErrorText *text = unconstify(CtErrorText *,
								   ct_error_text_find(texts, record->script, record->sqlstate,
													  record->handling));
	MemoryContext old;

	if (text != NULL)
	{
		if (text->raised_ns <= record->raised_ns)
			return NULL;
		error_text_clear(texts, text);
		return text;
	}
	if (list_length(texts->texts) >= CT_MAX_ERROR_TEXTS)
		return NULL;
	old = MemoryContextSwitchTo(texts->context);
	text = palloc0(sizeof(CtErrorText));
	texts->texts = lappend(texts->texts, text);
	MemoryContextSwitchTo(old);
	return text;
}

bool
ct_error_text_receive(CtErrorTexts *texts, const char *bytes, Size size)
{
	CtErrorRecord record = {0};
	CtErrorText *text;
	Size		whole = sizeof(record);
	int			i;

	memcpy(&record, bytes, Min(size, sizeof(record)));
	for (i = 0; i < CT_NPARTS; i++)
		whole += record.sizes[i];
	if (whole != size)
		return false;
	text = error_text_entry(texts, &record);
	if (text == NULL)
		return true;
	text->script = record.script;
	text->sqlstate = record.sqlstate;
	text->handling = record.handling;
	text->command = record.command;
	text->raised_ns = record.raised_ns;
	bytes += sizeof(record);
	for (i = 0; i < CT_NPARTS; i++)
	{
		text->parts[i] = error_text_copy(texts, bytes, record.sizes[i]);
		bytes += record.sizes[i];
	}
	return true;
}

const CtErrorText *
ct_error_text_find(const CtErrorTexts *texts, int script, int sqlstate, CtErrorHandling handling)
{
	ListCell   *lc;

	foreach(lc, texts->texts)
	{
		CtErrorText *text = lfirst(lc);

		if (text->script == script && text->sqlstate == sqlstate && text->handling == handling)
			return text;
	}
	return NULL;
}
