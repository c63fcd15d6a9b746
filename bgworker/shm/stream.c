/*
 * stream.c
 *		Records of variable size by a ring in shared memory.
 *
 * A record is a header and its bytes, and begins where the one before ends;
 * either may go around the ring's end.  Positions count bytes since the
 * beginning and never go back: the ring is empty where both are the same, full
 * where they are its size apart.
 *
 * Knows nothing of the server but its atomics; t/ tests it without one.
 */
#include "postgres.h"

#include "bgworker/shm/stream.h"

typedef struct CtRecordHeader
{
	uint32		kind;			/* CtRecordKind */
	uint32		size;			/* bytes that follow */
} CtRecordHeader;

StaticAssertDecl(sizeof(CtRecordHeader) == 8, "CT_STREAM_MAX_RECORD knows the header's size");

/* what a record takes in the ring */
static inline uint64
stream_space(uint64 size)
{
	return sizeof(CtRecordHeader) + size;
}

static inline char *
stream_ring(const CtStream *stream)
{
	return (char *) stream + stream->ring;
}

void
ct_stream_init(CtStream *stream, char *ring, Size size)
{
	Assert(size >= 64 && (size & (size - 1)) == 0);
	pg_atomic_init_u64(&stream->written, 0);
	pg_atomic_init_u64(&stream->dropped, 0);
	pg_atomic_init_u64(&stream->read, 0);
	stream->size = size;
	stream->ring = ring - (char *) stream;
}

/* Copies into the ring, around its end where that comes; returns the position after it. */
static uint64
stream_put(CtStream *stream, uint64 position, const void *data, Size size)
{
	Size		at = position & (stream->size - 1);
	Size		first = Min(size, stream->size - at);

	memcpy(stream_ring(stream) + at, data, first);
	memcpy(stream_ring(stream), (const char *) data + first, size - first);
	return position + size;
}

/* The same out of it. */
static void
stream_get(const CtStream *stream, uint64 position, void *data, Size size)
{
	Size		at = position & (stream->size - 1);
	Size		first = Min(size, stream->size - at);

	memcpy(data, stream_ring(stream) + at, first);
	memcpy((char *) data + first, stream_ring(stream), size - first);
}

bool
ct_stream_write(CtStream *stream, CtRecordKind kind, const CtStreamPiece *pieces, int npieces)
{
	uint64		written = pg_atomic_read_u64(&stream->written);
	uint64		read = pg_atomic_read_u64(&stream->read);
	uint64		size = 0;
	uint64		position;
	CtRecordHeader header;
	int			i;

	for (i = 0; i < npieces; i++)
		size += pieces[i].size;
	if (stream_space(size) > stream->size - (written - read))
	{
		pg_atomic_write_u64(&stream->dropped, pg_atomic_read_u64(&stream->dropped) + 1);
		return false;
	}

	/* what the reader had in there, it has read */
	pg_memory_barrier();
	header.kind = kind;
	header.size = (uint32) size;
	position = stream_put(stream, written, &header, sizeof(header));
	for (i = 0; i < npieces; i++)
		position = stream_put(stream, position, pieces[i].data, pieces[i].size);

	/* all of it before anybody hears of it */
	pg_write_barrier();
	pg_atomic_write_u64(&stream->written, written + stream_space(size));
	return true;
}

bool
ct_stream_has_room(CtStream *stream, Size size)
{
	return stream_space(size) <= stream->size - (pg_atomic_read_u64(&stream->written) -
												 pg_atomic_read_u64(&stream->read));
}

bool
ct_stream_is_filling(CtStream *stream)
{
	return pg_atomic_read_u64(&stream->written) - pg_atomic_read_u64(&stream->read) >=
		stream->size / 2;
}

int
ct_stream_read(CtStream *stream, void *buffer, Size *size)
{
	uint64		written = pg_atomic_read_u64(&stream->written);
	uint64		read = pg_atomic_read_u64(&stream->read);
	CtRecordHeader header;

	if (written == read)
		return 0;

	/* not before what we have heard of */
	pg_read_barrier();
	stream_get(stream, read, &header, sizeof(header));
	if (header.kind == 0 || stream_space(header.size) > written - read)
	{
		pg_atomic_write_u64(&stream->read, written);
		return -1;
	}
	stream_get(stream, read + sizeof(header), buffer, header.size);

	/* all of it before the writer may write over it */
	pg_memory_barrier();
	pg_atomic_write_u64(&stream->read, read + stream_space(header.size));
	*size = header.size;
	return (int) header.kind;
}

uint64
ct_stream_dropped(CtStream *stream)
{
	return pg_atomic_read_u64(&stream->dropped);
}
