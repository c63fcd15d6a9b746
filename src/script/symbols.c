/*
 * symbols.c
 *		The symbol table: names of variables to slots.
 *
 * A run has one, shared by all of its scripts, so that at run time a variable
 * is an array index.  Open addressing over slot numbers: names are only ever
 * added.  Everything lives in the context that was current at creation.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "src/script/script.h"
#include "utils/memutils.h"

struct CtSymbols
{
	MemoryContext context;
	int			count;
	int			allocated;		/* of names and hashes */
	const char **names;
	uint32	   *hashes;
	uint32		mask;			/* size of the table, a power of 2, less 1 */
	int		   *table;			/* slots, -1 where empty */
};

#define INITIAL_NAMES	32

static inline uint32
symbols_hash_name(const char *name)
{
	return hash_bytes((const unsigned char *) name, (int) strlen(name));
}

/* The index in the table of the name, or of the empty place it belongs to. */
static uint32
symbols_find_place(const CtSymbols *symbols, const char *name, uint32 hash)
{
	uint32		place = hash & symbols->mask;

	while (symbols->table[place] >= 0)
	{
		int			slot = symbols->table[place];

		if (symbols->hashes[slot] == hash && strcmp(symbols->names[slot], name) == 0)
			break;
		place = (place + 1) & symbols->mask;
	}
	return place;
}

/* Makes room for twice as many names; the table stays at most half full. */
static void
symbols_enlarge(CtSymbols *symbols)
{
	int			size;
	int		   *table;
	int			slot;

	symbols->allocated *= 2;
	symbols->names = repalloc(symbols->names, symbols->allocated * sizeof(char *));
	symbols->hashes = repalloc(symbols->hashes, symbols->allocated * sizeof(uint32));

	size = symbols->allocated * 2;
	table = MemoryContextAlloc(symbols->context, size * sizeof(int));
	memset(table, 0xff, size * sizeof(int));
	pfree(symbols->table);
	symbols->table = table;
	symbols->mask = size - 1;
	for (slot = 0; slot < symbols->count; slot++)
		table[symbols_find_place(symbols, symbols->names[slot], symbols->hashes[slot])] = slot;
}

/* An empty table, in the current memory context. */
CtSymbols *
ct_symbols_create(void)
{
	CtSymbols  *symbols = palloc0(sizeof(CtSymbols));

	symbols->context = CurrentMemoryContext;
	symbols->allocated = INITIAL_NAMES;
	symbols->names = palloc(INITIAL_NAMES * sizeof(char *));
	symbols->hashes = palloc(INITIAL_NAMES * sizeof(uint32));
	symbols->table = palloc(2 * INITIAL_NAMES * sizeof(int));
	memset(symbols->table, 0xff, 2 * INITIAL_NAMES * sizeof(int));
	symbols->mask = 2 * INITIAL_NAMES - 1;
	return symbols;
}

/* The name's slot, which is a new one if the name is new.  Copies the name. */
int
ct_symbols_intern(CtSymbols *symbols, const char *name)
{
	uint32		hash = symbols_hash_name(name);
	uint32		place = symbols_find_place(symbols, name, hash);

	if (symbols->table[place] >= 0)
		return symbols->table[place];

	if (symbols->count == symbols->allocated)
	{
		symbols_enlarge(symbols);
		place = symbols_find_place(symbols, name, hash);
	}
	symbols->names[symbols->count] = MemoryContextStrdup(symbols->context, name);
	symbols->hashes[symbols->count] = hash;
	symbols->table[place] = symbols->count;
	return symbols->count++;
}

/* The name's slot, -1 if there is none. */
int
ct_symbols_find(const CtSymbols *symbols, const char *name)
{
	return symbols->table[symbols_find_place(symbols, name, symbols_hash_name(name))];
}

int
ct_symbols_count(const CtSymbols *symbols)
{
	return symbols->count;
}

/* The slot's name; it lives as long as the table. */
const char *
ct_symbols_name(const CtSymbols *symbols, int slot)
{
	Assert(slot >= 0 && slot < symbols->count);
	return symbols->names[slot];
}

/*
 * Is this a name that \set and \gset may assign?  Letters, digits, underscore
 * and whatever isn't ASCII; no digit in front, so that ":1" in an array slice
 * is never a variable.
 */
bool
ct_variable_name_is_valid(const char *name)
{
	const unsigned char *p = (const unsigned char *) name;

	if (*p == '\0' || (*p >= '0' && *p <= '9'))
		return false;
	for (; *p != '\0'; p++)
	{
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			  (*p >= '0' && *p <= '9') || *p == '_' || IS_HIGHBIT_SET(*p)))
			return false;
	}
	return true;
}
