import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { ConfigProblem } from '@sallyport/runtime';
import type { ProxyConfig } from './config.js';
import { tlsMaterial } from './node.js';
import type { Node } from './node.js';

/** What clients see: the configured certificate, read anew each time, or the node's own. @throws ConfigProblem */
export function clientContext(config: ProxyConfig, node: Pick<Node, 'credentials'>): SecureContext {
  const { SALLYPORT_TLS_CERTIFICATE: certificatePath, SALLYPORT_TLS_KEY: keyPath } = config;
  if (certificatePath === undefined || keyPath === undefined) {
    const { cert, key } = tlsMaterial(node.credentials);
    return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  }
  const cert = readOf('SALLYPORT_TLS_CERTIFICATE', certificatePath);
  const key = readOf('SALLYPORT_TLS_KEY', keyPath);
  check({ certificatePath, keyPath, cert, key });
  return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
}

function readOf(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new ConfigProblem([`${variable} names a file that cannot be read (${code}): ${path}`]);
  }
}

interface Pair {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

function check({ certificatePath, keyPath, cert, key }: Pair): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    throw new ConfigProblem([
      `SALLYPORT_TLS_CERTIFICATE ${certificatePath} is no certificate: give the PEM file of the chain, the server's own first`,
    ]);
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    throw new ConfigProblem([`SALLYPORT_TLS_KEY ${keyPath} is no private key: give a PEM file without a passphrase`]);
  }
  if (!certificate.checkPrivateKey(privateKey))
    throw new ConfigProblem([`SALLYPORT_TLS_KEY ${keyPath} is not the key of the certificate in ${certificatePath}`]);
  const end = certificate.validToDate;
  if (end.getTime() < Date.now())
    throw new ConfigProblem([
      `SALLYPORT_TLS_CERTIFICATE ${certificatePath} ended at ${end.toISOString()}: renew it, no client would accept it`,
    ]);
}
