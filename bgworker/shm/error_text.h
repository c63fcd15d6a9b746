/*
 * error_text.h
 *		What errors that ended transactions said, in full.
 *
 * A slot counts errors by their kind: script, SQLSTATE, and what became of the
 * transaction.  The first of each kind goes to the leader by the worker's
 * stream, with all of its texts and its place; the leader keeps, of each kind,
 * that of all workers which was raised first.
 *
 * So there are as many texts as kinds, however many different messages: of
 * 10,000 messages with a number in them the first tells what the others would.
 */
#ifndef CT_ERROR_TEXT_H
#define CT_ERROR_TEXT_H

#include "nodes/pg_list.h"

#include "bgworker/shm/stream.h"

typedef enum CtErrorHandling
{
	CT_ERROR_RETRIED,
	CT_ERROR_GAVE_UP,			/* would have been retried, but max_tries */
	CT_ERROR_EXPECTED,			/* is an outcome */
	CT_ERROR_FAILED,
	CT_NHANDLINGS
} CtErrorHandling;

/* kinds whose texts are kept */
#define CT_MAX_ERROR_TEXTS	1000

/* bytes of all texts, after which further ones are cut to as much as a CtErrorReport holds */
#define CT_ERROR_TEXTS_SIZE	(4 * 1024 * 1024)

/* what an error says */
typedef enum CtErrorPart
{
	CT_PART_MESSAGE,
	CT_PART_DETAIL,
	CT_PART_HINT,
	CT_PART_CONTEXT,
	CT_NPARTS
} CtErrorPart;

typedef struct CtErrorText
{
	int			script;			/* index in the program */
	int			sqlstate;
	CtErrorHandling handling;
	int			command;		/* as in CtSlotError */
	uint64		raised_ns;
	const char *parts[CT_NPARTS];	/* NULL where there is none */
} CtErrorText;

/* the leader's; of a fixed bound, about twice CT_ERROR_TEXTS_SIZE */
typedef struct CtErrorTexts
{
	MemoryContext context;
	List	   *texts;			/* of CtErrorText * */
	Size		size;			/* bytes */
} CtErrorTexts;

/*
 * Writes what an error says, cut, with a mark, where it is more than the stream
 * takes when it is empty; false if there is no room for it now.
 */
extern bool ct_error_text_send(CtStream *stream, const CtErrorText *text);

/* Takes a CT_RECORD_ERROR; false if it is none. */
extern bool ct_error_text_receive(CtErrorTexts *texts, const char *record, Size size);

/* The text of a kind, valid until the next one is received; NULL if there is none. */
extern const CtErrorText *ct_error_text_find(const CtErrorTexts *texts, int script, int sqlstate,
											 CtErrorHandling handling);

#endif							/* CT_ERROR_TEXT_H */
