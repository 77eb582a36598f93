/** The table options that are maps or policies, checked and brought into the form that Cassandra shows. Source: Cassandra 5.0,
 * CompactionParams, CompressionParams, CachingParams, SpeculativeRetryPolicy. */
import { doubleText } from '@skerry/domain-values';
import { checkCompaction, isCompactionStrategy, javaDouble } from './compaction-options.ts';
import { misconfigured } from './fault.ts';

type Texts = ReadonlyMap<string, string>;

const compactionPackage = 'org.apache.cassandra.db.compaction.';
/** Those that show the two thresholds even when nobody set them. */
const withThresholds: ReadonlySet<string> = new Set([
  'SizeTieredCompactionStrategy',
  'LeveledCompactionStrategy',
  'TimeWindowCompactionStrategy',
]);

/** Levels above the first, and bytes that one of them may be said to hold. */
const levels = 8;
const levelBytesMax = 2n ** 63n - 1n;
function checkLevels(options: Texts): void {
  const size = BigInt(options.get('sstable_size_in_mb') ?? '160');
  const bytes = BigInt(options.get('fanout_size') ?? '10') ** BigInt(levels) * size * 2n ** 20n;
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
  if (!isCompactionStrategy(strategy)) throw misconfigured(`Unable to find compaction strategy class '${wholeName}'`);
  const options = new Map([...given].filter(([key]) => key !== 'class'));
  const overlapping = options.get('provide_overlapping_tombstones')?.toUpperCase();
  if (overlapping !== undefined && !['NONE', 'ROW', 'CELL'].includes(overlapping))
    throw misconfigured(
      `Invalid value ${overlapping} for 'provide_overlapping_tombstones' compaction sub-option - ` +
        'must be one of the following [NONE, ROW, CELL].',
    );
  if (withThresholds.has(strategy)) {
    if (!options.has('min_threshold')) options.set('min_threshold', '4');
    if (!options.has('max_threshold')) options.set('max_threshold', '32');
  }
  checkCompaction(strategy, options);
  if (strategy === 'LeveledCompactionStrategy') checkLevels(options);
  return sorted(options.set('class', wholeName));
}
/** What Cassandra takes when the table says nothing. */
export const bloomFilterDefault = (compactionOptions: Texts): number =>
  compactionOptions.get('class') === `${compactionPackage}LeveledCompactionStrategy` ? 0.1 : 0.01;

const isJavaInt = (text: string): boolean =>
  /^[+-]?\d+$/.test(text) && Number(text) <= 0x7f_ff_ff_ff && Number(text) >= -0x80_00_00_00;

const compressionPackage = 'org.apache.cassandra.io.compress.';
const compressors: Readonly<Record<string, readonly string[]>> = {
  LZ4Compressor: ['lz4_compressor_type', 'lz4_high_compressor_level'],
  SnappyCompressor: [],
  DeflateCompressor: [],
  ZstdCompressor: ['compression_level'],
  NoopCompressor: [],
};

/** As Java writes it; without it nothing is asked. */
function minimalRatio(text = '0'): string {
  const value = javaDouble(text);
  if (value === undefined) throw misconfigured(`For input string: "${text}"`);
  if (value < 0 || Object.is(value, -0)) throw misconfigured('Invalid negative min_compress_ratio');
  if (value > 0 && value < 1) throw misconfigured('min_compress_ratio can either be 0 or greater than or equal to 1');
  return doubleText(value);
}
/** What a compressor says of its own options. */
function checkCompressor(name: string, options: Texts): void {
  const level = options.get('compression_level');
  const refused = (why: string) => misconfigured(`${name}.create() threw an error: java.lang.${why}`);
  if (level !== undefined && !isJavaInt(level)) throw refused(`NumberFormatException For input string: "${level}"`);
  if (level !== undefined && (Number(level) < -131_072 || Number(level) > 22))
    throw refused(`IllegalArgumentException compression_level=${level} is invalid`);
  const kind = options.get('lz4_compressor_type') ?? 'fast';
  if (kind !== 'fast' && kind !== 'high')
    throw misconfigured(
      `Invalid compressor type '${kind}' specified for LZ4 parameter 'lz4_compressor_type'. ` +
        'Valid options are [high, fast].',
    );
  const high = options.get('lz4_high_compressor_level') ?? '9';
  if (!isJavaInt(high) || Number(high) < 1 || Number(high) > 17)
    throw misconfigured(
      `Invalid value [${high}] for parameter 'lz4_high_compressor_level'. Value must be between 1 and 17.`,
    );
}

export function compression(given: Texts): Texts {
  const options = new Map(given);
  const take = (name: string): string | undefined => {
    const value = options.get(name);
    options.delete(name);
    return value;
  };
  const enabled = (take('enabled') ?? 'true').toLowerCase() === 'true';
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
  if (!isJavaInt(chunk)) throw misconfigured('Invalid value for chunk_length_in_kb');
  const chunkKb = Number(chunk);
  if (chunkKb > 2_097_151) throw misconfigured(`Value of chunk_length_in_kb is too large (${chunkKb})`);
  if (chunkKb <= 0) throw misconfigured('Invalid negative or null chunk_length_in_kb');
  if ((chunkKb & (chunkKb - 1)) !== 0) throw misconfigured('chunk_length_in_kb must be a power of 2');
  const ratio = minimalRatio(take('min_compress_ratio'));
  for (const key of options.keys()) if (!own.includes(key)) throw misconfigured(`Unknown compression options ${key}`);
  checkCompressor(compressor, options);
  options.set('class', wholeName).set('chunk_length_in_kb', String(chunkKb));
  if (ratio !== '0.0') options.set('min_compress_ratio', ratio);
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
