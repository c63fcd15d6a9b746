/*
 * wire.h
 *		A spec's session as the conductor sees it: what libpq's connection is to
 *		isolationtester.
 *
 * What a session has answered is read in two steps, as libpq does it.  First
 * it is taken out of the queue, so that the session never waits for us to read
 * it (ct_spec_wire_take).  Then it is looked at: up to the first result, with
 * the notices before it, which is when isolationtester's PQisBusy() says that a
 * step is done (ct_spec_wire_look); and result by result, once it is to be
 * printed (ct_spec_wire_result).  In which order notices and results are
 * printed depends on it.
 */
#ifndef CT_SPEC_WIRE_H
#define CT_SPEC_WIRE_H

#include "lib/ilist.h"
#include "postmaster/bgworker.h"

#include "bgworker/spec/segment.h"
#include "src/spec/print.h"

/* what a statement came to */
typedef enum CtSpecResultKind
{
	CT_SPEC_COMMAND,			/* nothing to print */
	CT_SPEC_ROWS,
	CT_SPEC_ERROR,
	CT_SPEC_LOST				/* the session ended instead */
} CtSpecResultKind;

typedef struct CtSpecResult
{
	CtSpecResultKind kind;
	CtSpecRows	rows;
	CtSpecMessage error;
} CtSpecResult;

/* what NOTIFY said to a session that listens */
typedef struct CtSpecNotification
{
	int			pid;			/* of who said it */
	const char *channel;
	const char *payload;
} CtSpecNotification;

typedef struct CtSpecWire CtSpecWire;

/* called with each notice */
typedef void (*CtSpecNotice) (CtSpecWire *wire, const CtSpecMessage *notice);

struct CtSpecWire
{
	const char *name;
	int			number;			/* of the session in the segment */
	BackgroundWorkerHandle *handle;
	shm_mq_handle *to;
	shm_mq_handle *from;
	const char *sql;			/* the last text that was sent */
	dlist_head	taken;			/* messages that weren't looked at */
	bool		busy;			/* it hasn't answered all of the text */
	bool		lost;			/* it won't answer any more */
	bool		told_lost;		/* and that was a result */
	bool		has_result;		/* result is complete, and wasn't asked for */
	CtSpecResult result;
	List	   *notifications;	/* of CtSpecNotification, that weren't asked for; of context's parent */
	MemoryContext context;		/* of what is taken and of results; reset by ct_spec_wire_send */
	CtSpecNotice notice;
	void	   *owner;			/* of whoever is told */
};

/*
 * Attaches to the queues of the session that handle is; all memory is of
 * context, in which the wire itself must be.
 */
extern void ct_spec_wire_attach(CtSpecWire *wire, dsm_segment *segment, MemoryContext context);

/*
 * Sends a text, which must live until it is answered.  The session must not be
 * busy.  Forgets the results of the last one.  Returns false if the session was
 * known to be lost.
 */
extern bool ct_spec_wire_send(CtSpecWire *wire, const char *sql);

/*
 * Takes what has come, without waiting; returns whether there was anything.  Our
 * latch is set when there is more.
 */
extern bool ct_spec_wire_take(CtSpecWire *wire);

/* Tells notices, up to those that directly follow the first result. */
extern void ct_spec_wire_look(CtSpecWire *wire);

/* The next result, and the notices before it; NULL after the last one.  To be asked once it isn't busy. */
extern const CtSpecResult *ct_spec_wire_result(CtSpecWire *wire);

/* The next notification that has come; false if there is none.  Looks for it first. */
extern bool ct_spec_wire_notification(CtSpecWire *wire, CtSpecNotification *notification);

/* No more texts: the session ends by itself. */
extern void ct_spec_wire_close(CtSpecWire *wire);

#endif							/* CT_SPEC_WIRE_H */
