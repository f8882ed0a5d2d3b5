import { webcrypto } from 'node:crypto';
import { cryptoProvider } from '@peculiar/x509';

cryptoProvider.set(webcrypto as never);

/** The one kind of certificate key: ECDSA on P-256, which every TLS stack speaks. */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export const { subtle } = webcrypto;
