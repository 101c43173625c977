import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../support/debian-packages.ts';
import { interpreter } from './interpreters.ts';

/** A request as a published client forms it, and by which library it sends it. */
export interface SentRequest {
  /** The library, where a language has several here: curl or stream, requests or urllib. */
  readonly how?: 'curl' | 'stream' | 'requests' | 'urllib';
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole header lines, with whatever a script puts behind them. */
  readonly rawHeaders?: readonly string[];
  /** Name and password, where the library makes the header itself. */
  readonly auth?: readonly [string, string];
  readonly agent?: string;
  /** The body as a text. */
  readonly body?: string;
  /** Whether the client says that the body is a form; libraries that do so by themselves are not told. */
  readonly isForm?: boolean;
  /** Whether it stands behind the headers in what the library takes for them. */
  readonly isBodyInHeader?: boolean;
  /** Fields that the library itself makes a body of. */
  readonly form?: Readonly<Record<string, string>>;
}

export interface SentAnswer {
  /** 0 where the library failed, with its word as the body. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type SenderLanguage = 'perl' | 'php' | 'python' | 'ruby' | 'shell';

/** What sends requests of one language, for all clients in it. */
export interface Sender {
  send(request: SentRequest): Promise<SentAnswer>;
  stop(): Promise<void>;
}

const files = { perl: 'perl.pl', php: 'php.php', python: 'python.py', ruby: 'ruby.rb' } as const;

/** Starts a program of senders/ that sends one request after another. */
export async function startSender(language: SenderLanguage): Promise<Sender> {
  if (language === 'shell') return curlSender();
  const { command, args = [], env } = await interpreter(language);
  const file = join(projectRoot(), 'test/system/clients/senders', files[language]);
  const { PATH, HOME } = process.env;
  const child = spawn(command, [...args, file], {
    env: { PATH, HOME, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async send(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the sender in ${language} has ended`);
      return JSON.parse(value) as SentAnswer;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** curl's own command for each request; headers and body come by standard input, in no title. */
async function curlSender(): Promise<Sender> {
  const { command, env } = await interpreter('curl');
  return {
    send: (request) => {
      const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
      const config = [
        `url = ${quoted(request.url)}`,
        'insecure',
        'silent',
        'write-out = "\\n%{http_code}"',
        ...Object.entries(request.headers).map(
          ([name, value]) => `header = ${quoted(`${name}: ${value}`)}`,
        ),
        ...(request.body === undefined ? [] : [`data = ${quoted(request.body)}`]),
      ].join('\n');
      const { PATH } = process.env;
      return new Promise((resolve, reject) => {
        const child = execFile(
          command,
          ['--config', '-'],
          { env: { PATH, ...env } },
          (error, out) => {
            if (error !== null) return reject(error);
            const end = out.lastIndexOf('\n');
            resolve({ status: Number(out.slice(end + 1)), headers: {}, body: out.slice(0, end) });
          },
        );
        child.stdin?.end(config);
      });
    },
    stop: async () => {},
  };
}
