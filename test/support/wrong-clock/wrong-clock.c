/*
 * A clock on the wall that is OFFSET seconds off, for each program that this is loaded into before the C library
 * (ld.so(8), /etc/ld.so.preload): a namespace of time has none of its own (time_namespaces(7)). How long something
 * takes stays true. What the kernel itself says (files, processes) does not change.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *at)
{
	int result = syscall(SYS_clock_gettime, id, at);
	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		at->tv_sec += OFFSET;
	return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	at->tv_sec = now.tv_sec;
	at->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (at != 0)
		*at = now.tv_sec;
	return now.tv_sec;
}
