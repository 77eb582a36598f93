/** The table options that are maps or policies, checked and brought into the form that Cassandra shows. Source: Cassandra 5.0,
 * CompactionParams, CompressionParams, CachingParams, SpeculativeRetryPolicy. */
import { doubleText } from '@skerry/domain-values';
import { misconfigured } from './fault.ts';

type Texts = ReadonlyMap<string, string>;

const compactionPackage = 'org.apache.cassandra.db.compaction.';
const everyStrategy = [
  'enabled',
  'tombstone_threshold',
  'tombstone_compaction_interval',
  'unchecked_tombstone_compaction',
  'only_purge_repaired_tombstones',
  'log_all',
  'provide_overlapping_tombstones',
];
const sizeTiered = ['min_threshold', 'max_threshold', 'min_sstable_size', 'bucket_low', 'bucket_high'];
const expiry = ['expired_sstable_check_frequency_seconds', 'unsafe_aggressive_sstable_expiration'];
const strategies: Readonly<Record<string, readonly string[]>> = {
  SizeTieredCompactionStrategy: sizeTiered,
  LeveledCompactionStrategy: [
    'min_threshold',
    'max_threshold',
    'sstable_size_in_mb',
    'fanout_size',
    'single_sstable_uplevel',
  ],
  TimeWindowCompactionStrategy: [
    ...sizeTiered,
    ...expiry,
    'compaction_window_unit',
    'compaction_window_size',
    'timestamp_resolution',
  ],
  UnifiedCompactionStrategy: [
    ...expiry,
    'min_threshold',
    'max_threshold',
    'scaling_parameters',
    'target_sstable_size',
    'base_shard_count',
    'min_sstable_size',
    'flush_size_override',
    'sstable_growth',
    'max_sstables_to_compact',
    'overlap_inclusion_method',
    'parallelize_output_shards',
  ],
};
/** Those that show the two thresholds even when nobody set them. */
const withThresholds: ReadonlySet<string> = new Set([
  'SizeTieredCompactionStrategy',
  'LeveledCompactionStrategy',
  'TimeWindowCompactionStrategy',
]);

function checkThresholds(min: string, max: string): void {
  for (const [name, text] of [
    ['min_threshold', min],
    ['max_threshold', max],
  ] as const)
    if (!/^[+-]?\d+$/.test(text)) throw misconfigured(`${text} is not a parsable int (base10) for ${name}`);
  if (Number(min) <= 0 || Number(max) <= 0)
    throw misconfigured(
      'Disabling compaction by setting compaction thresholds to 0 has been removed, ' +
        "set the compaction option 'enabled' to false instead.",
    );
  if (Number(min) <= 1) throw misconfigured(`Min compaction threshold cannot be less than 2 (got ${min})`);
  if (Number(min) > Number(max))
    throw misconfigured(
      `Min compaction threshold (got ${min}) cannot be greater than max compaction threshold (got ${max})`,
    );
}

/** Levels above the first, and bytes that one of them may be said to hold. */
const levels = 8;
const levelBytesMax = 2n ** 63n - 1n;
function checkLevels(options: Texts): void {
  const [size, fanout] = (
    [
      ['sstable_size_in_mb', '160'],
      ['fanout_size', '10'],
    ] as const
  ).map(([name, none]) => {
    const text = options.get(name) ?? none;
    if (!/^[+-]?\d+$/.test(text)) throw misconfigured(`${text} is not a parsable int (base10) for ${name}`);
    if (Number(text) < 1) throw misconfigured(`${name} must be larger than 0, but was ${text}`);
    return BigInt(text);
  }) as [bigint, bigint];
  const bytes = fanout ** BigInt(levels) * size * 2n ** 20n;
  if (bytes > levelBytesMax)
    throw misconfigured(
      `At most ${levelBytesMax} bytes may be in a compaction level; your maxSSTableSize must be absurdly high to compute ${bytes}`,
    );
}

/** @returns the options with the class by its whole name. */
export function compaction(given: Texts): Texts {
  const className = given.get('class');
  if (className === undefined) throw misconfigured("Missing sub-option 'class' for the 'compaction' option");
  const wholeName = className.includes('.') ? className : `${compactionPackage}${className}`;
  const strategy = wholeName.replace(compactionPackage, '');
  const own = Object.hasOwn(strategies, strategy) ? strategies[strategy] : undefined;
  if (own === undefined) throw misconfigured(`Unable to find compaction strategy class '${wholeName}'`);
  const options = new Map([...given].filter(([key]) => key !== 'class'));
  const overlapping = options.get('provide_overlapping_tombstones')?.toUpperCase();
  if (overlapping !== undefined && !['NONE', 'ROW', 'CELL'].includes(overlapping))
    throw misconfigured(
      `Invalid value ${overlapping} for 'provide_overlapping_tombstones' compaction sub-option - ` +
        'must be one of the following [NONE, ROW, CELL].',
    );
  const unknown = [...options.keys()].filter((key) => !everyStrategy.includes(key) && !own.includes(key));
  if (unknown.length > 0)
    throw misconfigured(`Properties specified [${unknown.join(', ')}] are not understood by ${strategy}`);
  if (withThresholds.has(strategy)) {
    if (!options.has('min_threshold')) options.set('min_threshold', '4');
    if (!options.has('max_threshold')) options.set('max_threshold', '32');
  }
  if (strategy === 'LeveledCompactionStrategy') checkLevels(options);
  checkThresholds(options.get('min_threshold') ?? '4', options.get('max_threshold') ?? '32');
  return sorted(options.set('class', wholeName));
}
/** What Cassandra takes when the table says nothing. */
export const bloomFilterDefault = (compactionOptions: Texts): number =>
  compactionOptions.get('class') === `${compactionPackage}LeveledCompactionStrategy` ? 0.1 : 0.01;

const compressionPackage = 'org.apache.cassandra.io.compress.';
const compressors: Readonly<Record<string, readonly string[]>> = {
  LZ4Compressor: ['lz4_compressor_type', 'lz4_high_compressor_level'],
  SnappyCompressor: [],
  DeflateCompressor: [],
  ZstdCompressor: ['compression_level'],
  NoopCompressor: [],
};

export function compression(given: Texts): Texts {
  const options = new Map(given);
  const take = (name: string): string | undefined => {
    const value = options.get(name);
    options.delete(name);
    return value;
  };
  const enabled = take('enabled')?.toLowerCase() !== 'false';
  if (!enabled && options.size > 0)
    throw misconfigured("If the 'enabled' option is set to false no other options must be specified");
  if (enabled && given.size > 0 && !options.has('class'))
    throw misconfigured("Missing sub-option 'class' for the 'compression' option.");
  const className = take('class');
  if (className === undefined) return new Map([['enabled', 'false']]);
  if (className === '')
    throw misconfigured("The 'class' option must not be empty. To disable compression use 'enabled' : false");
  const wholeName = className.includes('.') ? className : `${compressionPackage}${className}`;
  const compressor = wholeName.replace(compressionPackage, '');
  const own = Object.hasOwn(compressors, compressor) ? compressors[compressor] : undefined;
  if (own === undefined) throw misconfigured(`Could not create Compression for type ${wholeName}`);
  const chunk = take('chunk_length_in_kb') ?? '16';
  if (!/^[+-]?\d+$/.test(chunk)) throw misconfigured('Invalid value for chunk_length_in_kb');
  const chunkKb = Number(chunk);
  if (chunkKb > 2_097_151) throw misconfigured(`Value of chunk_length_in_kb is too large (${chunkKb})`);
  if (chunkKb <= 0) throw misconfigured('Invalid negative or null chunk_length_in_kb');
  if ((chunkKb & (chunkKb - 1)) !== 0) throw misconfigured('chunk_length_in_kb must be a power of 2');
  const ratio = take('min_compress_ratio');
  const least = ratio?.trim() === '' ? Number.NaN : Number(ratio ?? 0);
  if (Number.isNaN(least)) throw misconfigured(`For input string: "${ratio}"`);
  if (least < 0) throw misconfigured('Invalid negative min_compress_ratio');
  if (least > 0 && least < 1) throw misconfigured('min_compress_ratio can either be 0 or greater than or equal to 1');
  for (const key of options.keys()) if (!own.includes(key)) throw misconfigured(`Unknown compression options ${key}`);
  options.set('class', wholeName).set('chunk_length_in_kb', String(chunkKb));
  if (ratio !== undefined && least !== 0) options.set('min_compress_ratio', doubleText(least));
  return sorted(options);
}

export function caching(given: Texts): Texts {
  const unknown = [...given.keys()].filter((key) => key !== 'keys' && key !== 'rows_per_partition');
  if (unknown.length > 0)
    throw misconfigured(
      `Invalid caching sub-options [${unknown.join(', ')}]: only 'keys' and 'rows_per_partition' are allowed`,
    );
  const keys = given.get('keys')?.toUpperCase() ?? 'NONE';
  if (keys !== 'ALL' && keys !== 'NONE')
    throw misconfigured(
      `Invalid value '${given.get('keys')}' for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed`,
    );
  const rows = given.get('rows_per_partition')?.toUpperCase() ?? 'NONE';
  if (rows !== 'ALL' && rows !== 'NONE' && !/^\d+$/.test(rows))
    throw misconfigured(
      `Invalid value '${given.get('rows_per_partition')}' for caching sub-option 'rows_per_partition': ` +
        "only 'ALL', 'NONE', and integer values are allowed",
    );
  return new Map([
    ['keys', keys],
    ['rows_per_partition', rows === '0' ? 'NONE' : rows],
  ]);
}

const percentile = /^(\d+(?:\.\d+)?)p(?:ercentile)?$/i;
const fixed = /^(\d+(?:\.\d+)?)ms$/i;
const hybrid = /^(min|max)\(([^,]+),([^,]+)\)$/i;

const kindOf = (policy: string): string =>
  policy.endsWith('p') ? 'PERCENTILE' : policy.endsWith('ms') ? 'FIXED' : policy;

/** One percentile and one fixed delay; the percentile is shown first. */
function hybridSpeculation(text: string, name: string, first: string, second: string): string {
  const refuse = (why = ''): never => {
    throw misconfigured(`Invalid value ${text} for option 'speculative_retry'${why}`);
  };
  const policies = [first, second].map((part) =>
    percentile.test(part.trim()) || fixed.test(part.trim()) ? speculation(part) : refuse(),
  );
  const [kind, other] = policies.map(kindOf);
  if (kind === other) refuse(`: MIN()/MAX() arguments should be of different types, but both are of type ${kind}`);
  const sortedPolicies = kind === 'PERCENTILE' ? policies : policies.toReversed();
  return `${name.toUpperCase()}(${sortedPolicies.join(',')})`;
}

/** A speculative retry policy as Cassandra shows it: `99p`, `50ms`, `ALWAYS`, `NEVER`, `MIN(99p,50ms)`. */
export function speculation(text: string): string {
  const value = text.trim();
  const upper = value.toUpperCase();
  if (upper === 'ALWAYS') return 'ALWAYS';
  if (upper === 'NEVER' || upper === 'NONE') return 'NEVER';
  const both = hybrid.exec(value);
  if (both !== null) return hybridSpeculation(text, both[1] ?? '', both[2] ?? '', both[3] ?? '');
  const share = percentile.exec(value)?.[1];
  if (share !== undefined) {
    if (Number(share) <= 0 || Number(share) >= 100)
      throw misconfigured(
        `Invalid value ${text} for PERCENTILE option 'speculative_retry': must be between (0.0 and 100.0)`,
      );
    return `${Math.round(Number(share) * 10_000) / 10_000}p`;
  }
  const delay = fixed.exec(value)?.[1];
  if (delay !== undefined) return `${Math.floor(Number(delay))}ms`;
  throw misconfigured(`Invalid value ${text} for option 'speculative_retry'`);
}

const sorted = (map: Texts): Texts => new Map([...map].toSorted(([a], [b]) => (a < b ? -1 : 1)));
