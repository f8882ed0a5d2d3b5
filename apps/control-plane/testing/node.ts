import { ConfigurationServiceClient } from '@sallyport/contracts';
import type { StreamRequest, StreamResponse } from '@sallyport/contracts';
import { controlChannel, enrol } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { GrpcServers } from '../src/grpc/servers.js';
import type { ControlPlane } from '../src/start.js';
import type { Rest } from './plane.js';

type Message = NonNullable<StreamResponse['message']>;

/** A node's end of the configuration stream. */
export interface NodeStream {
  /** Everything that came, oldest first. */
  readonly seen: readonly Message[];
  send(message: NonNullable<StreamRequest['message']>): void;
  /** `ended`, or the status of the failure. */
  readonly over: Promise<string>;
  stop(): void;
}

export const portOf = (plane: ControlPlane, server: 'control' | 'enrolment'): number =>
  plane.app.get(GrpcServers, { strict: false }).ports[server];

/** A node that comes in with a join token that an admin made. */
export async function enrolNode(
  enrolmentPort: number,
  admin: Rest,
  { kind, name }: { readonly kind: 'proxy' | 'agent'; readonly name: string },
): Promise<NodeCredentials> {
  const made = await admin('POST', '/v1/join-tokens', { kind, nodeName: name });
  return enrol({ address: `127.0.0.1:${enrolmentPort}`, joinToken: String(made.body['token']), kind, name });
}

/** Connects and says hello. */
export function openStream(controlPort: number, credentials: NodeCredentials): NodeStream {
  const client = new ConfigurationServiceClient(`127.0.0.1:${controlPort}`, controlChannel(credentials));
  const call = client.stream();
  const seen: Message[] = [];
  call.on('data', ({ message }: StreamResponse) => {
    if (message !== undefined) seen.push(message);
  });
  const over = new Promise<string>((done) => {
    call.on('end', () => done('ended'));
    call.on('error', ({ code }: { code?: number }) => done(`error ${code ?? ''}`));
  });
  const send = (message: NonNullable<StreamRequest['message']>): void => void call.write({ message });
  const value = { softwareVersion: '1', chunks: [], manifestVersion: 0, tunnel: undefined, listeners: [] };
  send({ $case: 'hello', value });
  const stop = (): void => {
    call.cancel();
    client.close();
  };
  return { seen, send, over: over.finally(() => client.close()), stop };
}
