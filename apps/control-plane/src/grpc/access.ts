import { status } from '@grpc/grpc-js';
import { peerOf } from '@sallyport/pki';
import type { StreamRequest } from '@sallyport/contracts';

/** Kinds of nodes that come in. */
export type NodeKind = 'proxy' | 'agent';

const both = ['proxy', 'agent'] as const;
const proxies = ['proxy'] as const;

/** The one table of who may call what. What is not listed is refused. */
export const access: Readonly<Record<string, readonly NodeKind[]>> = {
  '/sallyport.v1.CertificateService/Renew': both,
  '/sallyport.v1.CertificateService/EnrolWorker': proxies,
  '/sallyport.v1.ConfigurationService/Stream': both,
  '/sallyport.v1.ApprovalsService/Request': proxies,
  '/sallyport.v1.ApprovalsService/Watch': proxies,
  '/sallyport.v1.ApprovalsService/Redeem': proxies,
  '/sallyport.v1.ApprovalsService/Withdraw': proxies,
  '/sallyport.v1.EvidenceService/Append': proxies,
  '/sallyport.v1.EvidenceService/AppendDurable': proxies,
};

type Message = NonNullable<StreamRequest['message']>['$case'];

/** The same for the messages of the configuration stream. */
export const streamAccess: Readonly<Record<Message, readonly NodeKind[]>> = {
  hello: both,
  acknowledge: both,
  refuse: both,
  heartbeat: both,
  catalog: ['agent'],
  catalogMoved: proxies,
  runResult: proxies,
  sessions: proxies,
  budgetReport: proxies,
  samples: ['agent'],
};

/** A refusal as gRPC says it. Its words are read by operators of nodes: nothing internal goes in. */
export class Refusal extends Error {
  readonly code: status;
  readonly details: string;
  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export interface NodePeer {
  readonly tenantId: string;
  readonly nodeId: string;
  readonly kind: NodeKind;
  readonly name: string;
}

/** Kind and name from the certificate that TLS verified; @throws Refusal */
export function identityOf(raw: Buffer | undefined, path: string, tenant: string) {
  const peer = raw === undefined ? undefined : peerOf(raw);
  if (peer === undefined || peer.tenant !== tenant)
    throw new Refusal(status.UNAUTHENTICATED, 'a certificate of a node of this tenant is needed');
  const { kind } = peer;
  if (kind === 'control-plane' || !(access[path] ?? []).includes(kind))
    throw new Refusal(status.PERMISSION_DENIED, `this is not for nodes of the kind ${kind}`);
  return { ...peer, kind };
}
