/**
 * Writes docs/LIMITS.md from the sources: every documented constant that bounds something. `--check` fails when the
 * document is not what the sources say.
 */
import { globSync, readFileSync, readdirSync, writeFileSync } from './files.mjs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n(?:export )?const (\w+)(?:: \w+)? = ([^;\n]+);/g;
const bounds =
  /(Max|Min|Limit|Timeout|Deadline|Life|Capacity|Interval|PerSecond)(Bytes|Ms|Ticks|Count|Seconds|Attempts|Records|Chars)?$|(Max|Timeout|Life)[A-Z]\w*$/;
const oneLine = (comment) =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim())
    .join(' ')
    .replaceAll('|', '\\|')
    .trim();

const rows = [];
for (const manifest of globSync(root, ['libs/*/package.json', 'libs/*/*/package.json', 'apps/*/package.json'])) {
  const directory = dirname(manifest);
  const sources = readdirSync(join(root, directory, 'src'), { recursive: true }).map(String);
  for (const file of sources
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('gen/'))
    .toSorted())
    for (const [, comment, name, value] of readFileSync(join(root, directory, 'src', file), 'utf8').matchAll(
      documented,
    ))
      if (bounds.test(name))
        rows.push(`| \`${name}\` | ${value.replaceAll('|', '\\|')} | ${oneLine(comment)} | ${directory}/src/${file} |`);
}
const text = `# Limits

Everything that could grow has a limit, and the limit answers: FTP 421, 452 or 552, gRPC RESOURCE_EXHAUSTED. Limits that a
person may want to change are settings (\`npx skerry node ROLE --help\` gives range and default); these are the fixed ones.
Made by \`node tools/limits.mjs\` from the constants themselves; the gate checks that it is current.

| limit | value | meaning | where |
|---|---|---|---|
${rows.join('\n')}
`;
const file = join(root, 'docs/LIMITS.md');
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/LIMITS.md is not current: run `node tools/limits.mjs`');
    process.exit(1);
  }
} else writeFileSync(file, text);
console.log(`limits: ${rows.length}`);
