import { ByteSink, compare, decodeSized, orderedCodec, validatePart, type ValueType } from '@skerry/domain-values';

const count = 1024;
const rounds = 2000;
const samples: readonly (readonly [string, ValueType, (i: number) => number[]])[] = [
  ['int', { kind: 'int' }, (i) => [i >> 24, i >> 16, i >> 8, i].map((byte) => byte & 255)],
  ['bigint', { kind: 'bigint' }, (i) => [0, 0, 1, 2, 3, i >> 8, i & 255, 7].map((byte) => byte & 255)],
  ['timestamp', { kind: 'timestamp' }, (i) => [0, 0, 1, 0x90, 3, i >> 8, i & 255, 7].map((byte) => byte & 255)],
  ['text of 10', { kind: 'text' }, (i) => Array.from(`key:${String(i).padStart(6, '0')}`, (c) => c.charCodeAt(0))],
  ['text of 34', { kind: 'text' }, (i) => Array.from(`v:${String(i).padStart(32, 'x')}`, (c) => c.charCodeAt(0))],
  [
    'uuid',
    { kind: 'uuid' },
    (i) => [i >> 8, i, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16].map((b) => b & 255),
  ],
  [
    'timeuuid',
    { kind: 'timeuuid' },
    (i) => [i >> 8, i, 3, 4, 5, 6, 0x17, 8, 0x89, 10, 11, 12, 13, 14, 15, 16].map((b) => b & 255),
  ],
  ['double', { kind: 'double' }, (i) => [0x40, i >> 8, i, 4, 5, 6, 7, 8].map((b) => b & 255)],
  ['varint', { kind: 'varint' }, (i) => [1, i >> 8, i].map((b) => b & 255)],
  ['decimal', { kind: 'decimal' }, (i) => [0, 0, 0, 2, 1, i >> 8, i].map((b) => b & 255)],
];

const cases = samples.map(([name, type, make]) => {
  const values = Array.from({ length: count }, (_, i) => Uint8Array.from(make(i)));
  const size = values[0]?.length ?? 0;
  const frame = new Uint8Array(count * size);
  values.forEach((value, i) => frame.set(value, i * size));
  return { name, type, values, size, frame, codec: orderedCodec(type), down: orderedCodec(type, true) };
});
type Case = (typeof cases)[number];

const keys = new ByteSink(1 << 16);
const row = new ByteSink(1 << 16);
const steps: readonly (readonly [string, (each: Case) => void])[] = [
  [
    'validate',
    ({ type, frame, size }) => {
      for (let i = 0; i < count; i++)
        if (validatePart(type, frame, i * size, (i + 1) * size) !== undefined) throw new Error();
    },
  ],
  [
    'append',
    ({ codec, frame, size }) => {
      keys.clear();
      for (let i = 0; i < count; i++) codec.append(keys, frame, i * size, (i + 1) * size);
    },
  ],
  [
    'append desc',
    ({ down, frame, size }) => {
      keys.clear();
      for (let i = 0; i < count; i++) down.append(keys, frame, i * size, (i + 1) * size);
    },
  ],
  [
    'decode',
    ({ codec, frame, size }) => {
      if (keys.length === 0 || decodeOf !== codec) {
        keys.clear();
        decodeOf = codec;
        for (let i = 0; i < count; i++) codec.append(keys, frame, i * size, (i + 1) * size);
      }
      row.clear();
      let at = 0;
      for (let i = 0; i < count; i++) at = decodeSized(codec, keys.bytes, at, row);
    },
  ],
  [
    'compare',
    ({ type, values }) => {
      for (let i = 1; i < count; i++)
        if (compare(type, values[i - 1] as Uint8Array, values[i] as Uint8Array) > 0) sum++;
    },
  ],
];
let decodeOf: Case['codec'] | undefined;
let sum = 0;

const slow = new Set(['varint', 'decimal']);
const measured = (each: Case, step: (each: Case) => void): number => {
  const times = slow.has(each.name) ? rounds / 20 : rounds;
  decodeOf = undefined;
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) step(each);
  return Number(process.hrtime.bigint() - start) / times / count;
};
for (const each of cases) for (const [, step] of steps) measured(each, step);
for (const each of cases) {
  const figures = steps.map(([name, step]) => `${name} ${measured(each, step).toFixed(1)}`);
  process.stdout.write(`${each.name.padEnd(12)} ns: ${figures.join('  ')}\n`);
}
