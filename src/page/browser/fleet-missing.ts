import { announce } from './announcer.ts';
import { make, setAttribute, setText } from './dom.ts';
import { missingOf, type ServerCount, type Servers } from './fleet-servers.ts';
import { fleetText } from './fleet-texts.ts';
import { times } from './formats-here.ts';

/** More names are not read out. */
const maxSpoken = 5;
/** Of more servers their times would hide the names. */
const maxTimes = 12;

/** Names every server whose sessions are missing, and why, whatever is filtered or opened. */
export function createMissingNote() {
  const heading = make('h3');
  const causes = make('dl');
  const element = make('section', 'notice missing', heading, causes);
  heading.id = 'fleet-missing-heading';
  element.setAttribute('aria-labelledby', heading.id);
  // Many names are scrolled, which takes the focus where there is no mouse.
  element.tabIndex = 0;
  element.hidden = true;
  let announced = '';

  function show(servers: Servers): void {
    const missing = missingOf(servers);
    const all = [...missing.values()].flat();
    element.hidden = all.length === 0;
    setText(heading, fleetText('missing', { count: all.length }));
    const wanted = [...missing].map(([state, alike]) => [
      fleetText(state === 'answers' ? 'absent' : state),
      alike.map(all.length > maxTimes ? ({ server }) => server : nameOf).join(', '),
    ]);
    const json = JSON.stringify(wanted);
    if (causes.dataset['shown'] !== json) {
      setAttribute(causes, 'data-shown', json);
      causes.replaceChildren(
        ...wanted.map(([cause = '', names = '']) =>
          make('div', '', make('dt', '', cause), make('dd', '', make('bdi', '', names))),
        ),
      );
    }
    announceNews(all);
  }

  function announceNews(all: readonly ServerCount[]): void {
    const now = all.map(({ server, state }) => `${server} ${state}`).join();
    if (now === announced) return;
    const before = announced;
    announced = now;
    const names = all.slice(0, maxSpoken).map(({ server }) => server);
    const told = `${fleetText('missing', { count: all.length })} (${names.join(', ')})`;
    if (now !== '') announce(told, { isUrgent: true });
    else if (before !== '') announce(fleetText('allAnswer'), { isUrgent: true });
  }

  return {
    element,
    show,
    forget: () => {
      announced = '';
    },
  };
}

function nameOf({ server, last_answer }: ServerCount): string {
  if (last_answer === null) return server;
  return fleetText('lastAnswer', { server, time: times.short(last_answer) });
}
