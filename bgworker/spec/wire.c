/*
 * wire.c
 *		A spec's session as the conductor sees it.
 *
 * Messages are those of the protocol between server and client, without their
 * length, which the queue knows.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "bgworker/spec/wire.h"
#include "src/base/ct_compat.h"
#include "src/base/wait_event.h"

typedef struct WireMessage
{
	dlist_node	node;
	StringInfoData body;		/* behind the type */
	char		type;
} WireMessage;

void
ct_spec_wire_attach(CtSpecWire *wire, dsm_segment *segment, MemoryContext context)
{
	shm_mq	   *to = ct_spec_queue_to(segment, wire->number);
	shm_mq	   *from = ct_spec_queue_from(segment, wire->number);

	shm_mq_set_sender(to, MyProc);
	wire->to = shm_mq_attach(to, segment, wire->handle);
	shm_mq_set_receiver(from, MyProc);
	wire->from = shm_mq_attach(from, segment, wire->handle);
	wire->context = AllocSetContextCreate(context, "ct_ext spec session", ALLOCSET_DEFAULT_SIZES);
	dlist_init(&wire->taken);

	/* it says that it is ready when it has connected */
	wire->busy = true;
}

bool
ct_spec_wire_send(CtSpecWire *wire, const char *sql)
{
	Assert(!wire->busy);
	if (wire->told_lost)
		return false;
	wire->sql = sql;

	/* what it died of while nobody asked it for anything is the answer */
	if (wire->lost)
		return true;
	if (dlist_is_empty(&wire->taken))
		MemoryContextReset(wire->context);
	wire->busy = true;

	/* it reads nothing else, so this waits for what is longer than the queue only */
	while (shm_mq_send(wire->to, strlen(sql) + 1, sql, true, true) == SHM_MQ_WOULD_BLOCK)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0, ct_wait_event(CT_WAIT_WAITING));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

bool
ct_spec_wire_take(CtSpecWire *wire)
{
	MemoryContext old = MemoryContextSwitchTo(wire->context);
	bool		any = false;

	while (!wire->lost)
	{
		Size		length;
		void	   *data;
		shm_mq_result result = shm_mq_receive(wire->from, &length, &data, true);
		WireMessage *message;

		if (result == SHM_MQ_WOULD_BLOCK)
			break;
		any = true;
		if (result == SHM_MQ_DETACHED)
		{
			wire->lost = true;
			wire->busy = false;
			break;
		}
		if (length < 1)
			elog(ERROR, "empty message from a spec's session");
		message = palloc(sizeof(WireMessage));
		message->type = *(const char *) data;
		initStringInfo(&message->body);
		appendBinaryStringInfo(&message->body, (const char *) data + 1, length - 1);
		dlist_push_tail(&wire->taken, &message->node);
		if (message->type == 'Z')
			wire->busy = false;
	}
	MemoryContextSwitchTo(old);
	return any;
}

/* ---- what messages say ---- */

/* Texts are in our encoding, unless the session has set another one. */
static const char *
wire_text(const CtSpecWire *wire, const char *text, int length)
{
	if (!pg_verifymbstr(text, length, true))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("session \"%s\" returned text that is not in the database's encoding", wire->name),
				 errhint("A spec's sessions cannot change client_encoding.")));
	return text;
}

static const char *
wire_string(const CtSpecWire *wire, StringInfo body)
{
	const char *text = pq_getmsgrawstring(body);

	return wire_text(wire, text, strlen(text));
}

/* ErrorResponse or NoticeResponse; its texts are the body's */
static void
wire_read_message(const CtSpecWire *wire, StringInfo body, CtSpecMessage *message)
{
	char		field;

	memset(message, 0, sizeof(CtSpecMessage));
	message->severity = message->primary = "";
	message->sqlstate = "XX000";
	while ((field = pq_getmsgbyte(body)) != '\0')
	{
		const char *value = wire_string(wire, body);

		switch (field)
		{
			case PG_DIAG_SEVERITY:
				message->severity = value;
				break;
			case PG_DIAG_SQLSTATE:
				message->sqlstate = value;
				break;
			case PG_DIAG_MESSAGE_PRIMARY:
				message->primary = value;
				break;
			case PG_DIAG_MESSAGE_DETAIL:
				message->detail = value;
				break;
			case PG_DIAG_MESSAGE_HINT:
				message->hint = value;
				break;
			case PG_DIAG_CONTEXT:
				message->context = value;
				break;
			case PG_DIAG_STATEMENT_POSITION:
				message->position = atoi(value);
				break;
			case PG_DIAG_INTERNAL_POSITION:
				message->internal_position = atoi(value);
				break;
			case PG_DIAG_INTERNAL_QUERY:
				message->internal_query = value;
				break;
			default:
				break;
		}
	}

	/* what a client's process says of itself */
	if (strcmp(message->sqlstate, "57P01") == 0 &&
		strncmp(message->primary, "terminating background worker", strlen("terminating background worker")) == 0)
		message->primary = "terminating connection due to administrator command";
}

static void
wire_read_columns(const CtSpecWire *wire, StringInfo body, CtSpecRows *rows)
{
	int			i;

	rows->ncolumns = pq_getmsgint(body, 2);
	rows->names = palloc(Max(rows->ncolumns, 1) * sizeof(char *));
	rows->rows = NIL;
	for (i = 0; i < rows->ncolumns; i++)
	{
		rows->names[i] = pstrdup(wire_string(wire, body));
		/* its table and column, type with length and modifier, format */
		(void) pq_getmsgbytes(body, 18);
	}
}

static void
wire_read_row(const CtSpecWire *wire, StringInfo body, CtSpecRows *rows)
{
	int			n = pq_getmsgint(body, 2);
	char	  **values = palloc(Max(n, 1) * sizeof(char *));
	int			i;

	if (n != rows->ncolumns)
		elog(ERROR, "row with %d of %d columns", n, rows->ncolumns);
	for (i = 0; i < n; i++)
	{
		int32		length = (int32) pq_getmsgint(body, 4);

		values[i] = length < 0 ? NULL : pnstrdup(wire_text(wire, pq_getmsgbytes(body, length), length), length);
	}
	rows->rows = lappend(rows->rows, values);
}

static void
wire_keep_notification(CtSpecWire *wire, StringInfo body)
{
	MemoryContext old = MemoryContextSwitchTo(MemoryContextGetParent(wire->context));
	CtSpecNotification *notification = palloc(sizeof(CtSpecNotification));

	notification->pid = (int) pq_getmsgint(body, 4);
	notification->channel = pstrdup(wire_string(wire, body));
	notification->payload = pstrdup(wire_string(wire, body));
	wire->notifications = lappend(wire->notifications, notification);
	MemoryContextSwitchTo(old);
}

/* ---- looking at them ---- */

/*
 * Looks at the next message; returns false where a result is complete and what
 * comes next isn't a notice or a notification, or where there is nothing more.
 */
static bool
wire_look_at_next(CtSpecWire *wire)
{
	WireMessage *message;
	StringInfo	body;

	if (dlist_is_empty(&wire->taken))
	{
		if (!wire->lost || wire->told_lost || wire->has_result)
			return false;
		wire->told_lost = wire->has_result = true;
		wire->result.kind = CT_SPEC_LOST;
		return false;
	}
	message = dlist_head_element(WireMessage, node, &wire->taken);
	if (wire->has_result && message->type != 'N' && message->type != 'A')
		return false;
	dlist_delete(&message->node);

	body = &message->body;
	switch (message->type)
	{
		case 'N':				/* NoticeResponse */
			{
				CtSpecMessage notice;

				wire_read_message(wire, body, &notice);
				wire->notice(wire, &notice);
				break;
			}
		case 'E':				/* ErrorResponse; rows that came before it don't count */
			wire_read_message(wire, body, &wire->result.error);
			wire->result.kind = CT_SPEC_ERROR;
			wire->has_result = true;
			return true;		/* keeps the message's memory */
		case 'A':				/* NotificationResponse */
			wire_keep_notification(wire, body);
			break;
		case 'T':				/* RowDescription */
			wire_read_columns(wire, body, &wire->result.rows);
			wire->result.kind = CT_SPEC_ROWS;
			break;
		case 'D':				/* DataRow */
			wire_read_row(wire, body, &wire->result.rows);
			break;
		case 'C':				/* CommandComplete */
		case 'I':				/* EmptyQueryResponse */
			wire->has_result = true;
			break;
		default:				/* ReadyForQuery; settings, which are nothing to us */
			break;
	}
	pfree(body->data);
	pfree(message);
	return true;
}

void
ct_spec_wire_look(CtSpecWire *wire)
{
	MemoryContext old = MemoryContextSwitchTo(wire->context);

	while (wire_look_at_next(wire))
		;
	MemoryContextSwitchTo(old);
}

const CtSpecResult *
ct_spec_wire_result(CtSpecWire *wire)
{
	static CtSpecResult result;

	ct_spec_wire_look(wire);
	if (!wire->has_result)
		return NULL;
	result = wire->result;
	wire->has_result = false;
	memset(&wire->result, 0, sizeof(CtSpecResult));
	return &result;
}

bool
ct_spec_wire_notification(CtSpecWire *wire, CtSpecNotification *notification)
{
	CtSpecNotification *first;

	(void) ct_spec_wire_take(wire);
	ct_spec_wire_look(wire);
	if (wire->notifications == NIL)
		return false;
	first = linitial(wire->notifications);
	wire->notifications = list_delete_first(wire->notifications);
	*notification = *first;
	pfree(first);
	return true;
}

void
ct_spec_wire_close(CtSpecWire *wire)
{
	if (wire->to != NULL)
		shm_mq_detach(wire->to);
	wire->to = NULL;
}
