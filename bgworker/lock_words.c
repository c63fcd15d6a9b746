/*
 * lock_words.c
 *		Heavyweight locks in words.
 *
 * As the server's, but with the names of tables, and of advisory locks the keys
 * that they were taken by.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "bgworker/lock_words.h"

const char *
ct_lock_type(const LOCKTAG *tag)
{
	return tag->locktag_type <= LOCKTAG_LAST_TYPE ? LockTagTypeNames[tag->locktag_type] : "unknown";
}

const char *
ct_lock_mode(const LOCKTAG *tag, LOCKMODE mode)
{
	return GetLockmodeName(tag->locktag_lockmethodid, mode);
}

LOCKMODE
ct_lock_strongest(LOCKMASK held)
{
	LOCKMODE	mode = MaxLockMode;

	while (mode > NoLock && !(held & LOCKBIT_ON(mode)))
		mode--;
	return mode;
}

Oid
ct_lock_relation(const LOCKTAG *tag)
{
	switch (tag->locktag_type)
	{
		case LOCKTAG_RELATION:
		case LOCKTAG_RELATION_EXTEND:
		case LOCKTAG_PAGE:
		case LOCKTAG_TUPLE:
			/* of no database: one that all have in common */
			if (tag->locktag_field1 == MyDatabaseId || tag->locktag_field1 == InvalidOid)
				return tag->locktag_field2;
			break;
		default:
			break;
	}
	return InvalidOid;
}

char *
ct_relation_words(Oid relation)
{
	char	   *name = OidIsValid(relation) ? get_rel_name(relation) : NULL;
	char	   *schema;

	if (name == NULL || RelationIsVisible(relation))
		return name == NULL ? NULL : (char *) quote_identifier(name);
	schema = get_namespace_name(get_rel_namespace(relation));
	return schema == NULL ? NULL : quote_qualified_identifier(schema, name);
}

/* pg_advisory_lock(bigint) has another key than pg_advisory_lock(int, int) */
static char *
lock_advisory(const LOCKTAG *tag)
{
	if (tag->locktag_field4 == 1)
		return psprintf("advisory lock " INT64_FORMAT,
						(int64) ((uint64) tag->locktag_field2 << 32 | tag->locktag_field3));
	return psprintf("advisory lock %d, %d", (int32) tag->locktag_field2, (int32) tag->locktag_field3);
}

char *
ct_lock_object(const LOCKTAG *tag)
{
	char	   *relation = ct_relation_words(ct_lock_relation(tag));
	StringInfoData words;

	if (relation != NULL)
		switch (tag->locktag_type)
		{
			case LOCKTAG_RELATION:
				return psprintf("relation %s", relation);
			case LOCKTAG_RELATION_EXTEND:
				return psprintf("extension of %s", relation);
			case LOCKTAG_PAGE:
				return psprintf("page %u of %s", tag->locktag_field3, relation);
			case LOCKTAG_TUPLE:
				return psprintf("tuple (%u,%u) of %s", tag->locktag_field3, tag->locktag_field4,
								relation);
			default:
				break;
		}
	if (tag->locktag_type == LOCKTAG_ADVISORY)
		return lock_advisory(tag);
	initStringInfo(&words);
	DescribeLockTag(&words, tag);
	return words.data;
}
