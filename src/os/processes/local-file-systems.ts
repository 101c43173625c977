/**
 * File systems that the kernel serves by itself, from memory or a disk of this machine. All others
 * can be somebody's program or another machine: an open(2) or a stat(2) may never come back, and who
 * a file belongs to is that one's word.
 */
const localFileSystems = new Set(
  'tmpfs ramfs rootfs ext2 ext3 ext4 xfs btrfs bcachefs f2fs jfs reiserfs zfs overlay ubifs'.split(
    ' ',
  ),
);

/**
 * Of these each subvolume or layer has a device number of its own for stat(2), which is not the one
 * of the mount (btrfs_getattr; Documentation/filesystems/overlayfs.rst, "Inode properties").
 */
const manyDevices = new Set(['btrfs', 'bcachefs', 'overlay']);

/** Whether a file system of this type, as mountinfo tells it, answers without waiting for anybody. */
export function isLocalFileSystem(type: string): boolean {
  return localFileSystems.has(type);
}

/** Whether stat(2) may tell another device of a file of such a file system than the list of mounts does. */
export function hasManyDevices(type: string): boolean {
  return manyDevices.has(type);
}
