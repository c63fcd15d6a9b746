/*
 * stream_test.c
 *		What bgworker/shm/stream.c does, for t/124_stream.pl: a line for each
 *		thing that holds ("ok ..."), or doesn't ("not ok ...").
 *
 * Where two processes are at it, each record's bytes follow from its number,
 * so that a byte that is another one's, or of no record at all, shows.
 */
#include "postgres.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bgworker/shm/stream.h"

/* the server's own is in a library that we do without */
#undef printf
#undef snprintf

#define RING	1024
#define MOST	CT_STREAM_MAX_RECORD(RING)

static void
ok(bool holds, const char *what)
{
	printf("%sok %s\n", holds ? "" : "not ", what);
	fflush(stdout);
}

static void *
shared(Size size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* with a byte around the ring that nobody may touch */
static CtStream *
make(Size size)
{
	CtStream   *stream = shared(sizeof(CtStream) + size + 2);
	char	   *ring = (char *) (stream + 1) + 1;

	ring[-1] = ring[size] = 'x';
	ct_stream_init(stream, ring, size);
	return stream;
}

static bool
around_untouched(const CtStream *stream)
{
	const char *ring = (const char *) stream + stream->ring;

	return ring[-1] == 'x' && ring[stream->size] == 'x';
}

/* ---- records whose bytes follow from their number ---- */

static uint64
mix(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void
fill(char *bytes, uint64 number, Size size)
{
	Size		i;

	for (i = 0; i < size; i += 8)
	{
		uint64		word = mix(number + i);

		memcpy(bytes + i, &word, Min(8, size - i));
	}
}

/* The number, and bytes of it, in three pieces. */
static bool
put(CtStream *stream, uint64 number, Size size)
{
	char		bytes[65536];
	CtStreamPiece pieces[3] = {{&number, sizeof(number)}, {bytes, size / 3}, {bytes + size / 3, size - size / 3}};

	fill(bytes, number, size);
	return ct_stream_write(stream, CT_RECORD_ERROR, pieces, 3);
}

/* Takes a record; its number, 0 if there is none, PG_UINT64_MAX if it isn't whole. */
static uint64
take(CtStream *stream, Size *size)
{
	char		bytes[65536];
	char		wanted[65536];
	uint64		number;
	int			kind = ct_stream_read(stream, bytes, size);

	if (kind == 0)
		return 0;
	if (kind != CT_RECORD_ERROR || *size < sizeof(number))
		return PG_UINT64_MAX;
	memcpy(&number, bytes, sizeof(number));
	*size -= sizeof(number);
	fill(wanted, number, *size);
	return memcmp(wanted, bytes + sizeof(number), *size) == 0 ? number : PG_UINT64_MAX;
}

/* ---- one process ---- */

/* Every size, beginning at every place in the ring. */
static void
sizes(void)
{
	CtStream   *stream = make(RING);
	uint64		number = 0;
	bool		whole = true;
	Size		size;
	Size		got;
	Size		at;

	for (size = 0; size <= MOST - sizeof(uint64); size++)
		for (at = 0; at < RING; at++)
		{
			number++;
			whole &= put(stream, number, size) && take(stream, &got) == number && got == size;
			whole &= take(stream, &got) == 0;

			/* one step on from where the next one would begin by itself */
			if (pg_atomic_read_u64(&stream->written) % RING != at)
			{
				uint64		next = TYPEALIGN(RING, pg_atomic_read_u64(&stream->written)) + at;

				pg_atomic_write_u64(&stream->written, next);
				pg_atomic_write_u64(&stream->read, next);
			}
		}
	ok(whole, "records of all sizes, at all places of the ring");
	ok(around_untouched(stream), "and nothing around it is written");
	ok(ct_stream_dropped(stream) == 0, "none of them is dropped");
	ok(!put(stream, 1, MOST - sizeof(uint64) + 1), "one that the ring can't hold is refused");
	ok(ct_stream_dropped(stream) == 1 && take(stream, &got) == 0, "counted, and nothing of it is there");
}

/* Full, dropped, read, and on. */
static void
full(void)
{
	CtStream   *stream = make(RING);
	CtStreamPiece nothing = {"", 0};
	char		bytes[RING];
	Size		size = 0;
	Size		got;
	uint64		n = 0;
	uint64		i;
	bool		whole = true;

	for (i = 0; i < 5; i++)
	{
		uint64		first = n + 1;
		uint64		dropped = ct_stream_dropped(stream);

		while (put(stream, n + 1, 24 + n % 3))
			n++;
		whole &= !put(stream, 99, 64) && ct_stream_dropped(stream) == dropped + 2;
		whole &= ct_stream_is_filling(stream);
		whole &= take(stream, &got) == first && put(stream, n + 1, 24);
		n++;
		for (first++; first <= n; first++)
			whole &= take(stream, &got) == first;
		whole &= take(stream, &got) == 0 && !ct_stream_is_filling(stream);
	}
	ok(whole, "full, it drops, and goes on with the next that has room");
	ok(n > 5 * RING / 48, "it is full when there is no room, not before");

	for (i = 0; i < RING / 8 && ct_stream_write(stream, CT_RECORD_ERROR, &nothing, 1); i++)
		;
	ok(i == RING / 8, "it holds records without a byte, to its last place");
	for (; i > 0; i--)
		whole &= ct_stream_read(stream, bytes, &size) == CT_RECORD_ERROR && size == 0;
	ok(whole && ct_stream_read(stream, bytes, &size) == 0, "and gives them back");
}

/* What is in there but was never announced, as of a writer that ended within a write. */
static void
halves(void)
{
	CtStream   *stream = make(RING);
	uint64		written;
	Size		got;

	put(stream, 1, 100);
	written = pg_atomic_read_u64(&stream->written);
	put(stream, 2, 100);
	pg_atomic_write_u64(&stream->written, written);
	ok(take(stream, &got) == 1 && take(stream, &got) == 0, "what a writer hasn't announced isn't there");
	ok(put(stream, 3, 200) && take(stream, &got) == 3, "the next one takes its place");

	pg_atomic_write_u64(&stream->written, pg_atomic_read_u64(&stream->written) + 64);
	memset((char *) stream + stream->ring, 0xff, RING);
	ok(take(stream, &got) == PG_UINT64_MAX && take(stream, &got) == 0, "what is no record is left out");
	ok(put(stream, 4, 200) && take(stream, &got) == 4, "and what comes after it is read");
}

/* ---- two processes ---- */

/* The writer's; returns how many got through. */
static uint64
hammer(CtStream *stream, uint64 n, Size most)
{
	uint64		sent = 0;
	uint64		i;

	for (i = 1; i <= n; i++)
	{
		if (put(stream, i, mix(i) % most))
			sent++;
		else
			sched_yield();
	}
	return sent;
}

/* What the reader takes until the writer has gone, and then what is left. */
typedef struct Taken
{
	bool		whole;			/* and in order */
	uint64		n;
} Taken;

/*
 * pause: records after each of which the reader sleeps, so that the ring is
 * full mostly; kill_at: after how many the writer is killed.  0: never.
 */
static Taken
read_all(CtStream *stream, Size most, pid_t writer, uint64 pause, uint64 kill_at)
{
	Taken		taken = {true, 0};
	uint64		last = 0;
	bool		gone = false;

	for (;;)
	{
		Size		size = 0;
		uint64		number = take(stream, &size);

		if (number == 0)
		{
			/* once more after the writer's end */
			if (gone)
				return taken;
			gone = waitpid(writer, NULL, WNOHANG) == writer;
			if (!gone)
				sched_yield();
			continue;
		}
		taken.whole &= number != PG_UINT64_MAX && number > last && size == mix(number) % most;
		last = number;
		taken.n++;
		if (pause > 0 && taken.n % pause == 0)
			usleep(10);
		if (taken.n == kill_at)
			kill(writer, SIGKILL);
	}
}

static void
race(const char *what, Size ring, uint64 n, Size most, uint64 pause)
{
	CtStream   *stream = make(ring);
	uint64	   *sent = shared(sizeof(uint64));
	pid_t		writer = fork();
	Taken		taken;
	char		line[256];

	if (writer == 0)
	{
		*sent = hammer(stream, n, most);
		_exit(0);
	}
	taken = read_all(stream, most, writer, pause, 0);
	snprintf(line, sizeof(line), "%s: each record is whole, and in order", what);
	ok(taken.whole, line);
	snprintf(line, sizeof(line), "%s: what was written was read, what wasn't was counted", what);
	ok(taken.n == *sent && taken.n + ct_stream_dropped(stream) == n && taken.n > 0, line);
	if (pause > 0)
		ok(taken.n < n, "a reader that is slow makes the ring full");
	printf("# %s: " UINT64_FORMAT " of " UINT64_FORMAT "\n", what, taken.n, n);
}

/* A writer that is killed, at a hundred moments. */
static void
killed(void)
{
	bool		whole = true;
	int			i;

	for (i = 1; i <= 100; i++)
	{
		CtStream   *stream = make(4096);
		pid_t		writer = fork();

		if (writer == 0)
		{
			(void) hammer(stream, PG_UINT64_MAX, 500);
			_exit(0);
		}
		whole &= read_all(stream, 500, writer, 0, i * 37).whole;
		munmap(stream, sizeof(CtStream) + 4096 + 2);
	}
	ok(whole, "of a writer that is killed nothing is read half");
}

int
main(int argc, char **argv)
{
	uint64		n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;

	sizes();
	full();
	halves();
	race("a fast reader", 65536, n, 200, 0);
	race("a small ring", 256, n, 120, 0);
	race("a slow reader", 4096, n, 500, 20);
	race("long records", 65536, n / 20, 40000, 0);
	killed();
	printf("done\n");
	return 0;
}
