// Modules with JSX as a bundler makes them: with React, and with the browser client of this checkout.
import { build } from 'esbuild';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { checkout } from './process.mjs';

const e2e = fileURLToPath(new URL('..', import.meta.url));
const client = `${checkout}web/client/`;

async function text(code, options) {
  const { outputFiles } = await build({
    stdin: { contents: code, loader: 'jsx', resolveDir: e2e },
    bundle: true,
    write: false,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    ...options,
    alias: {
      'fanfare-client/react': `${client}fanfare-react.js`,
      'fanfare-client/shared': `${client}fanfare-shared.js`,
      'fanfare-client/testing': `${client}fanfare-testing.js`,
      'fanfare-client': `${client}fanfare.js`,
      react: `${e2e}node_modules/react`, // one of them, though the client's folder has one, too
      ...options.alias,
    },
  });
  return outputFiles[0].text;
}

/** A page's script. `alias` has further packages, by their paths. */
export const bundle = (code, { alias } = {}) => text(code, { format: 'esm', platform: 'browser', alias });

/** What the module exports, here and now. */
export async function bundleForNode(code) {
  const module = { exports: {} };
  new Function('module', 'exports', 'require', await text(code, { format: 'cjs', platform: 'node' }))(module, module.exports, createRequire(import.meta.url));
  return module.exports;
}
