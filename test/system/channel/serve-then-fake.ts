import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { ask } from './ask.ts';
import type { Misdeed } from './fake-http-worker.ts';
import { type CopyOptions, copyProgram } from './program-copy.ts';
import { makeState, type ServedUapid, serve } from './served.ts';

/** What the log says, of these messages. */
export const messages = (uapid: ServedUapid, wanted: RegExp) =>
  uapid.log().filter(({ msg }) => wanted.test(String(msg)));

/** Starts a copy of the program, whose worker is real until another is set. */
export async function serveReal(
  t: TestContext,
  { state = makeState(t), ...options }: CopyOptions & { readonly state?: State } = {},
) {
  const { program, setMisdeed } = copyProgram(t, options);
  const served = await serve(t, { program, stateDir: state.stateDir });
  const uapid = { ...served, password: state.password };
  const real = await uapid.httpPid();
  assert.equal((await ask(uapid)).status, 200);
  return { uapid, setMisdeed, real, descriptors: countDescriptors(uapid.pid) };
}

/** Starts a copy of the program whose worker is real at first, and makes the next ones fakes. */
export async function serveThenFake(t: TestContext, misdeed: Misdeed, state = makeState(t)) {
  const { real, ...served } = await serveReal(t, { state });
  served.setMisdeed(misdeed);
  process.kill(real, 'SIGKILL');
  return served;
}

type State = ReturnType<typeof makeState>;

/** How many descriptors a process has open. */
export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
