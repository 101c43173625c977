import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';

/**
 * Gives a package in CommonJS that is imported late, `await import('cookie')`, the names of what it
 * exports, as Node.js does. esbuild gives such an import `default` alone.
 */
export const latePackages: Plugin = {
  name: 'late packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' && !path.startsWith('node:')
        ? { path, namespace: 'late', pluginData: resolveDir }
        : null,
    );
    onLoad({ filter: /./, namespace: 'late' }, async ({ path, pluginData: resolveDir }) => {
      const file = createRequire(join(resolveDir, 'any.js')).resolve(path);
      const names = Object.keys(await import(pathToFileURL(file).href)).filter(
        (name) => name !== 'default' && name !== 'module.exports',
      );
      return { contents: `export { default, ${names.join(', ')} } from '${path}';`, resolveDir };
    });
  },
};
