import { type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod';
import { memberName } from '../messages/ask.ts';

/*
 * A signed request on its way: a line of JSON, which says whose signature it is, and then the bytes
 * that are signed, as they are: nobody has to write JSON the same way twice.
 */

/**
 * Stands before what is signed, and nowhere else. The messaging server lets its clients prove their
 * keys by signing a text of its choice; no such text is ever a request.
 */
const domain = Buffer.from('uapid fleet request 1\0');

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
});
export type FrameHeader = z.infer<typeof header>;

export interface SignedFrame extends FrameHeader {
  readonly message: Uint8Array;
}

const maxHeaderBytes = 512;

/** The Ed25519 signature (RFC 8032) of a request, in base64url. */
export function signRequest(message: Uint8Array, key: KeyObject): string {
  return sign(null, Buffer.concat([domain, message]), key).toString('base64url');
}

/** Whether that key made the signature for exactly that request. */
export function isSigned({ message, signature }: SignedFrame, key: KeyObject): boolean {
  return verify(null, Buffer.concat([domain, message]), key, Buffer.from(signature, 'base64url'));
}

export function encodeFrame({ message, ...rest }: SignedFrame): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(rest)}\n`), message]);
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
