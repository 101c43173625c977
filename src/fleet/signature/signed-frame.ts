import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod';
import { maxAnswerBytes } from '../messages/answer.ts';
import { memberName } from '../messages/ask.ts';

/*
 * A signed request on its way: a line of JSON, which says whose signature it is, and then the bytes
 * that are signed, as they are: nobody has to write JSON the same way twice.
 */

/**
 * Stands before what is signed, and nowhere else. The messaging server lets its clients prove their
 * keys by signing a text of its choice; no such text is ever a request.
 */
const domain = Buffer.from('uapid fleet request 2\0');

/**
 * What is signed is the digest (SHA-256) of the message: so a signature can be checked before the message
 * is there.
 */
const signedText = (digest: Uint8Array) => Buffer.concat([domain, digest]);

function digestOf(message: Uint8Array): Buffer {
  return createHash('sha256').update(message).digest();
}

const header = z.strictObject({
  gateway: memberName,
  signature: z.string().regex(/^[\w-]{86}$/),
  /**
   * The digest of the answer that the gateway still has. It is not signed: the gateway believes
   * "unchanged" of nothing but what it has named itself.
   */
  known: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
  /** Bytes that the answer may have; not signed either, as whoever changes it does himself no good. */
  room: z.int().min(1).max(maxAnswerBytes).optional(),
});
export type FrameHeader = z.infer<typeof header>;

export interface SignedFrame extends FrameHeader {
  readonly message: Uint8Array;
}

const maxHeaderBytes = 512;

/** The Ed25519 signature (RFC 8032) of a request, in base64url. */
export function signRequest(message: Uint8Array, key: KeyObject): string {
  return sign(null, signedText(digestOf(message)), key).toString('base64url');
}

/** Whether that key made the signature for exactly that request. */
export function isSigned({ message, signature }: SignedFrame, key: KeyObject): boolean {
  return isDigestSigned(digestOf(message), signature, key);
}

function isDigestSigned(digest: Uint8Array, signature: string, key: KeyObject): boolean {
  return verify(null, signedText(digest), key, Buffer.from(signature, 'base64url'));
}

/** What says of a request, before its message is there, whose it is. */
export interface Pass {
  readonly gateway: string;
  readonly signature: string;
  /** Of the message, in base64url. */
  readonly digest: string;
}

/** "GATEWAY SIGNATURE DIGEST" of a request in its frame; null for what is no frame. */
export function passOf(frame: Uint8Array): string | null {
  const decoded = decodeFrame(frame);
  if (decoded === null) return null;
  const { gateway, signature, message } = decoded;
  return `${gateway} ${signature} ${digestOf(message).toString('base64url')}`;
}

const passForm = /^([a-z0-9][a-z0-9-]{0,62}) ([\w-]{86}) ([\w-]{43})$/;

/** Null for any other text. */
export function readPass(text: string): Pass | null {
  const [, gateway, signature, digest] = passForm.exec(text) ?? [];
  if (gateway === undefined || signature === undefined || digest === undefined) return null;
  return { gateway, signature, digest };
}

/** Whether that key made the signature for a message of that digest. */
export function isPassSigned({ digest, signature }: Pass, key: KeyObject): boolean {
  return isDigestSigned(Buffer.from(digest, 'base64url'), signature, key);
}

/** Whether a request in its frame is the one that the pass tells of. */
export function isPassOf({ gateway, signature, digest }: Pass, frame: Uint8Array): boolean {
  return passOf(frame) === `${gateway} ${signature} ${digest}`;
}

/** A frame to be made. */
interface FrameParts extends Omit<SignedFrame, 'known' | 'room'> {
  readonly known?: string | undefined;
  readonly room?: number | undefined;
}

/** No value that belongs into a header needs to be escaped in JSON. */
export function encodeFrame({ gateway, signature, known, room, message }: FrameParts): Uint8Array {
  const start = `{"gateway":"${gateway}","signature":"${signature}"`;
  const rest = `${known === undefined ? '' : `,"known":"${known}"`}${room === undefined ? '' : `,"room":${room}`}`;
  const head = `${start}${rest}}\n`;
  const bytes = Buffer.allocUnsafe(head.length + message.length);
  bytes.write(head, 'latin1');
  bytes.set(message, head.length);
  return bytes;
}

/** Null for what is no such frame. */
export function decodeFrame(bytes: Uint8Array): SignedFrame | null {
  const end = bytes.subarray(0, maxHeaderBytes).indexOf(0x0a);
  if (end < 0) return null;
  try {
    const text = Buffer.from(bytes.subarray(0, end)).toString('utf8');
    const { data } = header.safeParse(JSON.parse(text));
    return data === undefined ? null : { ...data, message: bytes.subarray(end + 1) };
  } catch {
    return null;
  }
}
