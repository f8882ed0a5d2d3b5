import { randomBytes } from 'node:crypto';
import type { AgentConnectionChunk } from '@sallyport/policy/bundle';
import { CredentialProblem } from './credentials/credential.js';
import type { Credentials } from './credentials/credentials.js';
import { OpenProblem, openers } from './openers.js';
import type { OpenedTarget } from './openers.js';

export interface TargetsInput {
  readonly credentials: Credentials;
  readonly ca: string | undefined;
  readonly connection: (name: string) => AgentConnectionChunk | undefined;
}

export interface TargetRequest {
  readonly connection: string;
  readonly database: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Opens targets with the credentials that only this process has, and cancels what runs on them. */
export interface Targets {
  /** @throws OpenProblem, with a message for the caller */
  open(request: TargetRequest): Promise<OpenedTarget>;
  /** A handle for `cancel`; the target's real cancel key stays here. */
  handle(target: OpenedTarget): string;
  /** A handle that nobody has does nothing. */
  cancel(handle: string): Promise<void>;
}

export function createTargets({ credentials, ca, connection }: TargetsInput): Targets {
  const live = new Map<string, OpenedTarget>();
  return {
    open: async ({ connection: name, database, parameters, signal }) => {
      const chunk = connection(name);
      if (chunk === undefined || !chunk.databases.includes(database))
        throw new OpenProblem('not_served', 'this agent does not serve that connection and database');
      const opener = Object.hasOwn(openers, chunk.protocol) ? openers[chunk.protocol] : undefined;
      if (opener === undefined) throw new OpenProblem('not_served', `this agent cannot open ${chunk.protocol}`);
      const attempt = async (): Promise<OpenedTarget> => {
        const credential = await credentials.read(chunk.credential).catch((error: unknown) => {
          // Where it was looked for is for the operator, not for the caller.
          const detail = error instanceof CredentialProblem ? error.message : 'its source broke';
          throw new OpenProblem('no_credential', 'the agent has no usable credential for this connection', detail);
        });
        if (signal.aborted) throw new OpenProblem('unreachable', 'opening the target was given up');
        return opener({ connection: chunk, database, credential, parameters, ca, signal });
      };
      try {
        return await attempt();
      } catch (error) {
        const refused = error instanceof OpenProblem && error.code === 'authentication_failed';
        // The password was changed since it was read: the present one is tried, once.
        if (!refused || !credentials.refused(chunk.credential)) throw error;
        return attempt();
      }
    },
    handle: (target) => {
      const handle = randomBytes(16).toString('hex');
      if (target.stream.destroyed) return handle;
      live.set(handle, target);
      target.stream.once('close', () => live.delete(handle));
      return handle;
    },
    cancel: async (handle) => {
      await live.get(handle)?.cancel();
    },
  };
}
