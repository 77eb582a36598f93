/** Keys, certificates, seals, passwords. */
export {
  describeCertificate,
  initAuthority,
  issueCertificate,
  loadAuthority,
  loadOperator,
  openAuthority,
  operatorRole,
  selfSignedCertificate,
  type Authority,
  type CertificateFacts,
  type NodeSubject,
} from './authority.ts';
export { loadIdentity, saveIdentity } from './identity.ts';
export {
  decoyHash,
  hashPassword,
  isEncodedPassword,
  needsRehash,
  passwordParameters,
  passwordSizeMaxBytes,
  verifyPassword,
  type PasswordParameters,
} from './passwords.ts';
export * from './revocations.ts';
export * from './sealer.ts';
export { exposedKeyFiles } from './secret-files.ts';
export type { PemPair } from './x509.ts';
export * from './types.ts';
