/*
 * conflict.c
 *		Whether two steps depend on each other.
 */
#include "postgres.h"

#include "nodes/lockoptions.h"
#include "storage/lockdefs.h"

#include "src/explore/conflict.h"

#define BIT(mode)	(1 << ((mode) - 1))

/* by mode, those that it conflicts with: the server's own table has no name outside of lock.c */
static const uint8 lock_conflicts[MaxLockMode + 1] = {
	[AccessShareLock] = BIT(AccessExclusiveLock),
	[RowShareLock] = BIT(ExclusiveLock) | BIT(AccessExclusiveLock),
	[RowExclusiveLock] = BIT(ShareLock) | BIT(ShareRowExclusiveLock) | BIT(ExclusiveLock) |
	BIT(AccessExclusiveLock),
	[ShareUpdateExclusiveLock] = BIT(ShareUpdateExclusiveLock) | BIT(ShareLock) |
	BIT(ShareRowExclusiveLock) | BIT(ExclusiveLock) | BIT(AccessExclusiveLock),
	[ShareLock] = BIT(RowExclusiveLock) | BIT(ShareUpdateExclusiveLock) |
	BIT(ShareRowExclusiveLock) | BIT(ExclusiveLock) | BIT(AccessExclusiveLock),
	[ShareRowExclusiveLock] = BIT(RowExclusiveLock) | BIT(ShareUpdateExclusiveLock) |
	BIT(ShareLock) | BIT(ShareRowExclusiveLock) | BIT(ExclusiveLock) | BIT(AccessExclusiveLock),
	[ExclusiveLock] = BIT(RowShareLock) | BIT(RowExclusiveLock) | BIT(ShareUpdateExclusiveLock) |
	BIT(ShareLock) | BIT(ShareRowExclusiveLock) | BIT(ExclusiveLock) | BIT(AccessExclusiveLock),
	[AccessExclusiveLock] = 0xff,
};

void
ct_footprint_clear(CtFootprint *footprint)
{
	footprint->everything = false;
	footprint->flags = 0;
	footprint->n = 0;
}

void
ct_footprint_add(CtFootprint *footprint, CtTouch touch)
{
	int			i;

	for (i = 0; i < footprint->n; i++)
	{
		CtTouch    *known = &footprint->touches[i];

		if (known->relation != touch.relation || known->kind != touch.kind ||
			known->block != touch.block || known->offset != touch.offset)
			continue;
		if ((touch.kind & ~CT_TOUCH_HELD) == CT_TOUCH_LOCK)
			known->mode |= touch.mode;
		else
			known->mode = Max(known->mode, touch.mode);
		return;
	}
	if (footprint->n == CT_FOOTPRINT_OBJECTS)
		footprint->everything = true;
	else
		footprint->touches[footprint->n++] = touch;
}

void
ct_footprint_merge(CtFootprint *into, const CtFootprint *from)
{
	int			i;

	into->everything |= from->everything;
	into->flags |= from->flags;
	for (i = 0; i < from->n && !into->everything; i++)
		ct_footprint_add(into, from->touches[i]);
}

/* ---- touches ---- */

static inline CtTouchKind
touch_kind(const CtTouch *touch)
{
	return touch->kind & ~CT_TOUCH_HELD;
}

static inline bool
touch_is_held(const CtTouch *touch)
{
	return (touch->kind & CT_TOUCH_HELD) != 0;
}

static inline bool
touches_same_row(const CtTouch *one, const CtTouch *other)
{
	return one->block == other->block &&
		(one->offset == other->offset || one->offset == CT_TOUCH_WHOLE_BLOCK ||
		 other->offset == CT_TOUCH_WHOLE_BLOCK);
}

static inline bool
touch_locks_row(const CtTouch *touch)
{
	return touch_kind(touch) == CT_TOUCH_LOCK_ROW || touch_kind(touch) == CT_TOUCH_WRITE_ROW;
}

static inline bool
touch_changes_row(const CtTouch *touch)
{
	return touch_locks_row(touch) || touch_kind(touch) == CT_TOUCH_NEW_ROW;
}

static bool
touches_lock_same_table(uint8 one, uint8 other)
{
	int			mode;

	for (mode = 1; mode <= AccessExclusiveLock; mode++)
		if ((one & BIT(mode)) != 0 && (lock_conflicts[mode] & other) != 0)
			return true;
	return false;
}

/* as heapam has it */
static bool
row_modes_conflict(LockTupleMode one, LockTupleMode other)
{
	return one == LockTupleExclusive || other == LockTupleExclusive ||
		(one == LockTupleNoKeyExclusive && other != LockTupleKeyShare) ||
		(other == LockTupleNoKeyExclusive && one != LockTupleKeyShare);
}

/* Does what the one reads change by what the other publishes? */
static bool
touch_reads(const CtTouch *reader, const CtTouch *writer)
{
	CtTouchKind what = touch_kind(writer);

	switch (touch_kind(reader))
	{
		case CT_TOUCH_READ_TABLE:
			return what == CT_TOUCH_WRITE_ROW || what == CT_TOUCH_INSERT;
		case CT_TOUCH_READ_INDEX:
			return what == CT_TOUCH_INSERT;
		case CT_TOUCH_READ_ROW:
			return (what == CT_TOUCH_WRITE_ROW || what == CT_TOUCH_NEW_ROW) &&
				touches_same_row(reader, writer);
		default:
			return false;
	}
}

/* Of the same kind of thing, both ways; one_published: what the one writes is seen by others now. */
static bool
touches_conflict(const CtTouch *one, bool one_published, const CtTouch *other, bool other_published)
{
	if (one->relation != other->relation || (touch_is_held(one) && touch_is_held(other)))
		return false;
	if ((other_published && touch_reads(one, other)) || (one_published && touch_reads(other, one)))
		return true;
	if (touch_locks_row(one) && touch_locks_row(other))
		return touches_same_row(one, other) && row_modes_conflict(one->mode, other->mode);
	if ((touch_kind(one) == CT_TOUCH_LOOK_AT_ROW && touch_changes_row(other)) ||
		(touch_kind(other) == CT_TOUCH_LOOK_AT_ROW && touch_changes_row(one)))
		return touches_same_row(one, other);
	if (touch_kind(one) != touch_kind(other))
		return false;
	switch (touch_kind(one))
	{
		case CT_TOUCH_LOCK:
			return touches_lock_same_table(one->mode, other->mode);
		case CT_TOUCH_INSERT:
			return one->mode != 0;
		case CT_TOUCH_ADVISORY:
		case CT_TOUCH_SEQUENCE:
			return true;
		default:
			return false;
	}
}

/* Does a step publish anything? */
static bool
footprint_publishes(const CtFootprint *footprint)
{
	int			i;

	if ((footprint->flags & CT_FOOTPRINT_PUBLISHED) == 0)
		return false;
	for (i = 0; i < footprint->n; i++)
	{
		CtTouchKind kind = touch_kind(&footprint->touches[i]);

		if (kind == CT_TOUCH_WRITE_ROW || kind == CT_TOUCH_INSERT)
			return true;
	}
	return false;
}

bool
ct_footprints_conflict(const CtFootprint *one, const CtFootprint *other)
{
	uint8		both = one->flags & other->flags;
	bool		one_published = (one->flags & CT_FOOTPRINT_PUBLISHED) != 0;
	bool		other_published = (other->flags & CT_FOOTPRINT_PUBLISHED) != 0;
	int			i;
	int			j;

	if (one->everything || other->everything)
		return true;

	/* who comes first waits for the other one, or is the victim */
	if ((both & CT_FOOTPRINT_WAITS) != 0)
		return true;
	/* whom the server fails depends on more than can be seen here */
	if ((both & CT_FOOTPRINT_SERIALIZABLE) != 0)
		return true;
	if (((one->flags & CT_FOOTPRINT_SNAPSHOT) != 0 && footprint_publishes(other)) ||
		((other->flags & CT_FOOTPRINT_SNAPSHOT) != 0 && footprint_publishes(one)))
		return true;
	for (i = 0; i < one->n; i++)
		for (j = 0; j < other->n; j++)
			if (touches_conflict(&one->touches[i], one_published, &other->touches[j], other_published))
				return true;
	return false;
}
