/*
 * Gives Debian's vsftpd the PID namespace of upstream builds: sysutil.c there begins what serves a
 * connection by clone(2) with CLONE_NEWPID beside CLONE_NEWIPC, and Debian's patch drops the former.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <sys/syscall.h>

long syscall(long number, long a, long b, long c, long d, long e, long f)
{
    long (*next)(long, long, long, long, long, long, long) =
        (long (*)(long, long, long, long, long, long, long))dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_clone && (a & CLONE_NEWIPC)) a |= CLONE_NEWPID;
    return next(number, a, b, c, d, e, f);
}
