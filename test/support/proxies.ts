import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackPackages } from './debian-packages.ts';
import { EndedEarly } from './free-port.ts';
import { until } from './until.ts';

export type ProxyName = 'nginx' | 'HAProxy' | 'Apache httpd';

interface Kind {
  readonly packages: readonly string[];
  readonly program: string;
  readonly args: (folder: string, root: string) => readonly string[];
  /** Its configuration: what the distribution ships, as far as it bears on a proxied request. */
  readonly configuration: (place: Place, root: string) => string;
}

interface Place {
  readonly folder: string;
  readonly port: number;
  /** Where the server behind it listens, as HOST:PORT. */
  readonly server: string;
}

const libraries = 'usr/lib/x86_64-linux-gnu';

const kinds: Readonly<Record<ProxyName, Kind>> = {
  nginx: {
    packages: ['nginx', 'nginx-common'],
    program: 'usr/sbin/nginx',
    args: (folder) => ['-p', folder, '-c', 'proxy.conf', '-e', join(folder, 'error.log')],
    // One address with nothing but proxy_pass, the next with connections that are kept.
    configuration: ({ folder, port, server }) => `
daemon off; worker_processes 1; pid ${folder}/pid;
events { worker_connections 128; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream kept { server ${server}; keepalive 8; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://${server}; } }
  server {
    listen 127.0.0.2:${port};
    location / { proxy_pass http://kept; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`,
  },
  HAProxy: {
    packages: ['haproxy'],
    program: 'usr/sbin/haproxy',
    args: (folder) => ['-db', '-f', join(folder, 'proxy.conf')],
    configuration: ({ port, server }) => `
defaults
  mode http
  option dontlognull
  timeout connect 5000
  timeout client 50000
  timeout server 50000
frontend here
  bind 127.0.0.1:${port}
  default_backend there
backend there
  server uapid ${server}
`,
  },
  'Apache httpd': {
    packages: ['apache2-bin'],
    program: 'usr/sbin/apache2',
    args: (folder) => ['-X', '-d', folder, '-f', join(folder, 'proxy.conf')],
    configuration: ({ folder, port, server }, root) => `
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
Mutex file:${folder}
${['mpm_event', 'authz_core', 'proxy', 'proxy_http']
  .map((name) => `LoadModule ${name}_module ${root}/usr/lib/apache2/modules/mod_${name}.so`)
  .join('\n')}
ProxyPass / http://${server}/
ProxyPassReverse / http://${server}/
`,
  },
};

export const proxyNames = Object.keys(kinds) as ProxyName[];

/** Fetches the three of the distribution, unpacked into `.cache` and never installed. */
export async function fetchProxies(): Promise<void> {
  for (const name of proxyNames) await unpack(name);
}

function unpack(name: ProxyName): Promise<string> {
  const { packages } = kinds[name];
  const folder = name.toLowerCase().replace(/ .*/, '');
  return unpackPackages(folder, packages, { withDependencies: true });
}

/** A real proxy that passes all of 127.0.0.1:PORT to a server. */
export interface StartedProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one in front of `server` (HOST:PORT) as its distribution configures it; resolves when it takes connections. */
export async function startProxy(
  name: ProxyName,
  { port, server }: Pick<Place, 'port' | 'server'>,
): Promise<StartedProxy> {
  const root = await unpack(name);
  const folder = mkdtempSync(join(tmpdir(), 'uapid-proxy-'));
  mkdirSync(join(folder, 'logs'));
  const { program, args, configuration } = kinds[name];
  writeFileSync(
    join(folder, 'proxy.conf'),
    configuration({ folder, port, server }, root).trimStart(),
  );
  const { PATH } = process.env;
  const child: ChildProcess = spawn(join(root, program), args(folder, root), {
    env: { PATH, LD_LIBRARY_PATH: join(root, libraries) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = once(child, 'close');
  const isOut = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!isOut()) child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(killer);
    rmSync(folder, { recursive: true, force: true });
  };
  const takes = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      (answer) => answer.arrayBuffer().then(() => true),
      () => isOut(),
    );
  await until(takes, { what: `${name} takes connections`, timeoutMs: 30_000 });
  if (isOut()) {
    await stop();
    throw new EndedEarly(`${name} ended: ${said}`);
  }
  return { port, stop };
}
