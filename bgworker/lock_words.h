/*
 * lock_words.h
 *		Heavyweight locks in words.
 */
#ifndef CT_LOCK_WORDS_H
#define CT_LOCK_WORDS_H

#include "storage/lock.h"

/* the lock's type, as pg_locks shows it */
extern const char *ct_lock_type(const LOCKTAG *tag);

/* the mode's name, as pg_locks shows it */
extern const char *ct_lock_mode(const LOCKTAG *tag, LOCKMODE mode);

/* the strongest of the modes that are held; NoLock if there is none */
extern LOCKMODE ct_lock_strongest(LOCKMASK held);

/*
 * The relation that a lock is of, or whose row, page or extension it is of;
 * invalid if it is of none, or of another database's.
 */
extern Oid	ct_lock_relation(const LOCKTAG *tag);

/*
 * A relation's name, with its schema where it isn't found without, palloc'd;
 * NULL if there is none.  In a transaction.
 */
extern char *ct_relation_words(Oid relation);

/*
 * What is locked: 'relation accounts', 'tuple (0,1) of accounts', 'transaction
 * 745', 'advisory lock 1', palloc'd.  In a transaction.
 */
extern char *ct_lock_object(const LOCKTAG *tag);

#endif							/* CT_LOCK_WORDS_H */
