/** What a node may say of itself. */
import { isNodeId, StatusError } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import type { Caller } from '@skerry/runtime-rpc';
import { parseAddress } from '@skerry/runtime-world';

/** Doors of one node: no role has more than four. */
export const endpointCountMax = 16;
/** Longest name or URL of a door, and longest address, in characters. */
export const textLengthMax = 256;

const refuse = (what: string, wanted: string, got: unknown): never => {
  throw new StatusError('malformed', `Cannot register node: ${what} must be ${wanted}: got ${JSON.stringify(got)}`);
};

/** @throws StatusError `malformed`; `access_denied` when it is about another node than the caller. */
export function checkRecord(record: discovery.NodeRecord | undefined, caller: Caller): discovery.NodeRecord {
  const { nodeId, role } = required(record);
  checkOwn(nodeId, caller);
  if (caller.role !== operatorRole && role !== caller.role)
    throw new StatusError('access_denied', `Node "${nodeId}" of role "${caller.role}" cannot register as "${role}"`);
  return checkShape(record);
}

function required(record: discovery.NodeRecord | undefined): discovery.NodeRecord {
  if (record === undefined) throw new StatusError('malformed', 'Cannot register node: the request names none');
  return record;
}

/** Whoever tells of it. @throws StatusError `malformed`. */
export function checkShape(told: discovery.NodeRecord | undefined): discovery.NodeRecord {
  const record = required(told);
  const { nodeId, role, site, address, incarnation, endpoints } = record;
  if (!isNodeId(nodeId)) refuse('id', '1 to 63 of a-z 0-9 _ -', nodeId);
  if (!/^[a-z][a-z-]{0,31}$/.test(role)) refuse('role', '1 to 32 of a-z -', role);
  if (!/^[a-z0-9-]{0,32}$/.test(site)) refuse('site', '0 to 32 of a-z 0-9 -', site);
  if (address.length > textLengthMax || parseAddress(address) === undefined) refuse('address', 'HOST:PORT', address);
  if (incarnation === 0) refuse('incarnation', 'over 0', incarnation);
  const doors = Object.entries(endpoints);
  if (doors.length > endpointCountMax) refuse('number of endpoints', `at most ${endpointCountMax}`, doors.length);
  for (const [name, url] of doors)
    if (name.length > textLengthMax || url.length > textLengthMax)
      refuse('endpoint', `at most ${textLengthMax} characters`, name);
  return record;
}

/** A node speaks for itself; an operator for all. @throws StatusError `access_denied`. */
export function checkOwn(nodeId: string, caller: Caller): void {
  if (caller.nodeId !== nodeId && caller.role !== operatorRole)
    throw new StatusError('access_denied', `Node "${caller.nodeId}" cannot speak for node "${nodeId}"`);
}
const operatorRole = 'operator';
