/**
 * The cluster's own certificate authority and what it issues.
 *
 * `DIR/ca/`: `ca.crt` `ca.key` (signs nodes), `operator.crt` `operator.key` (role `operator`), `sealing.key` (64
 * hexadecimal digits), `cluster.json`. Source: RFC 5280; contracts, Defaults.
 */
import { X509Certificate, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { assert, fromHex, isNodeId, StatusError, toHex, type NodeId } from '@skerry/kernel';
import { createSecretFolder, readSecretFolder } from './secret-files.ts';
import { sealingKeySizeBytes } from './sealer.ts';
import type { Identity, TlsMaterial } from './types.ts';
import type { PemPair } from './x509.ts';

export type Authority = {
  /** 32 hexadecimal digits, made with the authority. */
  readonly cluster: string;
  readonly certificate: string;
  readonly privateKey: string;
  readonly sealingKey: Uint8Array;
};
export type NodeSubject = {
  readonly nodeId: NodeId;
  readonly role: string;
  /** Names and addresses under which others reach it, besides its id and this machine. */
  readonly hosts: readonly string[];
};
export type CertificateFacts = {
  /** Of the subject; empty when it has none, or several. */
  readonly commonName: string;
  /** The subject's unit: the role. */
  readonly role: string;
  /** The subject's organisation: the cluster's id. */
  readonly cluster: string;
  /** As in subjectAltName, without their kind. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
};

/** The authority outlives its nodes: changing it means visiting each. */
export const authorityValidityDays = 3650;
export const certificateValidityDays = 365;
/** Names in one certificate; each makes every handshake longer. */
export const certificateNamesMax = 100;
export const operatorRole = 'operator';
const operatorId = 'operator' as NodeId;

const fileNames = ['cluster.json', 'ca.crt', 'ca.key', 'sealing.key'] as const;
const clusterFormat = 1;

/** Makes `directory`. @throws StatusError `entry_exists` when it is there: an authority is never overwritten. */
export async function initAuthority(directory: string, nowMs = Date.now()): Promise<Authority> {
  const x509 = await import('./x509.ts');
  const cluster = randomBytes(16).toString('hex');
  const sealingKey = new Uint8Array(randomBytes(sealingKeySizeBytes));
  const subject = { commonName: 'Skerry cluster authority', organisation: cluster };
  const pair = await x509.makeAuthority(subject, { nowMs, days: authorityValidityDays });
  const authority: Authority = { cluster, ...pair, sealingKey };
  const operator = await issueCertificate(authority, { nodeId: operatorId, role: operatorRole, hosts: [] }, nowMs);
  await createSecretFolder(directory, {
    'ca.crt': authority.certificate,
    'ca.key': authority.privateKey,
    'operator.crt': operator.certificate,
    'operator.key': operator.privateKey,
    'sealing.key': `${toHex(sealingKey)}\n`,
    'cluster.json': `${JSON.stringify({ format: clusterFormat, cluster })}\n`,
  });
  return authority;
}

/** Undefined when this machine does not hold it. @throws StatusError `corrupt`, `format_newer`. */
export async function loadAuthority(directory: string): Promise<Authority | undefined> {
  const files = await readSecretFolder(directory, fileNames);
  if (files === undefined) return undefined;
  return {
    cluster: readCluster(files['cluster.json'], directory),
    certificate: files['ca.crt'],
    privateKey: files['ca.key'],
    sealingKey: readSealingKey(files['sealing.key'], directory),
  };
}

/** Who the operator's commands are, on the machine of the authority. Undefined when it is not this one. */
export async function loadOperator(directory: string): Promise<Identity | undefined> {
  const authority = await loadAuthority(directory);
  const files = await readSecretFolder(directory, ['operator.crt', 'operator.key']);
  if (authority === undefined || files === undefined) return undefined;
  return {
    cluster: authority.cluster,
    nodeId: operatorId,
    role: operatorRole,
    tls: {
      caCertificate: authority.certificate,
      certificate: files['operator.crt'],
      privateKey: files['operator.key'],
    },
    sealingKey: authority.sealingKey,
  };
}

/** The one that is there, else a new one; also when several processes start at once. */
export async function openAuthority(directory: string): Promise<Authority> {
  const before = await loadAuthority(directory);
  if (before !== undefined) return before;
  try {
    return await initAuthority(directory);
  } catch (error) {
    const other = await loadAuthority(directory);
    if (error instanceof StatusError && error.reason === 'entry_exists' && other !== undefined) return other;
    throw error;
  }
}

/** Both ends of a connection in one: a node calls and is called. @throws StatusError `malformed`: no role or host. */
export async function issueCertificate(
  authority: Authority,
  { nodeId, role, hosts }: NodeSubject,
  nowMs = Date.now(),
): Promise<TlsMaterial> {
  assert(isNodeId(nodeId), `node id: got "${nodeId}"`);
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(role))
    throw new StatusError('malformed', `Cannot issue a certificate: role must be 1 to 32 of a-z 0-9 -: got "${role}"`);
  const names = [nodeId, 'localhost', '127.0.0.1', '::1', ...hosts];
  checkNames(names);
  const x509 = await import('./x509.ts');
  const subject = { commonName: nodeId, unit: role, organisation: authority.cluster };
  const validity = { nowMs, days: certificateValidityDays };
  return {
    caCertificate: authority.certificate,
    ...(await x509.makeNodeCertificate(authority, subject, names, validity)),
  };
}

/** For a door whose clients do not know the cluster, until its operator has a better one (FTP's AUTH TLS). */
export async function selfSignedCertificate(
  { names }: { readonly names: readonly string[] },
  nowMs = Date.now(),
): Promise<PemPair> {
  checkNames(names);
  const x509 = await import('./x509.ts');
  const subject = { commonName: names[0] ?? 'localhost', organisation: 'Skerry, self-made' };
  return x509.makeSelfSigned(subject, names, { nowMs, days: certificateValidityDays });
}

/** @throws StatusError `malformed` when the text is no certificate. */
export function describeCertificate(pem: string): CertificateFacts {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new StatusError('malformed', 'Cannot read certificate: must be PEM (RFC 7468)', { cause });
  }
  const { CN, OU, O } = (certificate.toLegacyObject() as { subject: Readonly<Record<string, unknown>> }).subject;
  // Node gives an array for a field that stands twice; such a subject says nothing we trust.
  const one = (field: unknown): string => (typeof field === 'string' ? field : '');
  return {
    commonName: one(CN),
    role: one(OU),
    cluster: one(O),
    names: (certificate.subjectAltName ?? '').split(', ').flatMap((name) => name.replace(/^[^:]*:/, '') || []),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  };
}

export function readSealingKey(text: string, directory: string): Uint8Array {
  const key = fromHex(text.trim());
  if (key?.length === sealingKeySizeBytes) return key;
  const wanted = `must be ${2 * sealingKeySizeBytes} hexadecimal digits`;
  throw new StatusError('corrupt', `Cannot read "sealing.key" in "${directory}": ${wanted}`);
}

function readCluster(json: string, directory: string): string {
  const { format, cluster } = parseObject(json);
  if (typeof format === 'number' && format > clusterFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read "${directory}": format ${format} is newer than ${clusterFormat}, the newest that this program knows`,
    );
  if (format === clusterFormat && typeof cluster === 'string' && /^[0-9a-f]{32}$/.test(cluster)) return cluster;
  throw new StatusError('corrupt', `Cannot read "cluster.json" in "${directory}": must name format and cluster`);
}

/** Empty when it is no JSON object. */
export function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function checkNames(names: readonly string[]): void {
  if (names.length === 0 || names.length > certificateNamesMax)
    throw new StatusError(
      'malformed',
      `Cannot issue a certificate: must have 1 to ${certificateNamesMax} names: got ${names.length}`,
    );
  const bad = names.find(
    (name) => isIP(name) === 0 && !/^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(name),
  );
  if (bad !== undefined)
    throw new StatusError(
      'malformed',
      `Cannot issue a certificate: must be a host name or an IP address: got "${bad}"`,
    );
}
