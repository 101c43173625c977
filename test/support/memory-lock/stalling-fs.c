/*
 * A file system of one file, "file", whose writes are never answered, as any user can have one by
 * fusermount3. stalling-fs FOLDER UID GID mounts it as root for that user and serves it as that user
 * until it is ended; then the kernel gives up every wait for it. It speaks the kernel's own protocol
 * (linux/fuse.h), so nothing but a C compiler is needed. On standard output it says "mounted", and
 * "write" when the kernel waits for a write.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_NODE = 2, FILE_SIZE = 65536 };

static char request[1 << 20];
static char answer[sizeof(struct fuse_out_header) + FILE_SIZE];
static unsigned owner, group, opened;

static void reply(int device, unsigned long long id, int error, const void *body, size_t length)
{
    struct fuse_out_header *head = (struct fuse_out_header *)answer;

    head->unique = id;
    head->error = -error;
    head->len = sizeof *head + length;
    if (length > 0) memcpy(answer + sizeof *head, body, length);
    if (write(device, answer, head->len) < 0 && errno != ENOENT) _exit(1);
}

static struct fuse_attr attributes(unsigned long long node)
{
    struct fuse_attr attr = {.ino = node, .uid = owner, .gid = group, .nlink = 1};

    attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
    attr.size = node == FUSE_ROOT_ID ? 0 : FILE_SIZE;
    return attr;
}

static void serve(int device)
{
    const struct fuse_in_header *head = (const struct fuse_in_header *)request;
    static const char zeros[FILE_SIZE];

    switch (head->opcode) {
    case FUSE_INIT: {
        struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
        reply(device, head->unique, 0, &init, sizeof init);
        return;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
        if (strcmp(request + sizeof *head, "file") != 0) reply(device, head->unique, ENOENT, 0, 0);
        else reply(device, head->unique, 0, &entry, sizeof entry);
        return;
    }
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr = attributes(head->nodeid)};
        reply(device, head->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_OPEN: {
        /* The first is cached; each further one goes past the cache, which must be clean for that. */
        struct fuse_open_out out = {.open_flags = opened++ == 0 ? 0 : FOPEN_DIRECT_IO};
        reply(device, head->unique, 0, &out, sizeof out);
        return;
    }
    case FUSE_READ: {
        const struct fuse_read_in *in = (const struct fuse_read_in *)(request + sizeof *head);
        reply(device, head->unique, 0, zeros, in->size < FILE_SIZE ? in->size : FILE_SIZE);
        return;
    }
    case FUSE_WRITE:
        puts("write");
        return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_FSYNC:
        reply(device, head->unique, 0, 0, 0);
        return;
    default:
        reply(device, head->unique, ENOSYS, 0, 0);
    }
}

int main(int count, char **args)
{
    char options[128];
    int device = open("/dev/fuse", O_RDWR);

    if (count != 4 || device < 0) return perror("/dev/fuse"), 1;
    owner = atoi(args[2]);
    group = atoi(args[3]);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device, owner, group);
    if (mount("stalling", args[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) return perror("mount"), 1;
    if (setgid(group) != 0 || setuid(owner) != 0) return perror("setuid"), 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("mounted");
    while (read(device, request, sizeof request) > 0) serve(device);
    return 0;
}
