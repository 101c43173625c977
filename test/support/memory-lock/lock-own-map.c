/*
 * Makes the program that it is preloaded into (LD_PRELOAD) hold the lock of its own memory map for
 * ever, before its main() runs: a page of the file LOCKED_FILE is made dirty through a shared map,
 * then a private map of the same file, opened past the cache, waits in the kernel, with the lock
 * held for writing, until the page is written. stalling-fs.c never lets that end.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((constructor)) static void lock_own_map(void)
{
    const char *path = getenv("LOCKED_FILE");
    int cached = path == NULL ? -1 : open(path, O_RDWR);
    int direct = path == NULL ? -1 : open(path, O_RDWR);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 0);

    if (direct < 0 || page == MAP_FAILED) _exit(1);
    page[0] = 1;
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, direct, 0);
    _exit(2);
}
