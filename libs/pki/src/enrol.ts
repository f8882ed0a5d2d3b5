import { connect } from 'node:tls';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { Metadata, credentials as grpcCredentials } from '@grpc/grpc-js';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import {
  CertificateServiceClient,
  type Credentials,
  EnrolmentServiceClient,
  NodeKind as WireKind,
} from '@sallyport/contracts';
import { peerOf } from './identity.js';
import type { NodeKind } from './identity.js';
import { parseJoinToken } from './join-token.js';
import { certificatePem, fingerprintOf, privateKeyPem } from './pem.js';
import { EnrolmentProblem } from './problem.js';
import { createRequest } from './request.js';
import type { NodeCredentials } from './store.js';

type EnrollingKind = Exclude<NodeKind, 'control-plane'>;
const deadline = 15_000;

export interface EnrolOptions {
  /** host:port of the enrolment listener. */
  readonly address: string;
  readonly joinToken: string;
  readonly kind: EnrollingKind;
  readonly name: string;
}

/** Buys the first certificate with a join token. The authority is recognised by its fingerprint before the token is shown. */
export async function enrol({ address, joinToken, kind, name }: EnrolOptions): Promise<NodeCredentials> {
  const token = parseJoinToken(joinToken);
  if (token === undefined)
    throw new EnrolmentProblem('the join token is not one of ours: it looks like spj_<64 hex digits>_<secret>', false);
  const authority = await fetchAuthority(address, token.fingerprint);
  const { privateKey, request } = await createRequest();
  const channel = grpcCredentials.createSsl(Buffer.from(certificatePem(authority)), null, null, {
    checkServerIdentity: expectControlPlane,
  });
  const client = new EnrolmentServiceClient(address, channel);
  try {
    const answer = await new Promise<Credentials | undefined>((resolve, reject) => {
      client.enrol(
        {
          joinToken: token.secret,
          kind: kind === 'proxy' ? WireKind.NODE_KIND_PROXY : WireKind.NODE_KIND_AGENT,
          name,
          certificateRequest: Buffer.from(request),
        },
        new Metadata(),
        { deadline: Date.now() + deadline },
        (error, response) => (error === null ? resolve(response.credentials) : reject(problemOf(error, 'enrol'))),
      );
    });
    return credentialsOf(answer, kind, privateKey);
  } finally {
    client.close();
  }
}

export interface RenewOptions {
  /** host:port of the control plane. */
  readonly address: string;
  readonly credentials: NodeCredentials;
}

/** Buys the next certificate with the present one: a new key, the same name. */
export const renew = (options: RenewOptions): Promise<NodeCredentials> =>
  buy(options, (client, certificateRequest, settle) =>
    client.renew({ certificateRequest }, new Metadata(), until(), settle('renew its certificate')),
  );

/** As what a proxy's worker is known: the proxy's name, and the worker's number, from 2. */
export const workerName = (proxy: string, number: number): string => `${proxy}.${number}`;

/** Buys the certificate of a proxy's worker with the proxy's own. */
export async function enrolWorker({
  number,
  ...options
}: RenewOptions & { readonly number: number }): Promise<NodeCredentials> {
  const bought = await buy(options, (client, certificateRequest, settle) =>
    client.enrolWorker({ number, certificateRequest }, new Metadata(), until(), settle('enrol its worker')),
  );
  if (bought.name !== workerName(options.credentials.name, number))
    throw new EnrolmentProblem('the control plane answered with a certificate that is not ours', false);
  return bought;
}

type Settle = (
  what: string,
) => (error: ServiceError | null, response: { readonly credentials?: Credentials | undefined }) => void;

const until = () => ({ deadline: Date.now() + deadline });

/** What a certificate buys: another one, by one call. */
async function buy(
  { address, credentials }: RenewOptions,
  call: (client: CertificateServiceClient, request: Buffer, settle: Settle) => unknown,
): Promise<NodeCredentials> {
  const { privateKey, request } = await createRequest();
  const client = new CertificateServiceClient(address, controlChannel(credentials));
  try {
    const answer = await new Promise<Credentials | undefined>((resolve, reject) => {
      call(client, Buffer.from(request), (what) => (error, response) => {
        if (error === null) resolve(response.credentials);
        else reject(problemOf(error, what));
      });
    });
    return credentialsOf(answer, credentials.kind as EnrollingKind, privateKey);
  } finally {
    client.close();
  }
}

/** mTLS towards the control plane, and nobody else. */
export const controlChannel = (credentials: NodeCredentials): ChannelCredentials =>
  grpcCredentials.createSsl(
    Buffer.from(credentials.authorities),
    Buffer.from(credentials.privateKey),
    Buffer.from(credentials.certificate),
    { checkServerIdentity: expectControlPlane },
  );

/** The authority vouches for proxies and agents too: only the control plane may answer here. */
function expectControlPlane(_host: string, certificate: PeerCertificate): Error | undefined {
  const peer = peerOf(certificate.raw);
  return peer?.kind === 'control-plane' ? undefined : new Error('the certificate is not that of a control plane');
}

/** The certificate that the join token pins, from the chain that the server shows. Nothing is sent. */
function fetchAuthority(address: string, fingerprint: string): Promise<Uint8Array> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(address.slice(at + 1)),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    });
    const fail = (message: string, temporary: boolean): void => {
      socket.destroy();
      reject(new EnrolmentProblem(message, temporary));
    };
    socket.setTimeout(deadline, () => fail(`${address} does not answer: is it the enrolment listener?`, true));
    socket.once('error', (error) =>
      fail(`${address} cannot be reached: ${(error as NodeJS.ErrnoException).code ?? 'TLS failed'}`, true),
    );
    socket.once('secureConnect', () => {
      let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
      for (let depth = 0; certificate?.raw !== undefined && depth < 5; depth++) {
        if (fingerprintOf(certificate.raw) === fingerprint) {
          const found = new Uint8Array(certificate.raw);
          socket.destroy();
          resolve(found);
          return;
        }
        certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate;
      }
      fail(
        `${address} is not the control plane that made this join token (another authority): the token was not sent`,
        false,
      );
    });
  });
}

function credentialsOf(answer: Credentials | undefined, kind: EnrollingKind, privateKey: Uint8Array): NodeCredentials {
  const [leaf] = answer?.certificateChain ?? [];
  const peer = leaf === undefined ? undefined : peerOf(leaf);
  if (answer === undefined || peer === undefined || peer.kind !== kind || answer.authorities.length === 0)
    throw new EnrolmentProblem('the control plane answered with a certificate that is not ours', false);
  return {
    tenant: answer.tenant,
    kind,
    nodeId: answer.nodeId,
    name: answer.nodeName,
    certificate: answer.certificateChain.map(certificatePem).join(''),
    privateKey: privateKeyPem(privateKey),
    authorities: answer.authorities.map(certificatePem).join(''),
    bundleKeys: answer.bundleKeys.map(({ id, publicKey }) => ({ id, publicKey: publicKey.toString('base64') })),
  };
}

/** gRPC status codes: 4 deadline, 14 unavailable, 8 exhausted may pass; the rest is an answer. */
const problemOf = (error: ServiceError, what: string): EnrolmentProblem =>
  new EnrolmentProblem(`this node could not ${what}: ${error.details}`, [4, 8, 14].includes(error.code));
