import { closeSync, openSync, readSync } from 'node:fs';
import { descriptorLimit } from '../../descriptor-limit.ts';
import type { KeptFile } from '../process-table.ts';
import { isDenied, isGone } from './read-file.ts';

/** For everything else that this process opens. */
const reservedDescriptors = 256;

let keptDescriptors = 0;
let limit: number | null = null;

/** Opens a file to keep; null when it is not there, may not be read, or descriptors run short. */
export function keepFile(path: string, flags: string | number = 'r'): KeptFile | null {
  limit ??= descriptorLimit();
  if (keptDescriptors >= limit - reservedDescriptors) return null;
  try {
    return new OpenedFile(openSync(path, flags));
  } catch (error) {
    if (isGone(error) || isDenied(error) || isShortage(error)) return null;
    throw error;
  }
}

/** Reads as `KeptFile` does. */
export function readDescriptor(
  descriptor: number,
  into: Buffer,
  position: number,
  length: number,
): number {
  try {
    return readSync(descriptor, into, 0, length, position);
  } catch (error) {
    if (isGone(error)) return -1;
    throw error;
  }
}

/** A class, since each session has three of them: closures would be five objects instead of one. */
class OpenedFile implements KeptFile {
  readonly #descriptor: number;
  #isOpen = true;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    keptDescriptors += 1;
  }

  read(into: Buffer, position: number, length: number): number {
    return readDescriptor(this.#descriptor, into, position, length);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    keptDescriptors -= 1;
    closeSync(this.#descriptor);
  }
}

function isShortage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE';
}
