/*
 * How a gateway asks a host and gets an answer, whatever carries it. A transport knows names, verbs and
 * bytes; what they say and who may say it is not its business.
 */

/**
 * What became of a request: the host answered; it is not connected, told at once; it did not answer
 * until the signal; it was not asked, since it has sent more than it was asked for before; or this side lost its own
 * connection, which says nothing of any host.
 */
export type AskResult =
  | { readonly kind: 'answer'; readonly parts: readonly Uint8Array[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'shut-out' }
  | {
      readonly kind: 'lost';
      /** Where nothing of the request can have left this process. */
      readonly isUnsent?: true;
    };

export type NoAnswer = Exclude<AskResult, { kind: 'answer' }>;

/** Who waits. */
export interface WaitListener {
  handleEvent(): void;
}

/** What of an AbortSignal ends a wait. A transport adds one listener, and removes it. */
export interface WaitSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: WaitListener, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: WaitListener): void;
}

export interface AskOptions {
  /** Ends the waiting; then the result is `silent`. */
  readonly signal: WaitSignal;
  /** When it goes out (performance.now()), by which its caller knows it again. */
  readonly askedAt?: number;
  /**
   * Told each part that comes beyond the answer, for some seconds: one that came too late, or a second
   * answer. Also parts of two answers that come mixed. With it the server and `askedAt`, so that all
   * requests can share the function.
   */
  readonly onExtra?: (part: Uint8Array, server: string, askedAt: number) => void;
  /** Bytes that the answer may have; as many as any unless given. A host that sends many more is not asked for some time. */
  readonly maxBytes?: number;
}

/** A gateway's end. */
export interface GatewayTransport {
  /** Never rejects. */
  ask(server: string, verb: string, body: Uint8Array, options: AskOptions): Promise<AskResult>;
  /** Why nobody can be asked, in words for an administrator; null while somebody can. */
  problem(): string | null;
  close(): Promise<void>;
}

/** Answers one request in parts; null for no answer at all. */
export type Answerer = (verb: string, body: Uint8Array) => Promise<readonly Uint8Array[] | null>;

/** A host's end. */
export interface AgentTransport {
  /** Bytes that a part of an answer may have at most. */
  maxPartBytes(): number;
  close(): Promise<void>;
}

/** Late parts are told so long after a request went out. */
export const extraMs = 10_000;
