/*
 * conflict.h
 *		What a step has touched, and whether two steps depend on each other.
 *
 * Two steps of different sessions are independent if, wherever both may come
 * next, it doesn't matter which of them comes first: what each returns, what
 * each waits for and what the tables hold afterwards is the same.  Where that
 * isn't known they depend on each other.  (The order of rows that a query
 * doesn't sort is no part of it.)
 *
 * MVCC-aware: others see what a transaction writes when it commits, and wait for
 * it until then.  So a write meets other writes and locks of its row at once,
 * and readers by its transaction's end.  The step in which that ends has, beside
 * what itself touched ("now"), what the transaction holds since former steps
 * (CT_TOUCH_HELD).
 *
 * Rows are told by their place, which is the same in all executions that begin
 * with the same steps from the same pages.
 */
#ifndef CT_CONFLICT_H
#define CT_CONFLICT_H

#define CT_FOOTPRINT_OBJECTS	64

typedef enum CtTouchKind
{
	CT_TOUCH_LOCK,				/* of a table; mode: lock modes as bits, 1 << mode */
	CT_TOUCH_ADVISORY,			/* advisory locks, all of them */
	CT_TOUCH_SEQUENCE,			/* sequences, all of them */
	CT_TOUCH_READ_TABLE,		/* all of a table's rows */
	CT_TOUCH_READ_INDEX,		/* those of a table's rows that an index leads to; they follow */
	CT_TOUCH_READ_ROW,
	CT_TOUCH_LOOK_AT_ROW,		/* what isn't committed, too: of who looks for duplicates */
	CT_TOUCH_LOCK_ROW,			/* mode: a LockTupleMode */
	CT_TOUCH_WRITE_ROW,			/* mode: a LockTupleMode */
	CT_TOUCH_NEW_ROW,			/* or version of one, at a place that is free for another one, too */
	CT_TOUCH_INSERT				/* a row, or a version of one that indexes have to know; mode: 1 if
								 * the table has something unique */
} CtTouchKind;

#define CT_TOUCH_HELD	0x80	/* beside the kind */

/* a row of which only the block is known */
#define CT_TOUCH_WHOLE_BLOCK	0

typedef struct CtTouch
{
	uint32		relation;
	uint32		block;
	uint16		offset;
	uint8		kind;
	uint8		mode;
} CtTouch;

/* of a footprint */
#define CT_FOOTPRINT_END			0x01	/* a transaction, or a part of one, has ended */
#define CT_FOOTPRINT_PUBLISHED		0x02	/* by committing */
#define CT_FOOTPRINT_SNAPSHOT		0x04	/* took the snapshot of a whole transaction */
#define CT_FOOTPRINT_SERIALIZABLE	0x08
#define CT_FOOTPRINT_WAITS			0x10	/* somebody sleeps on a lock at its end, or was a deadlock's
											 * victim in it: the leader knows */

typedef struct CtFootprint
{
	bool		everything;		/* more than there is room for, or what can't be seen */
	uint8		flags;
	int			n;
	CtTouch		touches[CT_FOOTPRINT_OBJECTS];
} CtFootprint;

extern void ct_footprint_clear(CtFootprint *footprint);

/* Notes a touch, once. */
extern void ct_footprint_add(CtFootprint *footprint, CtTouch touch);

/* Notes what another one has. */
extern void ct_footprint_merge(CtFootprint *into, const CtFootprint *from);

/* Do steps of different sessions with these footprints depend on each other? */
extern bool ct_footprints_conflict(const CtFootprint *one, const CtFootprint *other);

#endif							/* CT_CONFLICT_H */
