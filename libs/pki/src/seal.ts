import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Sealed bytes could not be opened: another key, another purpose, or changed. */
export class SealProblem extends Error {
  constructor() {
    super('sealed bytes cannot be opened with this key');
    this.name = 'SealProblem';
  }
}

const version = 1;
const ivLength = 12;
const tagLength = 16;

/** AES-256-GCM: version, nonce, tag, ciphertext. `purpose` is bound in, so that a seal of one thing opens no other. */
export function seal(key: Uint8Array, content: Uint8Array, purpose: string): Uint8Array {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(`sallyport:${version}:${purpose}`));
  const body = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), body]);
}

/** @throws SealProblem */
export function unseal(key: Uint8Array, sealed: Uint8Array, purpose: string): Uint8Array {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < 1 + ivLength + tagLength || bytes[0] !== version) throw new SealProblem();
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + ivLength))
      .setAAD(Buffer.from(`sallyport:${version}:${purpose}`))
      .setAuthTag(bytes.subarray(1 + ivLength, 1 + ivLength + tagLength));
    return Buffer.concat([decipher.update(bytes.subarray(1 + ivLength + tagLength)), decipher.final()]);
  } catch {
    throw new SealProblem();
  }
}
