/**
 * Where things stand in the store: a letter, a slash, the key's own bytes.
 *
 * | key | value |
 * |---|---|
 * | `r/` | the root's entry |
 * | `d/` directory id, name | entry (`entry.ts`) |
 * | `p/` directory id | its place: parent id, name |
 * | `g/` directory id, name, NUL, user | stage (`stage.ts`) |
 * | `q/` owner | usage |
 * | `b/` blob id | count of references |
 * | `x/` blob id | log index at which it was marked dead |
 * | `y/` log index, blob id | the same by index, for expiry |
 */
import {
  type BlobId,
  ByteReader,
  ByteWriter,
  concatBytes,
  fromUtf8,
  fromUtf8Part,
  idSizeBytes,
  present,
  utf8,
} from '@skerry/kernel';
import { bytesOfId, type EntryId, type Place, readBlobId, readEntryId } from './ids.ts';

const prefixSizeBytes = 2;
const prefixes = {
  root: utf8('r/'),
  entry: utf8('d/'),
  parent: utf8('p/'),
  stage: utf8('g/'),
  usage: utf8('q/'),
  references: utf8('b/'),
  dead: utf8('x/'),
  deadAt: utf8('y/'),
} as const;
/** All that the tree keeps, in order of bytes. */
export const treePrefixes: readonly Uint8Array[] = Object.values(prefixes).toSorted(
  (a, b) => (a[0] ?? 0) - (b[0] ?? 0),
);

/** Hint for a writer: the longest keys that are not rare. */
const keySizeBytes = 128;
const keyWriter = (prefix: Uint8Array): ByteWriter => new ByteWriter(keySizeBytes).raw(prefix);

export const rootKey: Uint8Array = prefixes.root;
export const entriesOfAllPrefix: Uint8Array = prefixes.entry;
export const entriesPrefix = (directory: EntryId): Uint8Array => concatBytes([prefixes.entry, bytesOfId(directory)]);
export const entryKey = ({ directory, name }: Place): Uint8Array =>
  keyWriter(prefixes.entry).hex(directory).rawText(name).finish();
/** The name in an entry's key ({@link directoryInKey}); what is in the store was checked when it came in. */
export const nameInKey = (key: Uint8Array): string =>
  present(fromUtf8Part(key, prefixSizeBytes + idSizeBytes, key.length), 'name in key');
/** The directory in which a key is an entry; undefined for any other key. */
export function directoryInKey(key: Uint8Array): EntryId | undefined {
  const { entry } = prefixes;
  if (key[0] !== entry[0] || key[1] !== entry[1]) return undefined;
  return readEntryId(new ByteReader(key.subarray(prefixSizeBytes)));
}
export const parentKey = (directory: EntryId): Uint8Array => keyWriter(prefixes.parent).hex(directory).finish();

export const stagesPrefix: Uint8Array = prefixes.stage;
export const stagesOfDirectoryPrefix = (directory: EntryId): Uint8Array =>
  concatBytes([prefixes.stage, bytesOfId(directory)]);
export const stageKey = ({ directory, name }: Place, user: string): Uint8Array =>
  keyWriter(prefixes.stage).hex(directory).rawText(name).u8(0).rawText(user).finish();
export function placeInStageKey(key: Uint8Array): { readonly place: Place; readonly user: string } {
  const reader = new ByteReader(key.subarray(prefixSizeBytes));
  const directory = readEntryId(reader);
  const text = present(fromUtf8(reader.raw(reader.remaining)), 'text in stage key');
  const end = text.indexOf('\0');
  return { place: { directory, name: text.slice(0, end) }, user: text.slice(end + 1) };
}

export const usagePrefix: Uint8Array = prefixes.usage;
export const usageKey = (owner: string): Uint8Array => keyWriter(prefixes.usage).rawText(owner).finish();
export const ownerInKey = (key: Uint8Array): string => present(fromUtf8(key.subarray(prefixSizeBytes)), 'owner in key');

export const referencesPrefix: Uint8Array = prefixes.references;
export const referencesKey = (blob: BlobId): Uint8Array => keyWriter(prefixes.references).hex(blob).finish();
export const blobInKey = (key: Uint8Array): BlobId => readBlobId(new ByteReader(key.subarray(prefixSizeBytes)));
export const deadKey = (blob: BlobId): Uint8Array => keyWriter(prefixes.dead).hex(blob).finish();
export const deadAtPrefix: Uint8Array = prefixes.deadAt;
export const deadAtKey = (index: number, blob?: BlobId): Uint8Array => {
  const at = new ByteWriter(8).u64(index).finish();
  return concatBytes(blob === undefined ? [prefixes.deadAt, at] : [prefixes.deadAt, at, bytesOfId(blob)]);
};
export const blobInDeadAtKey = (key: Uint8Array): BlobId =>
  readBlobId(new ByteReader(key.subarray(prefixSizeBytes + 8)));
