/**
 * A node's identity in its own folder: `ca.crt` `node.crt` `node.key` `sealing.key` `identity.json`.
 * A machine without the cluster's authority gets this folder from one that has it (`skerry certs issue`).
 */
import { isNodeId, StatusError, toHex } from '@skerry/kernel';
import { describeCertificate, parseObject, readSealingKey } from './authority.ts';
import { createSecretFolder, readSecretFolder, replaceSecretFolder } from './secret-files.ts';
import type { Identity } from './types.ts';

const identityFormat = 1;
const fileNames = ['identity.json', 'ca.crt', 'node.crt', 'node.key', 'sealing.key'] as const;

/** @throws StatusError `entry_exists` unless `replace`; `malformed` for an identity without TLS, which is not kept. */
export async function saveIdentity(directory: string, identity: Identity, replace = false): Promise<void> {
  const { cluster, nodeId, role, tls, sealingKey } = identity;
  if (tls === undefined)
    throw new StatusError('malformed', `Cannot save identity of "${nodeId}": it has no certificate`);
  const save = replace ? replaceSecretFolder : createSecretFolder;
  await save(directory, {
    'ca.crt': tls.caCertificate,
    'node.crt': tls.certificate,
    'node.key': tls.privateKey,
    'sealing.key': `${toHex(sealingKey)}\n`,
    'identity.json': `${JSON.stringify({ format: identityFormat, cluster, nodeId, role })}\n`,
  });
}

/** Undefined when there is none. @throws StatusError `corrupt`, `format_newer`. */
export async function loadIdentity(directory: string): Promise<Identity | undefined> {
  const files = await readSecretFolder(directory, fileNames);
  if (files === undefined) return undefined;
  const { format, cluster, nodeId, role } = parseObject(files['identity.json']);
  if (typeof format === 'number' && format > identityFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read "${directory}": format ${format} is newer than ${identityFormat}`,
    );
  const named = typeof cluster === 'string' && typeof nodeId === 'string' && typeof role === 'string';
  if (format !== identityFormat || !named || !isNodeId(nodeId))
    throw new StatusError('corrupt', `Cannot read "identity.json" in "${directory}": must name cluster, node and role`);
  const certificate = files['node.crt'];
  const facts = describeCertificate(certificate);
  if (facts.commonName !== nodeId || facts.role !== role)
    throw new StatusError(
      'corrupt',
      `Cannot use identity in "${directory}": certificate must be of ${role} "${nodeId}": ` +
        `is of ${facts.role} "${facts.commonName}"`,
    );
  return {
    cluster,
    nodeId,
    role,
    tls: { caCertificate: files['ca.crt'], certificate, privateKey: files['node.key'] },
    sealingKey: readSealingKey(files['sealing.key'], directory),
  };
}
