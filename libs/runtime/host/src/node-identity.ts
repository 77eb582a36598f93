/** Which certificate and keys a node starts with. */
import { join } from 'node:path';
import { StatusError, type NodeId } from '@skerry/kernel';
import {
  describeCertificate,
  exposedKeyFiles,
  issueCertificate,
  loadAuthority,
  loadIdentity,
  openAuthority,
  saveIdentity,
  type Authority,
  type Identity,
} from '@skerry/runtime-security';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { identityFolderName } from './node-folder.ts';

/** A certificate with less time left than this is made anew at a start, where the authority is. */
export const renewBeforeMs = 30 * 86_400_000;

export type IdentityRequest = {
  readonly nodeId: NodeId;
  readonly role: string;
  /** `DIR`, whose `ca` is the cluster's authority where this machine holds it. */
  readonly dataDirectory: string;
  readonly nodeFolder: string;
  /** Under which others reach the node; the certificate must name them. */
  readonly hosts: readonly string[];
  /** Whether it needs a certificate: it has a door, and is not `insecure`. */
  readonly tls: boolean;
  /** Whether it may found a cluster: it was told of no other node. */
  readonly founder: boolean;
  readonly nowMs: number;
};

/**
 * In order: the one in the node's folder, if it is still good; a new one from the authority in `DIR/ca`; for the first
 * node of a cluster, an authority that is made now.
 * @throws StatusError `credentials` when there is neither certificate nor authority; `corrupt`, `format_newer`.
 */
export async function takeIdentity(request: IdentityRequest, telemetry: Telemetry): Promise<Identity> {
  const authorityFolder = join(request.dataDirectory, 'ca');
  const identityFolder = join(request.nodeFolder, identityFolderName);
  const [authority, own] = await Promise.all([
    request.founder ? openOrFound(authorityFolder, identityFolder) : loadAuthority(authorityFolder),
    loadIdentity(identityFolder),
  ]);
  await warnOfExposed([authorityFolder, identityFolder], telemetry);
  checkOwner(own, request, identityFolder);
  const { nodeId, role } = request;
  if (!request.tls) {
    const source = authority ?? own;
    if (source === undefined) throw noIdentity(request, authorityFolder);
    return { cluster: source.cluster, nodeId, role, tls: undefined, sealingKey: source.sealingKey };
  }
  const fault = own === undefined ? 'there is none' : faultOf(own, request, authority);
  if (own !== undefined && fault === undefined) return own;
  if (authority === undefined) {
    if (own === undefined) throw noIdentity(request, authorityFolder);
    telemetry.emit({ event: 'certificate_weak', level: 'warn', message: `certificate goes on: ${fault}`, fault });
    return own;
  }
  const tls = await issueCertificate(authority, request, request.nowMs);
  const issued: Identity = { cluster: authority.cluster, nodeId, role, tls, sealingKey: authority.sealingKey };
  await saveIdentity(identityFolder, issued, true);
  telemetry.emit({ event: 'certificate_issued', message: `certificate issued: ${fault}`, fault });
  return issued;
}

/** A node that has its identity from elsewhere founds nothing, also when it is told of no other. */
async function openOrFound(authorityFolder: string, identityFolder: string): Promise<Authority | undefined> {
  const there = await loadAuthority(authorityFolder);
  if (there !== undefined || (await loadIdentity(identityFolder)) !== undefined) return there;
  return openAuthority(authorityFolder);
}

/** Why a certificate should be made anew; undefined when it is good. */
function faultOf(own: Identity, request: IdentityRequest, authority: Authority | undefined): string | undefined {
  if (own.tls === undefined) return 'there is none';
  const { names, notAfterMs } = describeCertificate(own.tls.certificate);
  if (authority !== undefined && own.tls.caCertificate !== authority.certificate) return 'it was of another authority';
  if (notAfterMs - request.nowMs < renewBeforeMs) return `it ends ${new Date(notAfterMs).toISOString()}`;
  const missing = request.hosts.find((host) => !names.includes(host));
  return missing === undefined ? undefined : `it did not name "${missing}"`;
}

function checkOwner(own: Identity | undefined, { nodeId, role }: IdentityRequest, folder: string): void {
  if (own === undefined || (own.nodeId === nodeId && own.role === role)) return;
  const wanted = `must be of ${role} node "${nodeId}": is of ${own.role} node "${own.nodeId}"`;
  throw new StatusError('credentials', `Cannot use the identity in "${folder}": ${wanted}`);
}

async function warnOfExposed(folders: readonly string[], telemetry: Telemetry): Promise<void> {
  for (const path of (await Promise.all(folders.map(exposedKeyFiles))).flat()) {
    const message = `"${path}" can be read by others than its owner: chmod 600 it`;
    telemetry.emit({ event: 'key_file_exposed', level: 'warn', message, path });
  }
}

const noIdentity = ({ nodeId, role, nodeFolder }: IdentityRequest, authorityFolder: string): StatusError =>
  new StatusError(
    'credentials',
    `Cannot start ${role} node "${nodeId}": no identity in "${join(nodeFolder, identityFolderName)}" ` +
      `and no authority in "${authorityFolder}"; make one with "skerry certs issue" where the authority is`,
  );
