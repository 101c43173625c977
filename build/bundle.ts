import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { latePackages } from './late-packages.ts';
import { licencesOf } from './licences.ts';
import { programGroups } from './programs.ts';

const external = [
  // Each loads a binary from a package of its own for each platform.
  '@node-rs/argon2',
  '@node-rs/bcrypt',
  // What Fastify loads where nobody gives it compilers of schemas (src/http/no-compilers.ts), and for the
  // requests without a network that tests make.
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
  'light-my-request',
];

const require = createRequire(import.meta.url);
const swaggerUi = require.resolve('@fastify/swagger-ui');

/** What the page /docs takes of it. */
const swaggerFiles = ['index.css', 'swagger-ui-bundle.js', 'swagger-ui.css'];

/**
 * Makes of `src/` below `root` the program that ships, in `dist/src/`: the programs with all that they
 * import in few files, since reading some 600 modules was a third of a start, and the files of the
 * pages. What several programs share, and what is imported late, lies in `dist/src/chunks/`; which
 * licences the packages in them have is in `dist/src/licences.txt`. The same sources give the same bytes.
 * Gives of what each file is made, and which others it loads.
 */
export async function bundle(root: string): Promise<Metafile> {
  const goal = join(root, 'dist/src');
  rmSync(join(goal, 'chunks'), { recursive: true, force: true });
  const files = await Promise.all(programGroups.map((names) => buildPrograms(root, names)));
  const metafile: Metafile = {
    inputs: Object.assign({}, ...files.map(({ inputs }) => inputs)),
    outputs: Object.assign({}, ...files.map(({ outputs }) => outputs)),
  };
  copyPages(root, goal);
  const packages = [...Object.keys(metafile.inputs), swaggerUi];
  writeFileSync(join(goal, 'licences.txt'), licencesOf(root, packages));
  return metafile;
}

/** Makes these programs, which share files with each other. */
async function buildPrograms(root: string, names: readonly string[]): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: names.map((program) => `src/${program}`),
    outbase: 'src',
    outdir: 'dist/src',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    // Of tsconfig.json what makes a difference here, wherever the sources lie.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    external,
    plugins: [latePackages],
    // Nobody reads them unless Node.js is told to.
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    // Packages in CommonJS expect these in their scope.
    banner: {
      js:
        "import { createRequire as $createRequire } from 'node:module';\n" +
        'const require = $createRequire(import.meta.url);',
    },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  });
  return metafile;
}

function copyPages(root: string, goal: string): void {
  for (const folder of ['page/static', 'page/languages', 'page/swagger']) {
    cpSync(join(root, 'src', folder), join(goal, folder), { recursive: true });
  }
  const files = join(dirname(swaggerUi), 'static');
  for (const name of swaggerFiles) cpSync(join(files, name), join(goal, 'page/swagger', name));
}
