import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { nodeKinds } from './identity.js';
import { EnrolmentProblem } from './problem.js';

const credentialsSchema = z.strictObject({
  tenant: z.string(),
  kind: z.enum(nodeKinds),
  nodeId: z.string(),
  name: z.string(),
  /** PEM, leaf first. */
  certificate: z.string(),
  privateKey: z.string(),
  authorities: z.string(),
  bundleKeys: z.array(z.strictObject({ id: z.string(), publicKey: z.string() })),
});

/** What a node holds to prove itself and to know the others. PEM texts; bundle keys raw in base64. */
export type NodeCredentials = Readonly<z.output<typeof credentialsSchema>>;

const fileName = 'credentials.json';

/** `undefined`: never enrolled. @throws EnrolmentProblem when the file is there and cannot be used. */
export function readCredentials(directory: string): NodeCredentials | undefined {
  const path = join(directory, fileName);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new EnrolmentProblem(`${path} cannot be read (${code}): who runs this program must own it`, false);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = credentialsSchema.safeParse(value);
  if (!parsed.success || !isPair(parsed.data))
    throw new EnrolmentProblem(`${path} is damaged: remove it and enrol again with a new join token`, false);
  return parsed.data;
}

function isPair({ certificate, privateKey }: NodeCredentials): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    return false;
  }
}

/** @throws EnrolmentProblem when nothing could be kept there. */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const probe = join(directory, `.probe.${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new EnrolmentProblem(
      `SALLYPORT_STATE_DIRECTORY ${directory} cannot be written (${code}): make it, and let who runs this program own it`,
      false,
    );
  }
}

/** Readable by its owner only, and never half written. */
export function writeCredentials(directory: string, credentials: NodeCredentials): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const beside = join(directory, `${fileName}.${process.pid}`);
  writeFileSync(beside, JSON.stringify(credentials), { mode: 0o600, flush: true });
  renameSync(beside, join(directory, fileName));
}
