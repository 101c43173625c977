/** A way in which a page may make a browser send a request to another site. */
export interface Attack {
  readonly name: string;
  /** The page's HTML; `here` is the origin of a page of the attacker's, `target` the call. */
  html(target: string, here: string): string;
  /** A selector that the user is made to click. */
  readonly click?: string;
  /** True where it makes the browser leave the page, or open a window: then it is no third party. */
  readonly navigates?: boolean;
  /** True where browsers may send nothing that is a call. */
  readonly mayBeStopped?: boolean;
}

const run = (script: string) => `<script>${script}</script>`;
const text = (value: string) => JSON.stringify(value);
const escaped = (value: string) => value.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

/** A form that sends itself; by GET its fields take the place of the target’s query. */
function form(target: string, attributes: string): string {
  const fields = [...new URL(target).searchParams].map(
    ([name, value]) => `<input name="${name}" value="${value}">`,
  );
  return `<form action="${target}" ${attributes}>${fields.join('')}</form><script>document.forms[0].submit()</script>`;
}

const pages: [name: string, html: Attack['html'], more?: Partial<Attack>][] = [
  ['a picture', (target) => `<img src="${target}">`],
  [
    'a picture without a referrer',
    (target) => `<img referrerpolicy="no-referrer" src="${target}">`,
  ],
  ['a link', (target) => `<a id="go" href="${target}">go</a>`, { click: '#go', navigates: true }],
  [
    'a link into a new window without a referrer',
    (target) => `<a id="go" rel="noreferrer" target="_blank" href="${target}">go</a>`,
    { click: '#go', navigates: true },
  ],
  [
    'a link that pings',
    (target) => `<a id="go" href="#here" ping="${target}">go</a>`,
    { click: '#go' },
  ],
  ['a form by GET', (target) => form(target, 'method="get"'), { navigates: true }],
  ['a form by POST', (target) => form(target, 'method="post"'), { navigates: true }],
  [
    'a form as text',
    (target) => form(target, 'method="post" enctype="text/plain"'),
    { navigates: true },
  ],
  [
    'a form as multipart',
    (target) => form(target, 'method="post" enctype="multipart/form-data"'),
    { navigates: true },
  ],
  [
    'a form by POST without a referrer',
    (target) => `<meta name="referrer" content="no-referrer">${form(target, 'method="post"')}`,
    { navigates: true },
  ],
  [
    'a form by POST in a frame of no origin',
    (target) =>
      `<iframe sandbox="allow-forms allow-scripts" srcdoc="${escaped(form(target, 'method="post"'))}"></iframe>`,
  ],
  [
    'a form by POST in a frame of a data URL',
    (target) =>
      `<iframe src="data:text/html,${encodeURIComponent(form(target, 'method="post"'))}"></iframe>`,
  ],
  [
    'a form by POST in a frame of about:blank',
    (target) =>
      `<iframe id="f"></iframe>${run(`const d = f.contentDocument; d.open(); d.write(${text(form(target, 'method="post"')).replaceAll('</', '<\\/')}); d.close();`)}`,
  ],
  [
    'a form by POST that its own site sends on',
    (target, here) =>
      form(`${here}/send-on?status=307&to=${encodeURIComponent(target)}`, 'method="post"'),
    { navigates: true },
  ],
  [
    'a picture that its own site sends on',
    (target, here) => `<img src="${here}/send-on?status=302&amp;to=${encodeURIComponent(target)}">`,
  ],
  ['a script', (target) => `<script src="${target}"></script>`],
  ['a style sheet', (target) => `<link rel="stylesheet" href="${target}">`],
  ['a frame', (target) => `<iframe src="${target}"></iframe>`],
  ['an object', (target) => `<object data="${target}"></object>`],
  ['a film', (target) => `<video src="${target}" autoplay></video>`],
  [
    'a refresh',
    (target) => `<meta http-equiv="refresh" content="0;url=${target}">`,
    { navigates: true },
  ],
  ['a prefetch', (target) => `<link rel="prefetch" href="${target}">`, { mayBeStopped: true }],
  ['a window', (target) => run(`window.open(${text(target)})`), { mayBeStopped: true }],
  ['a change of place', (target) => run(`location = ${text(target)}`), { navigates: true }],
  ...['GET', 'POST', 'HEAD'].flatMap((method): (typeof pages)[number][] =>
    ['strict-origin-when-cross-origin', 'no-referrer'].map((referrerPolicy) => [
      `a fetch by ${method}, ${referrerPolicy}`,
      (target) =>
        run(
          `fetch(${text(target)}, ${JSON.stringify({ method, mode: 'no-cors', credentials: 'include', referrerPolicy })})`,
        ),
    ]),
  ),
  [
    'a fetch that outlives its page',
    (target) =>
      run(
        `fetch(${text(target)}, { method: 'POST', mode: 'no-cors', credentials: 'include', keepalive: true, body: 'login=all' })`,
      ),
  ],
  [
    'a fetch that asks first',
    (target) =>
      run(
        `fetch(${text(target)}, { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json' }, body: '{"login":"all"}' })`,
      ),
    { mayBeStopped: true },
  ],
  [
    'an XMLHttpRequest by POST',
    (target) =>
      run(
        `const x = new XMLHttpRequest(); x.open('POST', ${text(target)}); x.withCredentials = true; x.send('login=all');`,
      ),
  ],
  ['a beacon', (target) => run(`navigator.sendBeacon(${text(target)}, 'login=all')`)],
  [
    'an event source',
    (target) => run(`new EventSource(${text(target)}, { withCredentials: true })`),
  ],
  ['a web socket', (target) => run(`new WebSocket(${text(target.replace(/^http/, 'ws'))})`)],
  [
    'a worker',
    (target) =>
      run(`new Worker(URL.createObjectURL(new Blob([${text(`importScripts(${text(target)})`)}])))`),
  ],
];

/** Every way that was thought of. */
export const attacks: readonly Attack[] = pages.map(([name, html, more = {}]) => ({
  name,
  html,
  ...more,
}));
