import type { Duplex } from 'node:stream';
import type { TargetGreeting } from '@sallyport/kernel';
import type { AgentConnectionChunk } from '@sallyport/policy/bundle';
import { LoginError, openTarget } from '@sallyport/postgres/login';
import type { Credential } from './credentials/credential.js';

/** A logged-in target: a byte stream, what it said at login, and how to cancel what it runs. */
export interface OpenedTarget {
  readonly stream: Duplex;
  readonly greeting: TargetGreeting;
  cancel(): Promise<void>;
}

export interface OpenRequest {
  readonly connection: AgentConnectionChunk;
  readonly database: string;
  readonly credential: Credential;
  readonly parameters: Readonly<Record<string, string>>;
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}

/** The target could not be opened; the message is for the caller, the detail for the log, and neither holds a secret. */
export class OpenProblem extends Error {
  readonly code: string;
  readonly detail: string;
  constructor(code: string, message: string, detail = message) {
    super(message);
    this.name = 'OpenProblem';
    this.code = code;
    this.detail = detail;
  }
}

const neverParameters = /^(?:user|database|options|replication|_pq_\..*)$/i;

/** The one list: how each protocol's targets are opened. */
export const openers: Readonly<Record<string, (request: OpenRequest) => Promise<OpenedTarget>>> = {
  postgres: async ({ connection, database, credential, parameters, ca, signal }) => {
    // The proxy's allow-list has none of them; a ticket that has is not a client's.
    if (Object.keys(parameters).some((name) => neverParameters.test(name)))
      throw new OpenProblem('bad_parameters', 'the ticket carries start-up parameters that no session may have');
    try {
      const { host, port, tls } = connection;
      return await openTarget({ host, port, tls, database, ...credential, parameters, ca, signal });
    } catch (error) {
      if (error instanceof LoginError) throw new OpenProblem(error.failure, error.message);
      throw error;
    }
  },
};
