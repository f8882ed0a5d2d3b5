import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  certificatePem,
  checkRequest,
  createAuthority,
  createRequest,
  issueCertificate,
  privateKeyPem,
} from '@sallyport/pki';
import { freePort } from '@sallyport/testing';
import { rootDirectory } from '../stack/paths.js';
import { type Program, startProgram } from '../stack/program.js';

export interface Splice {
  readonly port: number;
  stop(): Promise<void>;
}

/** Two processes that move bytes with TLS 1.3 between them, and do nothing else: what our shape costs by itself. */
export async function startSplice(directory: string, targetPort: number): Promise<Splice> {
  const now = Date.now();
  const authority = await createAuthority({ tenant: 'bench', now });
  const { privateKey, request } = await createRequest();
  const publicKey = await checkRequest(request);
  if (publicKey === undefined) throw new Error('our own request is refused');
  const leaf = await issueCertificate({
    authority,
    publicKey,
    identity: { tenant: 'bench', kind: 'proxy', name: 'splice' },
    now,
  });
  const certificate = join(directory, 'splice.pem');
  const key = join(directory, 'splice.key');
  await writeFile(certificate, certificatePem(leaf) + certificatePem(authority.certificate));
  await writeFile(key, privateKeyPem(privateKey), { mode: 0o600 });
  const far = await freePort();
  const near = await freePort();
  const script = join(rootDirectory, 'tools/dist/bench/splice.main.js');
  const start = async (name: string, ...args: readonly (string | number)[]): Promise<Program> => {
    const program = startProgram({
      name,
      script,
      arguments: [...args.map(String), certificate, key],
      env: {},
      logPath: join(directory, `${name}.log`),
    });
    await program.waitForLine(/listening/);
    return program;
  };
  const programs = [await start('splice-far', 'far', far, targetPort), await start('splice-near', 'near', near, far)];
  return { port: near, stop: async () => void (await Promise.all(programs.map((program) => program.stop()))) };
}
