import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const version = 1;
const nonceLength = 12;
const tagLength = 16;

/**
 * AES-256-GCM: version byte, nonce, tag, ciphertext. `context` is authenticated and must be the same when unsealed, so a
 * sealed value cannot be moved to another place.
 */
export function seal(key: Uint8Array, plain: Uint8Array, context: string): Uint8Array {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additional(context));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), sealed]));
}

/** `undefined` when it was changed, belongs elsewhere, or was sealed with another key. */
export function unseal(key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array | undefined {
  const bytes = Buffer.from(sealed);
  if (bytes[0] !== version || bytes.length < 1 + nonceLength + tagLength) return undefined;
  const nonce = bytes.subarray(1, 1 + nonceLength);
  const tag = bytes.subarray(1 + nonceLength, 1 + nonceLength + tagLength);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
    decipher.setAAD(additional(context)).setAuthTag(tag);
    const rest = bytes.subarray(1 + nonceLength + tagLength);
    return new Uint8Array(Buffer.concat([decipher.update(rest), decipher.final()]));
  } catch {
    return undefined;
  }
}

const additional = (context: string): Buffer => Buffer.from(`sallyport/seal/v${version}/${context}`);
