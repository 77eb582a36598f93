/** The options of a table: what CREATE and ALTER may set, defaults, checks. Source: Cassandra 5.0, TableParams, TableAttributes. */
import type { Properties, PropertyValue } from '@skerry/protocol-cql';
import { misconfigured } from './fault.ts';
import { bloomFilterDefault, caching, compaction, compression, speculation } from './map-options.ts';
import { javaDouble, uuidFromText } from './names.ts';
import { booleanValue, checkNames, doubleValue, integerValue, mapValue, simpleValue } from './properties.ts';

/** Twenty years: the longest TTL, in seconds. */
export const ttlMaxSeconds = 630_720_000;
/** Below this a Bloom filter would need more bits for a key than there are. */
export const bloomFilterChanceMin = 6.71e-5;

/** What `TableSchema` has as fields of its own, and all the rest. */
export type TableOptions = {
  readonly gcGraceSeconds: number;
  readonly defaultTtlSeconds: number;
  readonly options: ReadonlyMap<string, PropertyValue>;
};

/** Every option that is kept in `options`, with its default, in the order in which DESCRIBE shows them. */
const defaults: readonly (readonly [string, PropertyValue])[] = [
  ['additional_write_policy', '99p'],
  ['allow_auto_snapshot', true],
  ['bloom_filter_fp_chance', 0.01],
  [
    'caching',
    new Map([
      ['keys', 'ALL'],
      ['rows_per_partition', 'NONE'],
    ]),
  ],
  ['cdc', false],
  ['comment', ''],
  ['compaction', compaction(new Map([['class', 'SizeTieredCompactionStrategy']]))],
  ['compression', compression(new Map([['class', 'LZ4Compressor']]))],
  ['memtable', 'default'],
  ['crc_check_chance', 1],
  ['extensions', new Map()],
  ['incremental_backups', true],
  ['max_index_interval', 2048],
  ['memtable_flush_period_in_ms', 0],
  ['min_index_interval', 128],
  ['read_repair', 'BLOCKING'],
  ['speculative_retry', '99p'],
];
export const defaultOptions: TableOptions = {
  gcGraceSeconds: 864_000,
  defaultTtlSeconds: 0,
  options: new Map(defaults),
};

const known: ReadonlySet<string> = new Set([
  ...defaults.map(([name]) => name),
  'default_time_to_live',
  'gc_grace_seconds',
  'id',
]);
/** What a node of ours has; the others of cassandra.yaml's examples are not defined in it either. */
const memtables: ReadonlySet<string> = new Set(['default']);

/** One option in its canonical form. */
function canonical(name: string, value: PropertyValue): PropertyValue {
  switch (name) {
    case 'additional_write_policy':
    case 'speculative_retry':
      return speculation(simpleValue(name, value));
    case 'allow_auto_snapshot':
    case 'cdc':
    case 'incremental_backups':
      return booleanValue(name, value);
    case 'bloom_filter_fp_chance':
    case 'crc_check_chance':
      return doubleValue(name, value);
    case 'caching':
      return caching(mapValue(name, value));
    case 'compaction':
      return compaction(mapValue(name, value));
    case 'compression':
      return compression(mapValue(name, value));
    case 'max_index_interval':
    case 'memtable_flush_period_in_ms':
    case 'min_index_interval':
      return integerValue(name, value);
    case 'memtable': {
      const key = simpleValue(name, value);
      if (!memtables.has(key)) throw misconfigured(`Memtable configuration "${key}" not found.`);
      return key;
    }
    case 'read_repair': {
      const strategy = simpleValue(name, value).toUpperCase();
      if (strategy !== 'BLOCKING' && strategy !== 'NONE')
        throw misconfigured(
          `No enum constant org.apache.cassandra.service.reads.repair.ReadRepairStrategy.${strategy}`,
        );
      return strategy;
    }
    default:
      return simpleValue(name, value);
  }
}

const numberOf = (options: ReadonlyMap<string, PropertyValue>, name: string): number => Number(options.get(name));

function check({ gcGraceSeconds, defaultTtlSeconds, options }: TableOptions): void {
  const bloom = numberOf(options, 'bloom_filter_fp_chance');
  if (bloom <= bloomFilterChanceMin || bloom > 1)
    throw misconfigured(
      `bloom_filter_fp_chance must be larger than ${javaDouble(bloomFilterChanceMin)} ` +
        `and less than or equal to 1.0 (got ${javaDouble(bloom)})`,
    );
  const crc = numberOf(options, 'crc_check_chance');
  if (crc < 0 || crc > 1)
    throw misconfigured(
      `crc_check_chance must be larger than or equal to 0 and smaller than or equal to 1.0 (got ${javaDouble(crc)})`,
    );
  atLeast('default_time_to_live', defaultTtlSeconds, 0);
  if (defaultTtlSeconds > ttlMaxSeconds)
    throw misconfigured(
      `default_time_to_live must be less than or equal to ${ttlMaxSeconds} (got ${defaultTtlSeconds})`,
    );
  atLeast('gc_grace_seconds', gcGraceSeconds, 0);
  const min = numberOf(options, 'min_index_interval');
  atLeast('min_index_interval', min, 1);
  const max = numberOf(options, 'max_index_interval');
  if (max < min)
    throw misconfigured(`max_index_interval must be greater than or equal to min_index_interval (${min}) (got ${max})`);
  atLeast('memtable_flush_period_in_ms', numberOf(options, 'memtable_flush_period_in_ms'), 0);
}
function atLeast(name: string, value: number, least: number): void {
  if (value < least) throw misconfigured(`${name} must be greater than or equal to ${least} (got ${value})`);
}

/** The id that `WITH ID = …` asks for, as 32 hexadecimal digits. */
export function askedId(properties: Properties): string | undefined {
  const value = [...properties].find(([name]) => name.toLowerCase() === 'id')?.[1];
  if (value === undefined) return undefined;
  const id = uuidFromText(simpleValue('id', value));
  if (id === undefined) throw misconfigured('Invalid table id');
  return id;
}

/**
 * `base` with what the statement sets.
 * @throws Refusal unknown property, value of a wrong kind or out of range.
 */
export function readOptions(properties: Properties, base: TableOptions | undefined): TableOptions {
  checkNames(properties, known);
  const before = base ?? defaultOptions;
  let { gcGraceSeconds, defaultTtlSeconds } = before;
  const options = new Map(before.options);
  for (const [written, value] of properties) {
    const name = written.toLowerCase();
    if (name === 'gc_grace_seconds') gcGraceSeconds = integerValue(name, value);
    else if (name === 'default_time_to_live') defaultTtlSeconds = integerValue(name, value);
    // Cassandra takes extensions, and does nothing with them.
    else if (name !== 'id' && name !== 'extensions') options.set(name, canonical(name, value));
  }
  const strategy = options.get('compaction');
  if (base === undefined && !properties.has('bloom_filter_fp_chance') && typeof strategy === 'object')
    options.set('bloom_filter_fp_chance', bloomFilterDefault(strategy));
  const result = { gcGraceSeconds, defaultTtlSeconds, options };
  check(result);
  return result;
}
