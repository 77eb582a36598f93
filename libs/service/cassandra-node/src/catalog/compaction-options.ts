/** What the sub-options of `compaction` may say. Nothing here compacts: they are checked and kept, as they are told to clients.
 * Source: Cassandra 5.0, CompactionParams and validateOptions of the four strategies. */
import { misconfigured } from './fault.ts';

type Texts = ReadonlyMap<string, string>;
type Check = (text: string, name: string) => void;

const integer = /^[+-]?\d+$/;
const isTruth = (text: string): boolean => /^(?:true|false)$/i.test(text);

/** @param largest of the signed number of Java that Cassandra reads it as. */
function parsed(text: string, name: string, largest = 2n ** 31n - 1n): bigint {
  const value = integer.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > largest || value < -largest - 1n)
    throw misconfigured(`${text} is not a parsable int (base10) for ${name}`);
  return value;
}
const long = 2n ** 63n - 1n;

/** As Java reads one: a suffix of its type may follow. */
export function javaDouble(text: string): number | undefined {
  const digits = text.trim().replace(/[dDfF]$/, '');
  if (digits === 'NaN') return Number.NaN;
  const value = digits === '' ? Number.NaN : Number(digits);
  return Number.isNaN(value) ? undefined : value;
}
function decimalNumber(text: string, name: string, kind: string): number {
  const value = javaDouble(text);
  if (value === undefined || Number.isNaN(value)) throw misconfigured(`${text} is not a parsable ${kind} for ${name}`);
  return value;
}

const positiveSize: Check = (text, name) => {
  const value = parsed(text, name);
  if (value < 1n) throw misconfigured(`${name} must be larger than 0, but was ${value}`);
};
const window: Check = (text, name) => {
  const value = parsed(text, name);
  if (value < 1n) throw misconfigured(`${value} must be greater than 1 for ${name}`);
};
const oneOf =
  (...words: readonly string[]): Check =>
  (text, name) => {
    if (!words.includes(text)) throw misconfigured(`${text} is not valid for ${name}`);
  };

const everyStrategy: Readonly<Record<string, Check | undefined>> = {
  tombstone_threshold: (text, name) => {
    const value = decimalNumber(text, name, 'int (base10)');
    if (value < 0) throw misconfigured(`${name} must be greater than 0, but was ${value.toFixed(6)}`);
  },
  tombstone_compaction_interval: (text, name) => {
    const value = parsed(text, name, long);
    if (value < 0n) throw misconfigured(`${name} must be greater than 0, but was ${value}`);
  },
  unchecked_tombstone_compaction: (text, name) => {
    if (!isTruth(text)) throw misconfigured(`'${name}' should be either 'true' or 'false', not '${text}'`);
  },
  log_all: (text, name) => {
    if (!isTruth(text)) throw misconfigured(`'${name}' should either be 'true' or 'false', not ${text}`);
  },
  enabled: (text, name) => {
    if (!isTruth(text)) throw misconfigured(`${name} should either be 'true' or 'false', not ${text}`);
  },
  only_purge_repaired_tombstones: undefined,
  provide_overlapping_tombstones: undefined,
};

/** Checked after the strategy's own. */
const thresholds: Readonly<Record<string, Check | undefined>> = { min_threshold: undefined, max_threshold: undefined };

const sizeTiered: Readonly<Record<string, Check | undefined>> = {
  ...thresholds,
  min_sstable_size: (text, name) => {
    const value = parsed(text, name, long);
    if (value < 0n) throw misconfigured(`${name} must be non negative: ${value}`);
  },
  bucket_low: (text, name) => void decimalNumber(text, name, 'float'),
  bucket_high: (text, name) => void decimalNumber(text, name, 'float'),
};

const scaling = /^(?:N|L(\d+)|T(\d+)|[+-]?\d+)$/;
const unified: Readonly<Record<string, Check | undefined>> = {
  scaling_parameters: (text) => {
    for (const part of text.split(',').map((one) => one.trim())) {
      const match = scaling.exec(part);
      if (match === null) throw misconfigured(`Scaling parameter ${part} must match N|L[0-9]+|T[0-9]+|[+-]?[0-9]+`);
      const fan = match[1] ?? match[2];
      if (fan !== undefined && Number(fan) < 2) throw misconfigured(`Fan factor cannot be lower than 2 in ${part}`);
    }
  },
  base_shard_count: (text, name) => {
    const value = parsed(text, name);
    if (value <= 0n) throw misconfigured(`Invalid configuration, ${name} should be positive: ${value}`);
  },
  target_sstable_size: (text, name) => {
    if (!text.endsWith('B'))
      throw misconfigured(`${name} ${text} is not a valid size in bytes: ${text} does not end in unit B`);
  },
  max_sstables_to_compact: (text, name) => void parsed(text, name),
  expired_sstable_check_frequency_seconds: (text, name) => {
    const value = parsed(text, name, long);
    if (value <= 0n) throw misconfigured(`Invalid configuration, ${name} should be positive: ${value}`);
  },
  unsafe_aggressive_sstable_expiration: (text, name) => {
    if (!isTruth(text)) throw misconfigured(`${name} should either be 'true' or 'false', not ${text}`);
  },
  overlap_inclusion_method: (text) => {
    if (!['NONE', 'SINGLE', 'TRANSITIVE'].includes(text.toUpperCase()))
      throw misconfigured(
        `Invalid overlap inclusion method ${text}. The valid options are [NONE, SINGLE, TRANSITIVE].`,
      );
  },
  ...thresholds,
  min_sstable_size: undefined,
  flush_size_override: undefined,
  sstable_growth: undefined,
  parallelize_output_shards: undefined,
};

const strategies: Readonly<Record<string, Readonly<Record<string, Check | undefined>>>> = {
  SizeTieredCompactionStrategy: sizeTiered,
  LeveledCompactionStrategy: {
    sstable_size_in_mb: positiveSize,
    fanout_size: positiveSize,
    single_sstable_uplevel: undefined,
    ...sizeTiered,
  },
  TimeWindowCompactionStrategy: {
    timestamp_resolution: oneOf('SECONDS', 'MILLISECONDS', 'MICROSECONDS', 'NANOSECONDS'),
    compaction_window_unit: oneOf('MINUTES', 'HOURS', 'DAYS'),
    compaction_window_size: window,
    expired_sstable_check_frequency_seconds: (text, name) => {
      const value = parsed(text, name, long);
      if (value < 0n) throw misconfigured(`${name} must not be negative, but was ${value}`);
    },
    unsafe_aggressive_sstable_expiration: (text, name) => {
      if (!isTruth(text)) throw misconfigured(`${name} is not 'true' or 'false' (${text})`);
    },
    ...sizeTiered,
  },
  UnifiedCompactionStrategy: unified,
};

/** The smallest and the largest ratio of sizes in one bucket. */
const defaultBucket = { low: '0.5', high: '1.5' };

function checkBuckets(options: Texts): void {
  const low = Number(options.get('bucket_low') ?? defaultBucket.low);
  const high = Number(options.get('bucket_high') ?? defaultBucket.high);
  const shown = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
  if (high <= low)
    throw misconfigured(
      `bucket_high value (${shown(high)}) is less than or equal to the bucket_low value (${shown(low)})`,
    );
}

function checkThresholds(options: Texts): void {
  const read = (name: string, otherwise: string): number => {
    const text = options.get(name) ?? otherwise;
    if (!/^\d+$/.test(text))
      throw misconfigured(`Invalid value ${text} for '${name}' compaction sub-option - must be an integer`);
    return Number(text);
  };
  const min = read('min_threshold', '4');
  const max = read('max_threshold', '32');
  if (min <= 0 || max <= 0)
    throw misconfigured(
      'Disabling compaction by setting compaction thresholds to 0 has been removed, ' +
        "set the compaction option 'enabled' to false instead.",
    );
  if (min <= 1) throw misconfigured(`Min compaction threshold cannot be less than 2 (got ${min})`);
  if (min > max)
    throw misconfigured(
      `Min compaction threshold (got ${min}) cannot be greater than max compaction threshold (got ${max})`,
    );
}

/** @returns whether there is a strategy of this name, without its package. */
export const isCompactionStrategy = (strategy: string): boolean => Object.hasOwn(strategies, strategy);

/** @param options without the class. @throws a fault of the configuration that says what is wrong. */
export function checkCompaction(strategy: string, options: Texts): void {
  const own = strategies[strategy] ?? {};
  const inOrder = { ...everyStrategy, ...own };
  for (const [name, check] of Object.entries(inOrder)) {
    const text = options.get(name);
    if (text !== undefined) check?.(text, name);
  }
  if (Object.hasOwn(own, 'bucket_low')) checkBuckets(options);
  const unknown = [...options.keys()].filter((key) => !Object.hasOwn(inOrder, key));
  if (unknown.length > 0)
    throw misconfigured(`Properties specified [${unknown.join(', ')}] are not understood by ${strategy}`);
  checkThresholds(options);
}
