/*
 * stream.h
 *		Records of variable size from one process to another, by a ring in
 *		shared memory: one writer, one reader, no lock.
 *
 * Nobody waits.  What finds no room is not written, not in part either, and
 * the writer is told so; it is counted as dropped.  What is written is there
 * to be read as long as the segment is, whatever has become of the writer: a
 * record is announced when it is whole, so that a writer that ends in the
 * middle of one leaves nothing behind.  The same for a reader: what it has not
 * taken in whole is there for the next one.
 *
 * Why not the server's shm_mq: a message that it has no room for is begun, and
 * has to be gone on with before any other; it sets the reader's latch at every
 * message that is to be seen at once; and each queue wants a process attached
 * at both ends, with a callback for each.
 *
 * Ordering: the writer's barrier between a record and "written" pairs with the
 * reader's between "written" and the record; the reader's between a record and
 * "read" with the writer's between "read" and what it writes over it.
 */
#ifndef CT_STREAM_H
#define CT_STREAM_H

#include "port/atomics.h"

/* what a record is of; never 0 */
typedef enum CtRecordKind
{
	CT_RECORD_ERROR = 1,		/* see error_text.h */
	CT_RECORD_DEADLOCK			/* see deadlock_record.h */
} CtRecordKind;

typedef struct CtStream
{
	/* the writer's, and where the ring is */
	pg_atomic_uint64 written;	/* bytes, ever */
	pg_atomic_uint64 dropped;	/* records */
	uint64		size;			/* bytes of the ring: a power of two */
	int64		ring;			/* bytes from here to it */
	char		pad[PG_CACHE_LINE_SIZE - 2 * sizeof(pg_atomic_uint64) - 2 * sizeof(uint64)];

	/* the reader's */
	pg_atomic_uint64 read;		/* bytes, ever */
	char		pad2[PG_CACHE_LINE_SIZE - sizeof(pg_atomic_uint64)];
} CtStream;

/* a part of a record that is being written */
typedef struct CtStreamPiece
{
	const void *data;
	Size		size;
} CtStreamPiece;

/* the longest record that a ring of so many bytes takes, when it is empty */
#define CT_STREAM_MAX_RECORD(size)	((size) - 8)

/* Makes an empty stream, with a ring in the same segment, which isn't touched. */
extern void ct_stream_init(CtStream *stream, char *ring, Size size);

/* Writes a record, made of its pieces, as a whole; false if it is dropped instead. */
extern bool ct_stream_write(CtStream *stream, CtRecordKind kind,
							const CtStreamPiece *pieces, int npieces);

/* Would a record of so many bytes find room? */
extern bool ct_stream_has_room(CtStream *stream, Size size);

/* Is half of it in use, so that the reader had better come? */
extern bool ct_stream_is_filling(CtStream *stream);

/*
 * Takes the oldest record out, into a buffer that has room for any
 * (CT_STREAM_MAX_RECORD).  Returns its kind and sets *size, or returns 0 if
 * there is none; -1 if what is there is no record, and all of it is left out.
 */
extern int	ct_stream_read(CtStream *stream, void *buffer, Size *size);

/* how many records found no room, ever */
extern uint64 ct_stream_dropped(CtStream *stream);

#endif							/* CT_STREAM_H */
