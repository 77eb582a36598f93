/** A copy of a value that may be written to a log: plain, bounded, and without secrets. */
import { StatusError } from '@skerry/kernel';

/** Levels of nesting written; what lies deeper is named by its kind. Ours have 3 or 4. */
export const fieldDepthMax = 8;
/** Entries of one array or object written; the rest is counted. */
export const fieldEntriesMax = 100;
/** Characters of one text written; peers choose some of them (names, lines). */
export const fieldTextLengthMax = 4096;
/** Errors followed along `cause`. */
export const causeDepthMax = 8;

export const redacted = '[redacted]';

const secretWords = new Set([
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'secret',
  'secrets',
  'credential',
  'credentials',
  'token',
  'tokens',
  'grant',
  'grants',
  'ticket',
  'tickets',
  'hash',
  'hashes',
  'authorization',
  'cookie',
]);
const secretPairs = new Set(['sealing key', 'private key', 'secret key', 'api key', 'key material']);
// What is said about a secret is none itself.
const harmlessLastWords = new Set(['id', 'ids', 'count', 'ms', 'bytes', 'max', 'name', 'version', 'type', 'kind']);
// The name of a torrent, known to everybody in its swarm (BEP 3).
const harmlessKeys = new Set(['info hash', 'info hashes']);

const wordsOf = (key: string): string[] =>
  key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

// Keys of events are written in the source, so there are few; a peer's keys (maps) must not fill the memory.
const knownKeysMax = 10_000;
const knownKeys = new Map<string, boolean>();

/** Whether what stands under this key must not be seen: `password`, `privateKey`, `service-token`, `SEALING_KEY`. */
export function isSecretKey(key: string): boolean {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const secret = decideSecret(wordsOf(key));
  if (knownKeys.size < knownKeysMax) knownKeys.set(key, secret);
  return secret;
}

function decideSecret(words: readonly string[]): boolean {
  const joined = words.join('');
  if (joined === 'sealingkey' || joined === 'privatekey' || joined === 'pass') return true;
  if (harmlessKeys.has(words.join(' ')) || harmlessLastWords.has(words.at(-1) ?? '')) return false;
  return words.some(
    (word, i) => secretWords.has(word) || word.includes('password') || secretPairs.has(`${word} ${words[i + 1]}`),
  );
}

/** Without passwords in URLs and private keys in PEM, which stand in the middle of other text; cut when too long. */
export function cleanText(text: string): string {
  const cut =
    text.length <= fieldTextLengthMax
      ? text
      : `${text.slice(0, fieldTextLengthMax)}… (${text.length - fieldTextLengthMax} more characters)`;
  const withoutUrls = cut.includes('://') ? cut.replaceAll(/(:\/\/[^\s/:@]*):[^\s/@]*@/g, `$1:${redacted}@`) : cut;
  return withoutUrls.includes('PRIVATE KEY-----')
    ? withoutUrls.replaceAll(
        /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
        redacted,
      )
    : withoutUrls;
}

/** Reason, message and chain of causes; the stack where the fault is ours (what is no {@link StatusError}). */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return redact(error);
  const { cause } = error;
  const system = error as { code?: unknown; syscall?: unknown };
  return {
    name: error.name,
    ...(error instanceof StatusError
      ? { reason: error.reason, code: error.code }
      : { ...(typeof system.code === 'string' && { code: system.code }), stack: cleanText(error.stack ?? '') }),
    message: cleanText(error.message),
    ...(cause !== undefined && { cause: depth < causeDepthMax ? describeError(cause, depth + 1) : '[more causes]' }),
    ...(error instanceof AggregateError && { errors: redact(error.errors.slice(0, causeDepthMax)) }),
  };
}

export function redact(value: unknown, depth = 0, parents: readonly object[] = []): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
  if (parents.includes(value)) return '[circular]';
  if (depth >= fieldDepthMax) return Array.isArray(value) ? '[array]' : '[object]';
  const below = [...parents, value];
  if (Array.isArray(value) || value instanceof Set) return redactItems([...value], depth, below);
  return redactEntries(entriesOf(value), depth, below);
}

function entriesOf(value: object): readonly (readonly [string, unknown])[] {
  if (value instanceof Map)
    return [...value].map(([key, below]: [unknown, unknown]) => [typeof key === 'string' ? key : nameKey(key), below]);
  try {
    return Object.entries(value);
  } catch (error) {
    // A getter that throws must not break whoever logs.
    return [['unreadable', error instanceof Error ? error.message : 'a getter threw']];
  }
}
const nameKey = (key: unknown): string =>
  typeof key === 'object' || typeof key === 'function' ? '[key]' : String(key);

function redactItems(items: readonly unknown[], depth: number, parents: readonly object[]): unknown[] {
  const shown = items.slice(0, fieldEntriesMax).map((item) => redact(item, depth + 1, parents));
  return items.length > fieldEntriesMax ? [...shown, `… (${items.length - fieldEntriesMax} more)`] : shown;
}

function redactEntries(entries: readonly (readonly [string, unknown])[], depth: number, parents: readonly object[]) {
  const shown = entries
    .slice(0, fieldEntriesMax)
    .map(([key, value]) => [key, redactField(key, value, depth + 1, parents)] as const);
  if (entries.length > fieldEntriesMax) shown.push(['…', `(${entries.length - fieldEntriesMax} more)`]);
  return Object.fromEntries(shown);
}

/** What may be written for `key`: numbers and switches pass, they are counts. */
export function redactField(key: string, value: unknown, depth = 0, parents: readonly object[] = []): unknown {
  const plain = value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean';
  return !plain && isSecretKey(key) ? redacted : redact(value, depth, parents);
}
