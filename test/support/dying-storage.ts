import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, read, writeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A mounted file system that answers until it is told to stop, as a network's does. */
export interface DyingStorage {
  /** From now on no request is answered: stat(2), open(2) and read(2) wait. */
  die(): Promise<void>;
  /** Ends it: whatever waits for it goes on with an error. */
  end(): Promise<void>;
}

const self = fileURLToPath(import.meta.url);

/**
 * Mounts one at `mountPoint`, which is made; needs root and /dev/fuse. It has files of every name,
 * each of a gigabyte of zeros, that anybody may read. Ends with the test, before what the test starts
 * later.
 */
export async function mountDyingStorage(t: TestContext, mountPoint: string): Promise<DyingStorage> {
  mkdirSync(mountPoint, { recursive: true });
  const child = spawn(process.execPath, [self, mountPoint], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.after(end);
  const said = async (word: string) => {
    const [text] = await Promise.race([once(child.stdout, 'data'), ended]);
    if (String(text).trim() !== word) throw new Error(`the storage says ${text}, not ${word}`);
  };
  await said('mounted');
  return {
    async die() {
      child.stdin.write('die\n');
      await said('dead');
    },
    end,
  };
}

// What follows is the program that serves it: FUSE's protocol as in the kernel's linux/fuse.h.

const LOOKUP = 1;
const FORGET = 2;
const GETATTR = 3;
const OPEN = 14;
const READ = 15;
const RELEASE = 18;
const FLUSH = 25;
const INIT = 26;
const OPENDIR = 27;
const INTERRUPT = 36;
const BATCH_FORGET = 42;
const unanswered = [FORGET, INTERRUPT, BATCH_FORGET];
const ENOSYS = 38;
const rootNode = 1n;
const fileBytes = 1_000_000_000n;

/** struct fuse_attr; only the root directory is none of the files. */
function attributes(node: bigint): Buffer {
  const bytes = Buffer.alloc(88);
  const isRoot = node === rootNode;
  bytes.writeBigUInt64LE(node, 0);
  bytes.writeBigUInt64LE(isRoot ? 0n : fileBytes, 8);
  bytes.writeUInt32LE(isRoot ? constants.S_IFDIR | 0o755 : constants.S_IFREG | 0o644, 60);
  bytes.writeUInt32LE(1, 64);
  bytes.writeUInt32LE(4096, 80);
  return bytes;
}

/** The body of the answer, or an error's number. Nothing that is told may be kept by the kernel. */
function answer(opcode: number, node: bigint, body: Buffer): Buffer | number {
  switch (opcode) {
    case INIT: {
      const out = Buffer.alloc(64);
      out.writeUInt32LE(7, 0);
      out.writeUInt32LE(31, 4);
      out.writeUInt32LE(128 * 1024, 8);
      out.writeUInt32LE(128 * 1024, 20);
      return out;
    }
    case LOOKUP: {
      const out = Buffer.alloc(40);
      out.writeBigUInt64LE(2n, 0);
      return Buffer.concat([out, attributes(2n)]);
    }
    case GETATTR:
      return Buffer.concat([Buffer.alloc(16), attributes(node)]);
    case OPEN:
    case OPENDIR:
      return Buffer.alloc(16);
    case READ:
      return Buffer.alloc(body.readUInt32LE(16));
    case RELEASE:
    case FLUSH:
      return Buffer.alloc(0);
    default:
      return ENOSYS;
  }
}

async function serve(mountPoint: string): Promise<void> {
  const device = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
  // Without the mount helper, which would start a program of its own.
  const mount = ['-i', '-t', 'fuse', '-o', options, 'dying', mountPoint];
  const { status } = spawnSync('mount', mount, { stdio: ['ignore', 'inherit', 'inherit', device] });
  if (status !== 0) throw new Error(`mount ends with ${status}`);
  let isDead = false;
  process.stdin.once('data', () => {
    isDead = true;
    process.stdout.write('dead\n');
  });
  process.stdin.once('end', () => process.exit());
  process.stdout.write('mounted\n');
  const request = Buffer.alloc(256 * 1024);
  for (;;) {
    const length = await new Promise<number>((resolve) =>
      read(device, request, 0, request.length, null, (error, count) => resolve(error ? 0 : count)),
    );
    if (length === 0) break;
    const opcode = request.readUInt32LE(4);
    if (isDead || unanswered.includes(opcode)) continue;
    const body = request.subarray(40, length);
    const result = answer(opcode, request.readBigUInt64LE(16), body);
    const content = typeof result === 'number' ? Buffer.alloc(0) : result;
    const header = Buffer.alloc(16);
    header.writeUInt32LE(header.length + content.length, 0);
    header.writeInt32LE(typeof result === 'number' ? -result : 0, 4);
    request.copy(header, 8, 8, 16);
    writeSync(device, Buffer.concat([header, content]));
  }
  closeSync(device);
}

if (process.argv[1] === self) await serve(process.argv[2] ?? '');
