/** What routers tell each other, between the wire (`skerry.routing.v1`) and the machine. */
import {
  keyLengthMax,
  ownersMax,
  rowSizeBytes,
  valueSizeMaxBytes,
  type Delta,
  type ToldRow,
  type Version,
} from '@skerry/cluster-soft-state';
import { isNodeId, StatusError } from '@skerry/kernel';
import type { routing } from '@skerry/proto';

/** Rows of all deltas in one message, in bytes as the machine counts them; one delta passes. */
export const deltasSizeMaxBytes = 1536 * 1024;

const refuse = (what: string, wanted: string, got: unknown): never => {
  throw new StatusError('malformed', `Cannot exchange: ${what} must be ${wanted}: got ${JSON.stringify(got)}`);
};

export const toWireVersion = (version: Version): routing.SharedVersion => ({
  router: version.node,
  incarnation: version.incarnation,
  sequence: version.sequence,
  beat: version.beat,
  quietMs: Math.round(version.quietMs),
});
/** @throws StatusError `malformed`. */
export function fromWireVersions(versions: readonly routing.SharedVersion[]): readonly Version[] {
  if (versions.length > ownersMax) refuse('number of routers', `at most ${ownersMax}`, versions.length);
  return versions.map(fromWireVersion);
}
function fromWireVersion({ router: node, ...rest }: routing.SharedVersion): Version {
  if (!isNodeId(node)) refuse('router', '1 to 63 of a-z 0-9 _ -', node.slice(0, keyLengthMax));
  return { node, ...rest };
}

/** Those that fit into one message, from the first; the others go with the next. */
export function toWireDeltas(deltas: readonly Delta[], roomBytes: number): routing.SharedDelta[] {
  let sizeBytes = 0;
  const taken: routing.SharedDelta[] = [];
  for (const delta of deltas) {
    sizeBytes += delta.rows.reduce((sum, { key, value }) => sum + rowSizeBytes(key, value), 0);
    if (sizeBytes > roomBytes && taken.length > 0) break;
    taken.push({ version: toWireVersion(delta), from: delta.from, rows: delta.rows.map(toWireRow) });
  }
  return taken;
}
const toWireRow = ({ key, value, sequence, ageMs }: ToldRow): routing.SharedRow => ({
  key,
  value,
  sequence,
  ageMs: Math.round(ageMs),
});
/** @throws StatusError `malformed`. */
export function fromWireDeltas(deltas: readonly routing.SharedDelta[]): readonly Delta[] {
  if (deltas.length > ownersMax) refuse('number of routers', `at most ${ownersMax}`, deltas.length);
  return deltas.map(({ version, from, rows }) => {
    if (version === undefined) return refuse('version', 'given', version);
    return { ...fromWireVersion(version), from, rows: rows.map(fromWireRow) };
  });
}
function fromWireRow({ key, value, sequence, ageMs }: routing.SharedRow): ToldRow {
  if (key.length > keyLengthMax) refuse('key', `at most ${keyLengthMax} characters`, key.length);
  if (value !== undefined && value.length > valueSizeMaxBytes)
    refuse('value', `at most ${valueSizeMaxBytes} bytes`, value.length);
  return { key, value, sequence, ageMs };
}
