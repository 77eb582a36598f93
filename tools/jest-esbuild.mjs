// Jest transformer: TypeScript -> JavaScript with esbuild (no type check, inline source map).
import { transformSync, version } from 'esbuild';
import { createHash } from 'node:crypto';

const options = (filename, esm) => ({
  loader: filename.endsWith('.tsx') ? 'tsx' : 'ts',
  format: esm ? 'esm' : 'cjs',
  target: 'node20',
  sourcemap: 'inline',
  sourcefile: filename,
  sourcesContent: false,
});
export default {
  canInstrument: false,
  getCacheKey: (src, filename, o) =>
    createHash('sha1')
      .update(src)
      .update('\0')
      .update(filename)
      .update('\0')
      .update(`${version}|${o.supportsStaticESM}|3`)
      .digest('hex'),
  process: (src, filename, o) => ({ code: transformSync(src, options(filename, o.supportsStaticESM)).code }),
};
