/**
 * Fails when an import climbs a floor, crosses a wing, makes a circle of projects, is not declared, or touches the world
 * from a pure floor; when a third-party package is imported in more than one module; when a project has no README.
 * Source: the floors of ARCHITECTURE.md, as tags `floor:N` in each package.json.
 */
import { existsSync, globSync, readFileSync, readdirSync } from './files.mjs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const builtins = new Set(builtinModules);
/** Third-party packages that do no I/O and that a pure floor may import. */
const purePackages = new Set(['@bufbuild/protobuf']);
/** What tests may import besides what their package declares. */
const testPackages = new Set(['@jest/globals', 'fast-check', '@skerry/testing']);
/** Tests, and what only tests use. */
const testFile = /(\.test|\.fixture|\.scenario|\/fixture|\/harness|\/test-[\w-]+|[\w-]+-fixture)\.ts$/;
const pureFloorMax = 1;
const wings = ['protocol', 'cluster', 'domain'];
const importPattern =
  /(?:^|[\n;])\s*(?:import|export)\b[^'"`;=()]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|[\n;])\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

const projects = new Map();
for (const file of globSync(root, [
  'libs/*/package.json',
  'libs/*/*/package.json',
  'apps/*/package.json',
  'tests/*/package.json',
])) {
  const dir = dirname(file);
  const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'));
  const floor = Number(manifest.nx?.tags?.find((tag) => tag.startsWith('floor:'))?.slice('floor:'.length));
  const wing = wings.find((name) => dir.startsWith(`libs/${name}/`));
  projects.set(manifest.name, { name: manifest.name, dir, manifest, floor, wing, imports: new Set() });
}

const errors = [];
const users = new Map();
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** The root's own development tools, which tests may drive. */
const rootManifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const devDependency = (name) => name in rootManifest.devDependencies;

function checkProjectImport(project, target, file, isTest) {
  const fail = (why) => errors.push(`${file}: ${target.name} ${why}`);
  if (target.dir.startsWith('apps/')) return fail('is an app: nothing imports an app');
  if (isTest || target.name === '@skerry/testing') return;
  project.imports.add(target.name);
  if (target.floor > project.floor) return fail(`is on floor ${target.floor}, above floor ${project.floor}`);
  if (target.floor < project.floor) return;
  if (project.floor === 3) return fail('is another service: talk through proto');
  if (project.wing !== target.wing) fail(`is in wing ${target.wing}: the wings of floor 1 do not know each other`);
}

function checkImport(project, specifier, file) {
  const isTest = testFile.test(file) || project.name === '@skerry/testing' || project.dir.startsWith('tests/');
  const pure = project.floor <= pureFloorMax;
  const fail = (why) => errors.push(`${file}: '${specifier}' ${why}`);
  if (specifier.startsWith('.')) {
    if (relative(project.dir, join(dirname(file), specifier)).startsWith('..'))
      fail('leaves its project: import by package name');
    return;
  }
  if (specifier.startsWith('node:') || builtins.has(specifier.split('/')[0])) {
    if (pure) fail('is a Node built-in on a pure floor');
    return;
  }
  const name = packageOf(specifier);
  const declared = { ...project.manifest.dependencies, ...(isTest ? project.manifest.devDependencies : {}) };
  if (!(name in declared) && !(isTest && (testPackages.has(name) || devDependency(name))))
    fail(`is not in the dependencies of ${project.name}`);
  const target = projects.get(name);
  if (target !== undefined) return checkProjectImport(project, target, file, isTest);
  if (isTest || file.includes('/gen/')) return;
  if (pure && !purePackages.has(name)) fail('is not allowed on a pure floor');
  if (!users.has(name)) users.set(name, new Set());
  users.get(name).add(file);
}

for (const project of projects.values()) {
  if (Number.isNaN(project.floor)) errors.push(`${project.dir}/package.json: no "floor:N" tag`);
  if (!existsSync(join(root, project.dir, 'README.md'))) errors.push(`${project.dir}: no README.md`);
  const sources = join(root, project.dir, 'src');
  if (!existsSync(sources)) continue;
  for (const name of readdirSync(sources, { recursive: true })) {
    if (!String(name).endsWith('.ts')) continue;
    const file = join(project.dir, 'src', String(name));
    for (const match of readFileSync(join(root, file), 'utf8').matchAll(importPattern))
      checkImport(project, match[1] ?? match[2] ?? match[3], file);
  }
}
for (const [name, files] of users)
  if (files.size > 1) errors.push(`${name}: imported in ${files.size} modules, wanted one: ${[...files].join(', ')}`);

const reaches = (from, to, seen = new Set()) =>
  [...(projects.get(from)?.imports ?? [])].some(
    (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
  );
for (const name of projects.keys()) if (reaches(name, name)) errors.push(`${name}: imports itself in a circle`);

for (const error of errors) console.error(error);
console.log(`boundaries: ${projects.size} projects, ${errors.length} errors`);
process.exitCode = errors.length === 0 ? 0 : 1;
