/**
 * Makes X.509 certificates. The only module that knows @peculiar/x509, and imported only when one must be made: the
 * library takes 100 ms to load, and a node that has its certificate needs none of it.
 *
 * Source: RFC 5280; RFC 6125 §6.4 (names in subjectAltName); CA/Browser Forum BR §7.1 (serial numbers).
 */
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { assert } from '@skerry/kernel';

export type PemPair = { readonly certificate: string; readonly privateKey: string };
export type Subject = { readonly commonName: string; readonly unit?: string; readonly organisation?: string };
export type Validity = { readonly nowMs: number; readonly days: number };

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** A node whose clock is slower than ours still takes a certificate that was made just now. */
const clockSkewMs = 3_600_000;
const serialSizeBytes = 16;

/** A certificate that signs others, directly: none below it may sign. */
export async function makeAuthority(subject: Subject, validity: Validity): Promise<PemPair> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(subject, validity),
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

/** A node's certificate, for both ends of a connection. `names` are host names and IP addresses. */
export async function makeNodeCertificate(
  authority: PemPair,
  subject: Subject,
  names: readonly string[],
  validity: Validity,
): Promise<PemPair> {
  const keys = await makeKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(subject, validity),
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(names)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

/** A server's certificate that nobody vouches for. */
export async function makeSelfSigned(subject: Subject, names: readonly string[], validity: Validity): Promise<PemPair> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(subject, validity),
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(names)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

function common({ commonName, unit, organisation }: Subject, { nowMs, days }: Validity) {
  const name: x509.JsonName = [{ CN: [commonName] }];
  if (unit !== undefined) name.push({ OU: [unit] });
  if (organisation !== undefined) name.push({ O: [organisation] });
  const subject = new x509.Name(name);
  return {
    serialNumber: makeSerial(),
    subject,
    name: subject,
    notBefore: new Date(nowMs - clockSkewMs),
    notAfter: new Date(nowMs + days * dayMs),
    signingAlgorithm: algorithm,
  };
}

// Positive and without a leading zero byte (RFC 5280 §4.1.2.2), so 126 random bits.
function makeSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(serialSizeBytes));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function alternativeNames(names: readonly string[]): x509.JsonGeneralNames {
  assert(names.length > 0, 'a certificate needs a name');
  return [...new Set(names)].map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

async function toPem(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<PemPair> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return {
    certificate: `${certificate.toString('pem').trim()}\n`,
    privateKey: `${x509.PemConverter.encode(der, x509.PemConverter.PrivateKeyTag).trim()}\n`,
  };
}
