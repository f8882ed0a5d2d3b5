import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { nodeKinds } from './identity.js';

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

/** `undefined`: never enrolled. @throws when the file is there and cannot be used. */
export function readCredentials(directory: string): NodeCredentials | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, fileName), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = credentialsSchema.safeParse(value);
  if (!parsed.success)
    throw new Error(`${join(directory, fileName)} is damaged: remove it and enrol again with a new join token`);
  return parsed.data;
}

/** Readable by its owner only, and never half written. */
export function writeCredentials(directory: string, credentials: NodeCredentials): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const beside = join(directory, `${fileName}.${process.pid}`);
  writeFileSync(beside, JSON.stringify(credentials), { mode: 0o600 });
  renameSync(beside, join(directory, fileName));
}
