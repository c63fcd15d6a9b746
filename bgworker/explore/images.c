/*
 * images.c
 *		A schema's pages as they were once, and how they come back.
 *
 * An execution of an exploration begins in the state that all others began in,
 * thousands of times a second.  DELETE and INSERT leave dead rows and moved
 * ones behind, TRUNCATE is as dear as CREATE TABLE, and both make each session
 * plan anew.  So the pages themselves are put back: each is compared with its
 * image, but for its LSN, and copied over where it differs.  To compare 8 kB is
 * cheaper than to know which were written.
 *
 * What makes it safe:
 *
 * - A table is locked against writers, if there is anything to bring back: to
 *	 take such a lock costs as much as to compare twenty pages.  A page is
 *	 written under a cleanup lock, for a reader from elsewhere may have pinned
 *	 it and hold pointers into it.  To cut off what a relation has grown by
 *	 takes the strongest lock, as in VACUUM.  Of a sequence's page nobody holds
 *	 more than its buffer's lock.
 * - It is WAL-logged as a full page image, in a critical section: recovery
 *	 from what an execution has logged would fail on any other page.
 * - On a standby nothing waits for pins in replay of such images.  Where
 *	 somebody may be replaying, the table's lock is logged for the transaction,
 *	 as that of DDL would be, so that no query there reads the table meanwhile.
 * - What sessions keep of a relation beside its pages is invalidated: where
 *	 they last inserted, and what indexes keep of their metapage.
 *
 * What is behind the pages must not have moved: a relation's file, and the ids
 * up to which VACUUM has frozen, for an image would bring back older ones.
 *
 * Hint bits are set before the images are taken, else the first reader would
 * write each page anew every time.  An empty table and an empty index get their
 * first page before, so that the first row needs no page that is to be cut off
 * again, which costs a flush of the WAL.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/storage.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/lmgr.h"
#include "storage/smgr.h"
#include "storage/standby.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "bgworker/explore/images.h"
#include "src/base/clock.h"
#include "src/base/ct_compat.h"
#include "src/base/pause.h"

/* main, free space map, visibility map */
#define IMAGES_FORKS		(VISIBILITYMAP_FORKNUM + 1)

/* between two tries to lock a page that somebody has pinned */
#define IMAGES_PIN_NS		(CT_NS_PER_MS / 2)

/* pd_lsn and pd_checksum are no content */
#define IMAGES_SKIP			offsetof(PageHeaderData, pd_flags)

/* how a relation keeps rows, so to say */
typedef enum CtImageKind
{
	CT_IMAGE_TABLE,				/* or materialized view, or TOAST table */
	CT_IMAGE_INDEX,
	CT_IMAGE_SEQUENCE
} CtImageKind;

typedef struct CtImage
{
	Oid			oid;
	int			lead;			/* index of the table that it belongs to; its own for a table */
	CtImageKind kind;
	Oid			am;				/* of an index */

	/* what it must still be like */
	Oid			file;
	TransactionId frozen_xid;
	MultiXactId min_mxid;
	int32		pages;
	float4		tuples;

	bool		exists[IMAGES_FORKS];
	BlockNumber nblocks[IMAGES_FORKS];
	char	   *blocks[IMAGES_FORKS];

	/* of the restore under way */
	Relation	relation;
	bool		exclusive;		/* of a lead: nobody else has it open */
	bool		told;			/* of a lead: standbys know */
} CtImage;

struct CtImages
{
	MemoryContext context;
	Size		bytes;
	int			n;
	int			size;
	CtImage    *images;			/* leads before what belongs to them */
	int			restored;
	int			pin_timeout_ms;
	uint64		deadline_ns;	/* of who waits for a pin; 0: nobody does yet */
};

/* ---- taking ---- */

static CtImage *
images_add(CtImages *images, Oid oid, int lead, CtImageKind kind)
{
	CtImage    *image;

	if (images->n == images->size)
	{
		images->size *= 2;
		images->images = repalloc(images->images, images->size * sizeof(CtImage));
	}
	image = &images->images[images->n];
	memset(image, 0, sizeof(CtImage));
	image->oid = oid;
	image->lead = lead < 0 ? images->n : lead;
	image->kind = kind;
	images->n++;
	return image;
}

/* A table with its indexes and its TOAST table.  False if it isn't stored as we know it. */
static bool
images_add_table(CtImages *images, Oid oid, int lead)
{
	Relation	table = try_relation_open(oid, ExclusiveLock);
	int			own = images->n;
	List	   *indexes;
	ListCell   *lc;
	Oid			toast;

	if (table == NULL)
		return true;			/* gone just now */
	if (table->rd_tableam != GetHeapamTableAmRoutine())
		return false;
	(void) images_add(images, oid, lead, CT_IMAGE_TABLE);
	if (lead < 0)
		lead = own;
	indexes = RelationGetIndexList(table);
	foreach(lc, indexes)
		(void) images_add(images, lfirst_oid(lc), lead, CT_IMAGE_INDEX);
	toast = table->rd_rel->reltoastrelid;
	relation_close(table, NoLock);
	return !OidIsValid(toast) || images_add_table(images, toast, lead);
}

/* The schema's relations; false if there are some that are stored in a way of their own. */
static bool
images_list(CtImages *images, Oid schema)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *tables = NIL;
	List	   *sequences = NIL;
	ListCell   *lc;
	bool		known = true;

	ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(classes, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW)
			tables = lappend_oid(tables, form->oid);
		else if (form->relkind == RELKIND_SEQUENCE)
			sequences = lappend_oid(sequences, form->oid);
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);

	list_sort(tables, list_oid_cmp);
	foreach(lc, tables)
		known = known && images_add_table(images, lfirst_oid(lc), -1);
	list_sort(sequences, list_oid_cmp);
	foreach(lc, sequences)
		(void) images_add(images, lfirst_oid(lc), -1, CT_IMAGE_SEQUENCE);
	list_free(tables);
	list_free(sequences);
	return known;
}

/*
 * Autovacuum and its ANALYZE would change plans, and be in the way.  Straight
 * into the catalog: this is none of the user's DDL, which event triggers see,
 * and it needs no lock that the leader hasn't got.
 */
static void
images_stop_autovacuum(Relation table)
{
	Relation	classes = table_open(RelationRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(RelationGetRelid(table)));
	HeapTuple	changed;
	Datum		values[Natts_pg_class] = {0};
	bool		nulls[Natts_pg_class] = {0};
	bool		replaces[Natts_pg_class] = {0};
	Datum		old;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", RelationGetRelid(table));
	old = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	values[Anum_pg_class_reloptions - 1] =
		transformRelOptions(isnull ? (Datum) 0 : old,
							list_make1(makeDefElem("autovacuum_enabled",
												   (Node *) makeString("false"), -1)),
							NULL, NULL, false, false);
	replaces[Anum_pg_class_reloptions - 1] = true;
	changed = heap_modify_tuple(tuple, RelationGetDescr(classes), values, nulls, replaces);
	CatalogTupleUpdate(classes, &changed->t_self, changed);
	heap_freetuple(changed);
	heap_freetuple(tuple);
	table_close(classes, RowExclusiveLock);
}

/* Reads all rows, once by themselves and once by each btree, so that what readers note there is noted. */
static void
images_read_through(Relation table, Relation index, Snapshot snapshot)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);

	if (index == NULL)
	{
		TableScanDesc scan = table_beginscan_strat(table, snapshot, 0, NULL, true, false);

		while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
			CHECK_FOR_INTERRUPTS();
		table_endscan(scan);
	}
	else
	{
		IndexScanDesc scan = ct_index_beginscan(table, index, snapshot);

		index_rescan(scan, NULL, 0, NULL, 0);
		while (index_getnext_slot(scan, ForwardScanDirection, slot))
			CHECK_FOR_INTERRUPTS();
		index_endscan(scan);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* An empty table's first page. */
static void
images_begin_table(Relation table)
{
	Buffer		buffer;

	if (RelationGetNumberOfBlocks(table) > 0)
		return;
	buffer = ct_extend(table, MAIN_FORKNUM);
	START_CRIT_SECTION();
	PageInit(BufferGetPage(buffer), BLCKSZ, 0);
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(table))
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

/* An empty btree's root. */
static void
images_begin_index(Relation index, Relation table)
{
	Buffer		root;

	if (index->rd_rel->relam != BTREE_AM_OID || RelationGetNumberOfBlocks(index) != 1)
		return;
	root = ct_bt_getroot(index, table);
	_bt_relbuf(index, root);
}

/* Sees to it that nobody changes a page by reading it or by adding a row or two. */
static void
images_settle(CtImages *images)
{
	Snapshot	snapshot;
	int			i;

	/* a commit that isn't on disk yet leaves no hint */
	XLogFlush(XactLastCommitEnd);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	for (i = 0; i < images->n; i++)
	{
		CtImage    *image = &images->images[i];
		Relation	relation;
		Relation	table;

		if (image->kind == CT_IMAGE_SEQUENCE)
			continue;
		relation = relation_open(image->oid, image->kind == CT_IMAGE_TABLE ? ExclusiveLock : AccessShareLock);
		if (image->kind == CT_IMAGE_TABLE)
		{
			images_begin_table(relation);
			images_read_through(relation, NULL, snapshot);
			images_stop_autovacuum(relation);
		}
		else if (relation->rd_index->indisvalid && relation->rd_rel->relam == BTREE_AM_OID)
		{
			table = relation_open(relation->rd_index->indrelid, ExclusiveLock);
			images_begin_index(relation, table);
			images_read_through(table, relation, snapshot);
			relation_close(table, NoLock);
		}
		relation_close(relation, NoLock);
	}
	UnregisterSnapshot(snapshot);
	CommandCounterIncrement();
}

/* How long each fork is; returns their bytes. */
static Size
images_measure(CtImage *image, Relation relation)
{
	Size		bytes = 0;
	int			fork;

	for (fork = 0; fork < IMAGES_FORKS; fork++)
	{
		image->exists[fork] = smgrexists(RelationGetSmgr(relation), fork);
		image->nblocks[fork] = image->exists[fork] ? RelationGetNumberOfBlocksInFork(relation, fork) : 0;
		bytes += (Size) image->nblocks[fork] * BLCKSZ;
	}
	return bytes;
}

static void
images_copy(CtImages *images, CtImage *image, Relation relation)
{
	int			fork;
	BlockNumber block;

	for (fork = 0; fork < IMAGES_FORKS; fork++)
	{
		Size		size = (Size) image->nblocks[fork] * BLCKSZ;

		image->blocks[fork] = size == 0 ? NULL :
			MemoryContextAllocExtended(images->context, size, MCXT_ALLOC_HUGE);
		for (block = 0; block < image->nblocks[fork]; block++)
		{
			Buffer		buffer = ReadBufferExtended(relation, fork, block,
													fork == MAIN_FORKNUM ? RBM_NORMAL : RBM_ZERO_ON_ERROR,
													NULL);

			CHECK_FOR_INTERRUPTS();
			LockBuffer(buffer, BUFFER_LOCK_SHARE);
			memcpy(image->blocks[fork] + (Size) block * BLCKSZ, BufferGetPage(buffer), BLCKSZ);
			UnlockReleaseBuffer(buffer);
		}
	}
}

static void
images_note_identity(CtImage *image, Relation relation)
{
	image->am = relation->rd_rel->relam;
	image->file = ct_relation_file(relation);
	image->frozen_xid = relation->rd_rel->relfrozenxid;
	image->min_mxid = relation->rd_rel->relminmxid;
	image->pages = relation->rd_rel->relpages;
	image->tuples = relation->rd_rel->reltuples;
}

CtImages *
ct_images_take(Oid schema, Size limit)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "ct_ext images",
												  ALLOCSET_DEFAULT_SIZES);
	CtImages   *volatile images = MemoryContextAllocZero(context, sizeof(CtImages));
	volatile bool possible;
	int			i;

	images->context = context;
	images->size = 16;
	images->images = MemoryContextAlloc(context, images->size * sizeof(CtImage));
	PG_TRY();
	{
		possible = images_list(images, schema);
		if (possible)
			images_settle(images);
		for (i = 0; possible && i < images->n; i++)
		{
			CtImage    *image = &images->images[i];
			Relation	relation = relation_open(image->oid,
												 image->kind == CT_IMAGE_INDEX ? AccessShareLock : ExclusiveLock);

			images_note_identity(image, relation);
			images->bytes += images_measure(image, relation);
			possible = images->bytes <= limit;
			if (possible)
				images_copy(images, image, relation);
			relation_close(relation, NoLock);
		}
	}
	PG_CATCH();
	{
		MemoryContextDelete(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (possible)
		return images;
	MemoryContextDelete(context);
	return NULL;
}

void
ct_images_free(CtImages *images)
{
	MemoryContextDelete(images->context);
}

Size
ct_images_bytes(const CtImages *images)
{
	return images->bytes;
}

int
ct_images_restored(const CtImages *images)
{
	return images->restored;
}

/* ---- restoring ---- */

/* Is it the relation that the image is of? */
static bool
images_is_same(const CtImage *image, Relation relation)
{
	return ct_relation_file(relation) == image->file &&
		relation->rd_rel->relfrozenxid == image->frozen_xid &&
		relation->rd_rel->relminmxid == image->min_mxid &&
		relation->rd_rel->relpages == image->pages &&
		relation->rd_rel->reltuples == image->tuples;
}

static void
images_close(CtImages *images)
{
	int			i;

	for (i = 0; i < images->n; i++)
	{
		if (images->images[i].relation != NULL)
			relation_close(images->images[i].relation, NoLock);
		images->images[i].relation = NULL;
	}
}

/* Opens all of them; false if one isn't what it was. */
static bool
images_open(CtImages *images)
{
	int			i;

	for (i = 0; i < images->n; i++)
	{
		/* an error may have left it pointing to what was closed with its transaction */
		images->images[i].relation = NULL;
		images->images[i].exclusive = false;
		images->images[i].told = false;
	}
	for (i = 0; i < images->n; i++)
	{
		CtImage    *image = &images->images[i];

		image->relation = try_relation_open(image->oid, AccessShareLock);
		if (image->relation == NULL || !images_is_same(image, image->relation))
			return false;
	}
	return true;
}

/* May anybody be replaying our WAL and answer queries meanwhile? */
static bool
images_may_be_replayed(void)
{
	int			i;

	if (!XLogStandbyInfoActive())
		return false;
	if (XLogArchivingActive())
		return true;
	for (i = 0; i < max_wal_senders; i++)
		if (WalSndCtl->walsnds[i].pid != 0)
			return true;
	return false;
}

/* Before the first change of a table or of what belongs to it. */
static void
images_tell_standbys(CtImages *images, CtImage *image)
{
	CtImage    *lead = &images->images[image->lead];

	if (lead->told || lead->exclusive || !RelationNeedsWAL(image->relation))
		return;
	lead->told = true;
	if (images_may_be_replayed())
		LogAccessExclusiveLock(MyDatabaseId, lead->oid);
}

/* Whoever reads a page that we want to write may have it pinned for as long as its cursor is open. */
static void
images_lock_page(CtImages *images, const CtImage *image, Buffer buffer)
{
	while (!ConditionalLockBufferForCleanup(buffer))
	{
		uint64		now = ct_now_ns();

		if (images->deadline_ns == 0)
			images->deadline_ns = now + (uint64) images->pin_timeout_ms * CT_NS_PER_MS;
		if (now > images->deadline_ns)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("a page of \"%s\" is in use by somebody who reads it",
							RelationGetRelationName(image->relation))));
		ct_pause_ns(IMAGES_PIN_NS);
	}
}

/* Writes the content that a page is to have.  Locked. */
static void
images_write_page(const CtImage *image, int fork, Buffer buffer, const char *content)
{
	bool		standard = fork == MAIN_FORKNUM &&
		(image->kind != CT_IMAGE_INDEX || image->am == BTREE_AM_OID);

	START_CRIT_SECTION();
	memcpy(BufferGetPage(buffer), content, BLCKSZ);
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(image->relation))
		log_newpage_buffer(buffer, standard);
	END_CRIT_SECTION();
}

static Buffer
images_read(const CtImage *image, int fork, BlockNumber block)
{
	return ReadBufferExtended(image->relation, fork, block,
							  fork == MAIN_FORKNUM ? RBM_NORMAL : RBM_ZERO_ON_ERROR, NULL);
}

static bool
images_is_content(Buffer buffer, const char *content)
{
	bool		same;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	same = memcmp((char *) BufferGetPage(buffer) + IMAGES_SKIP, content + IMAGES_SKIP,
				  BLCKSZ - IMAGES_SKIP) == 0;
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return same;
}

/* Is any page of the relation another one than it was, or its length? */
static bool
images_differs(const CtImage *image)
{
	int			fork;
	BlockNumber block;

	for (fork = 0; fork < IMAGES_FORKS; fork++)
	{
		if (!image->exists[fork])
			continue;
		if (RelationGetNumberOfBlocksInFork(image->relation, fork) != image->nblocks[fork])
			return true;
		for (block = 0; block < image->nblocks[fork]; block++)
		{
			Buffer		buffer = images_read(image, fork, block);
			bool		same = images_is_content(buffer, image->blocks[fork] + (Size) block * BLCKSZ);

			ReleaseBuffer(buffer);
			if (!same)
				return true;
		}
	}
	return false;
}

/* Brings one page back; true if it was another one. */
static bool
images_restore_page(CtImages *images, CtImage *image, int fork, BlockNumber block, const char *content)
{
	Buffer		buffer = images_read(image, fork, block);

	if (images_is_content(buffer, content))
	{
		ReleaseBuffer(buffer);
		return false;
	}
	images_tell_standbys(images, image);
	if (fork == MAIN_FORKNUM)
		images_lock_page(images, image, buffer);
	else
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	images_write_page(image, fork, buffer, content);
	UnlockReleaseBuffer(buffer);
	images->restored++;
	return true;
}

/* Cuts a relation off where it once ended, with its maps.  True if it was longer. */
static bool
images_cut_off(CtImages *images, CtImage *image)
{
	CtImage    *lead = &images->images[image->lead];
	BlockNumber now = RelationGetNumberOfBlocks(image->relation);

	if (now <= image->nblocks[MAIN_FORKNUM])
		return false;

	/* nobody may have a page pinned that goes, nor rely on there being one */
	if (!lead->exclusive)
		LockRelationOid(lead->oid, AccessExclusiveLock);
	lead->exclusive = true;
	if (image != lead)
		LockRelationOid(image->oid, AccessExclusiveLock);
	RelationTruncate(image->relation, image->nblocks[MAIN_FORKNUM]);
	images->restored += now - image->nblocks[MAIN_FORKNUM];
	return true;
}

/* Makes a fork as long as it once was. */
static void
images_refill(CtImages *images, CtImage *image, int fork, BlockNumber now)
{
	for (; now < image->nblocks[fork]; now++)
	{
		Buffer		buffer;

		images_tell_standbys(images, image);
		buffer = ct_extend(image->relation, fork);
		images_write_page(image, fork, buffer, image->blocks[fork] + (Size) now * BLCKSZ);
		UnlockReleaseBuffer(buffer);
		images->restored++;
	}
}

/*
 * Brings a fork back, which is no longer than it was if it is the main one; of
 * a map, what is longer says nothing of any page then.  True if it has changed.
 */
static bool
images_restore_fork(CtImages *images, CtImage *image, int fork)
{
	BlockNumber now = RelationGetNumberOfBlocksInFork(image->relation, fork);
	int			before = images->restored;
	BlockNumber block;

	for (block = 0; block < Min(now, image->nblocks[fork]); block++)
		(void) images_restore_page(images, image, fork, block,
								   image->blocks[fork] + (Size) block * BLCKSZ);
	images_refill(images, image, fork, now);
	if (now > image->nblocks[fork])
	{
		PGAlignedBlock empty;

		PageInit((Page) empty.data, BLCKSZ, 0);
		for (; block < now; block++)
			(void) images_restore_page(images, image, fork, block, empty.data);
	}
	return images->restored != before;
}

/*
 * What sessions have kept of an index beside its pages: a btree its metapage,
 * where to find the root; hash and SP-GiST what may never be newer than their
 * pages.  GIN, GiST and BRIN keep nothing.
 */
static bool
images_index_is_kept(const CtImage *image, bool meta_changed)
{
	switch (image->am)
	{
		case BTREE_AM_OID:
			return meta_changed;
		case GIN_AM_OID:
		case GIST_AM_OID:
		case BRIN_AM_OID:
			return false;
		default:
			return true;
	}
}

static void
images_restore_relation(CtImages *images, CtImage *image)
{
	int			before = images->restored;
	bool		cut;
	bool		meta_changed;
	int			fork;

	cut = images_cut_off(images, image);
	meta_changed = cut;
	if (image->kind == CT_IMAGE_INDEX && image->nblocks[MAIN_FORKNUM] > 0 &&
		RelationGetNumberOfBlocks(image->relation) > 0)
		meta_changed |= images_restore_page(images, image, MAIN_FORKNUM, 0,
											image->blocks[MAIN_FORKNUM]);
	(void) images_restore_fork(images, image, MAIN_FORKNUM);
	for (fork = MAIN_FORKNUM + 1; fork < IMAGES_FORKS; fork++)
	{
		/* one that comes into being does so with a change of the main one */
		if (image->exists[fork] || (images->restored != before &&
									smgrexists(RelationGetSmgr(image->relation), fork)))
			(void) images_restore_fork(images, image, fork);
	}
	if (images->restored == before)
		return;
	if (image->kind == CT_IMAGE_INDEX && images_index_is_kept(image, meta_changed))
		CacheInvalidateRelcache(image->relation);
	/* where each session has inserted last; who cuts off does that itself */
	if (image->kind == CT_IMAGE_TABLE && !cut && image->nblocks[MAIN_FORKNUM] > 1)
		CacheInvalidateSmgr(ct_smgr_file(image->relation));
}

/*
 * Brings back a table with what belongs to it, or a sequence: images from first
 * to before end.  False if one isn't what it was, any more.
 */
static bool
images_restore_group(CtImages *images, int first, int end)
{
	CtImage    *lead = &images->images[first];
	int			i;

	for (i = first; i < end; i++)
		if (images_differs(&images->images[i]))
			break;
	if (i == end)
		return true;
	if (lead->kind == CT_IMAGE_TABLE)
	{
		LockRelationOid(lead->oid, ExclusiveLock);
		for (i = first; i < end; i++)
			if (!images_is_same(&images->images[i], images->images[i].relation))
				return false;
	}
	for (i = first; i < end; i++)
		images_restore_relation(images, &images->images[i]);
	return true;
}

bool
ct_images_restore(CtImages *images, int pin_timeout_ms)
{
	bool		same;
	int			first;
	int			end;

	images->restored = 0;
	images->pin_timeout_ms = pin_timeout_ms;
	images->deadline_ns = 0;
	same = images_open(images);
	for (first = 0; same && first < images->n; first = end)
	{
		CHECK_FOR_INTERRUPTS();
		for (end = first + 1; end < images->n && images->images[end].lead == first; end++)
			;
		same = images_restore_group(images, first, end);
	}
	images_close(images);
	return same;
}
