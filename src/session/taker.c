/*
 * taker.c
 *		A destination of the executor's that hands rows to a CtRowTaker, as text.
 */
#include "postgres.h"

#include "tcop/dest.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "src/session/taker.h"

typedef struct CtTakerReceiver
{
	DestReceiver pub;			/* must be first */
	CtRowTaker	taker;
	void	   *arg;
	int			ncolumns;
	const char **names;
	Oid		   *types;
	const char **values;
	Oid		   *output;
	MemoryContext row_context;
	bool		wants_values;
} CtTakerReceiver;

static void
taker_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	CtTakerReceiver *taker = (CtTakerReceiver *) self;
	int			i;

	taker->ncolumns = desc->natts;
	taker->names = palloc(Max(desc->natts, 1) * sizeof(char *));
	taker->types = palloc(Max(desc->natts, 1) * sizeof(Oid));
	taker->values = palloc(Max(desc->natts, 1) * sizeof(char *));
	taker->output = palloc(Max(desc->natts, 1) * sizeof(Oid));
	taker->row_context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext row",
											   ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		isvarlena;

		taker->names[i] = pstrdup(NameStr(att->attname));
		taker->types[i] = att->atttypid;
		getTypeOutputInfo(att->atttypid, &taker->output[i], &isvarlena);
	}
}

static bool
taker_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CtTakerReceiver *taker = (CtTakerReceiver *) self;
	MemoryContext oldcontext;
	int			i;

	if (!taker->wants_values)
	{
		(void) taker->taker(taker->arg, taker->ncolumns, taker->names, taker->types, NULL);
		return true;
	}
	slot_getallattrs(slot);
	oldcontext = MemoryContextSwitchTo(taker->row_context);
	for (i = 0; i < taker->ncolumns; i++)
		taker->values[i] = slot->tts_isnull[i] ? NULL :
			OidOutputFunctionCall(taker->output[i], slot->tts_values[i]);
	taker->wants_values = taker->taker(taker->arg, taker->ncolumns, taker->names, taker->types,
									   taker->values);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(taker->row_context);
	return true;
}

static void
taker_shutdown(DestReceiver *self)
{
}

static void
taker_destroy(DestReceiver *self)
{
}

DestReceiver *
ct_taker_receiver(CtRowTaker taker, void *arg)
{
	CtTakerReceiver *receiver;

	if (taker == NULL)
		return None_Receiver;

	receiver = palloc0(sizeof(CtTakerReceiver));
	receiver->pub.receiveSlot = taker_receive;
	receiver->pub.rStartup = taker_startup;
	receiver->pub.rShutdown = taker_shutdown;
	receiver->pub.rDestroy = taker_destroy;
	receiver->pub.mydest = DestTuplestore;	/* any that is neither remote nor SPI */
	receiver->taker = taker;
	receiver->arg = arg;
	receiver->wants_values = true;
	return (DestReceiver *) receiver;
}
