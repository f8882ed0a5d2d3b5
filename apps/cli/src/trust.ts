import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { Failure, exitCodes, usage } from './failure.js';

/** The authorities of this machine are trusted beside Node's own. For the whole process; read once, for it is slow. */
export function trustSystem(): void {
  // Node's own list will do where it cannot be changed (before Node 24.5).
  if (systemIsTrusted || typeof tls.setDefaultCACertificates !== 'function') return;
  systemIsTrusted = true;
  add(tls.getCACertificates('system'));
}
let systemIsTrusted = false;

/** One more authority, beside the system's. */
export function trustAlso(pem: string): void {
  const authorities = authoritiesIn(pem);
  if (typeof tls.setDefaultCACertificates !== 'function')
    throw new Failure(`this is Node ${process.versions.node}: it cannot take another authority`, {
      hint: 'run it with Node 24, or set NODE_EXTRA_CA_CERTS to the PEM file',
      exitCode: exitCodes.config,
    });
  add(authorities);
}

/** @throws Failure where there is no certificate in it */
export function authoritiesIn(pem: string): readonly string[] {
  const authorities = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const authority of authorities) new X509Certificate(authority);
  } catch {
    authorities.length = 0;
  }
  if (authorities.length === 0) throw usage('the file of the authority holds no PEM certificate');
  return authorities;
}

const add = (authorities: readonly string[]): void =>
  tls.setDefaultCACertificates([...new Set([...tls.getCACertificates('default'), ...authorities])]);
