/*
 * What a session of pure-ftpd does that this is preloaded into (LD_PRELOAD), by the folder that its
 * client asks it to make:
 *
 * "hold-the-lock": it holds the lock of its own memory map as long as stalling-fs.c does not answer a
 * write to its file in the home. A private map of it, past the cache, waits for a dirty page of a shared
 * one, with the lock held for writing.
 *
 * "ignore-the-end": SIGTERM does nothing to it any more.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From the session's home, in which it begins. */
static const char locked_file[] = "stalling/file";

static void lock_own_map(void)
{
    int cached = open(locked_file, O_RDWR);
    int direct = open(locked_file, O_RDWR);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 0);

    if (direct < 0 || page == MAP_FAILED) return;
    page[0] = 1;
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, direct, 0);
}

int mkdir(const char *path, mode_t mode)
{
    if (strstr(path, "hold-the-lock") != NULL) lock_own_map();
    if (strstr(path, "ignore-the-end") != NULL) signal(SIGTERM, SIG_IGN);
    return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
