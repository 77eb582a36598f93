/** Certificate and key: whether they are there, belong together, and are valid now. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Findings, Machine, RouterConfig } from './check.ts';

/** Of a certificate that ends sooner than this, the operator is told, in ms. */
const expiryWarningMs = 14 * 86_400_000;

export async function checkTls(config: RouterConfig, machine: Machine, findings: Findings): Promise<void> {
  const { tlsCert, tlsKey, tlsCloseNotify } = config;
  if (tlsCloseNotify === 'optional')
    findings.add(
      'warning',
      'tlsCloseNotify',
      'tlsCloseNotify is optional: whoever can end a connection on the network can cut an upload short unseen, unless ' +
        'the client announces its size with ALLO; set it only for clients that send no close_notify',
    );
  if (tlsCert === undefined && tlsKey === undefined)
    return findings.add('warning', 'tlsCert', 'tlsCert is not set: clients are shown a self-made certificate, and ask');
  if (tlsCert === undefined || tlsKey === undefined)
    return findings.add('error', tlsCert === undefined ? 'tlsKey' : 'tlsCert', 'tlsCert and tlsKey: give both or none');
  const read = async <T>(setting: string, path: string, parse: (text: string) => T): Promise<T | undefined> => {
    try {
      return parse(await machine.read(path));
    } catch (error) {
      return void findings.add('error', setting, `${setting} "${path}" cannot be read: ${(error as Error).message}`);
    }
  };
  const certificate = await read('tlsCert', tlsCert, (text) => new X509Certificate(text));
  const key = await read('tlsKey', tlsKey, (text) => createPrivateKey(text));
  if (certificate !== undefined && key !== undefined && !certificate.checkPrivateKey(key))
    findings.add('error', 'tlsKey', `tlsKey "${tlsKey}" is not the key of the certificate "${tlsCert}"`);
  if (certificate !== undefined) checkValidity(certificate, machine.nowMs, findings);
  if (key !== undefined && (await machine.isOpenToAll(tlsKey)))
    findings.add('warning', 'tlsKey', `tlsKey "${tlsKey}" can be read by everybody on this machine: chmod 600`);
}

function checkValidity({ validFrom, validTo }: X509Certificate, nowMs: number, findings: Findings): void {
  const leftMs = Date.parse(validTo) - nowMs;
  if (leftMs <= 0) findings.add('error', 'tlsCert', `tlsCert expired on ${validTo}`);
  else if (leftMs < expiryWarningMs)
    findings.add('warning', 'tlsCert', `tlsCert expires on ${validTo}, in ${Math.floor(leftMs / 86_400_000)} days`);
  if (Date.parse(validFrom) > nowMs) findings.add('error', 'tlsCert', `tlsCert is not valid before ${validFrom}`);
}
