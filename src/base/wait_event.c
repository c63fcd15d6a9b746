/*
 * wait_event.c
 *		The wait events of our own.
 *
 * Their numbers are the server's to give, by name, the same for all processes;
 * each process asks for each once.  A server that has no names shows all of a
 * class alike, whatever their number: then the numbers are ours, by which we
 * can still tell them apart.
 */
#include "postgres.h"

#include "src/base/ct_compat.h"
#include "src/base/wait_event.h"

static const char *const wait_event_names[CT_NWAITS] = {
	[CT_WAIT_GATE] = "CtExtGate",
	[CT_WAIT_BARRIER] = "CtExtBarrier",
	[CT_WAIT_PAUSE] = "CtExtPause",
	[CT_WAIT_SESSION] = "CtExtSession",
	[CT_WAIT_VERDICT] = "CtExtVerdict",
	[CT_WAIT_TURN] = "CtExtTurn",
	[CT_WAIT_WATCHING] = "CtExtWatching",
	[CT_WAIT_WAITING] = "CtExtWaiting",
};

uint32
ct_wait_event(CtWaitEvent event)
{
	static uint32 events[CT_NWAITS];

	if (unlikely(events[event] == 0))
		events[event] = ct_wait_event_new(wait_event_names[event], event);
	return events[event];
}

const char *
ct_wait_event_name(CtWaitEvent event)
{
	return wait_event_names[event];
}

CtWaitEvent
ct_wait_event_of(uint32 wait_event_info)
{
	CtWaitEvent event = 0;

	while (event < CT_NWAITS && ct_wait_event(event) != wait_event_info)
		event++;
	return event;
}
