import { status } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import { NodeKind as WireKind } from '@sallyport/contracts';
import type { Credentials, EnrolRequest } from '@sallyport/contracts';
import { checkRequest, identityUri, issueCertificate, peerOf } from '@sallyport/pki';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import { Tenancy } from '../db/tenancy.js';
import { Refusal } from '../grpc/access.js';
import type { NodeKind, NodePeer } from '../grpc/access.js';
import { KEYS } from '../grpc/keyring.js';
import type { Keys } from '../grpc/keyring.js';
import { JoinTokens } from './join-tokens.js';

const longestSecret = 128;
const mostWorkers = 32;
/** Every refusal of a token has the same words. */
const refused = (): Refusal =>
  new Refusal(status.UNAUTHENTICATED, 'the join token is not valid for this: make a new one with POST /v1/join-tokens');

/** A join token buys the first certificate, a certificate the next one. */
@Injectable()
export class EnrolmentService {
  readonly #database: Database;
  readonly #tenancy: Tenancy;
  readonly #keys: Keys;
  readonly #tokens: JoinTokens;
  readonly #changes: ConfigurationChanges;
  readonly #lifetime: number;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(KEYS) keys: Keys,
    @Inject(JoinTokens) tokens: JoinTokens,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(CONFIG) config: Config,
  ) {
    this.#database = database;
    this.#tenancy = tenancy;
    this.#keys = keys;
    this.#tokens = tokens;
    this.#changes = changes;
    this.#lifetime = config.certificateLifetime;
  }

  async enrol({ joinToken: secret, kind: wire, name, certificateRequest }: EnrolRequest): Promise<Credentials> {
    const kind = kindOf(wire);
    if (kind === undefined || !isName(name)) throw new Refusal(status.INVALID_ARGUMENT, 'kind or name is not valid');
    const publicKey = await keyOf(certificateRequest);
    if (secret === '' || secret.length > longestSecret) throw refused();
    const tenantId = this.#tenancy.defaultTenant;
    return this.#database.$transaction(
      async (transaction) => {
        if (!(await this.#tokens.use(transaction, { tenantId, secret, kind, name }))) throw refused();
        const known = await transaction.node.findUnique({ where: { tenantId_kind_name: { tenantId, kind, name } } });
        if (known?.disabled === true) throw new Refusal(status.PERMISSION_DENIED, 'this node is turned away');
        // Replicas know their nodes from what they compile.
        await this.#changes.changed(tenantId, transaction);
        const node = await transaction.node.upsert({
          where: { tenantId_kind_name: { tenantId, kind, name } },
          create: { id: mintId('nod'), tenantId, kind, name, createdAt: new Date() },
          // Who comes with a new token is another machine: certificates of the one before end here.
          update: { createdAt: new Date(), manifestVersion: 0, refusal: null, workerOfId: null },
        });
        return this.#issue(transaction, { tenantId, nodeId: node.id, kind, name }, publicKey);
      },
      { maxWait: 10_000 },
    );
  }

  /** A new key, the same name: whatever the request says. */
  async renew(peer: NodePeer, certificateRequest: Uint8Array): Promise<Credentials> {
    return this.#issue(this.#database, peer, await keyOf(certificateRequest));
  }

  /** A worker is a proxy of its own, and its proxy's: known from its first certificate on, and not without it. */
  async enrolWorker(peer: NodePeer, number: number, certificateRequest: Uint8Array): Promise<Credentials> {
    const { tenantId, nodeId, kind } = peer;
    const name = `${peer.name}.${number}`;
    if (number < 2 || number > mostWorkers || !isName(name))
      throw new Refusal(status.INVALID_ARGUMENT, `workers have numbers from 2 to ${mostWorkers}, and short names`);
    const publicKey = await keyOf(certificateRequest);
    const where = { tenantId_kind_name: { tenantId, kind, name } };
    return this.#database.$transaction(
      async (transaction) => {
        const { workerOfId } = await transaction.node.findUniqueOrThrow({ where: { id: nodeId } });
        if (workerOfId !== null) throw new Refusal(status.PERMISSION_DENIED, 'a worker has no workers');
        // Replicas know their nodes from what they compile.
        if ((await transaction.node.count({ where: { tenantId, kind, name } })) === 0)
          await this.#changes.changed(tenantId, transaction);
        const worker = await transaction.node.upsert({
          where,
          create: { id: mintId('nod'), tenantId, kind, name, workerOfId: nodeId, createdAt: new Date() },
          update: {},
        });
        if (worker.workerOfId !== nodeId)
          throw new Refusal(
            status.ALREADY_EXISTS,
            `${name} is a proxy of its own: delete it, or give this proxy another name`,
          );
        if (worker.disabled) throw new Refusal(status.PERMISSION_DENIED, 'this worker is turned away');
        return this.#issue(transaction, { tenantId, nodeId: worker.id, kind, name }, publicKey);
      },
      { maxWait: 10_000 },
    );
  }

  async #issue(
    database: Pick<Transaction, 'node'>,
    { nodeId, kind, name }: NodePeer,
    publicKey: Uint8Array,
  ): Promise<Credentials> {
    const { authority, tenant, bundle } = this.#keys;
    const now = Date.now();
    const identity = { tenant, kind, name };
    const certificate = await issueCertificate({ authority, publicKey, identity, now, lifetime: this.#lifetime });
    await database.node.update({
      where: { id: nodeId },
      data: {
        serial: peerOf(certificate)?.serial ?? null,
        certificateExpiry: new Date(now + this.#lifetime),
      },
    });
    return {
      certificateChain: [Buffer.from(certificate)],
      authorities: [Buffer.from(authority.certificate)],
      bundleKeys: [{ id: bundle.id, publicKey: Buffer.from(bundle.publicKey) }],
      tenant,
      nodeId,
      nodeName: name,
    };
  }
}

async function keyOf(request: Uint8Array): Promise<Uint8Array> {
  const publicKey = await checkRequest(new Uint8Array(request));
  if (publicKey === undefined)
    throw new Refusal(status.INVALID_ARGUMENT, 'the certificate request is not a valid one for an ECDSA P-256 key');
  return publicKey;
}

function kindOf(wire: WireKind): NodeKind | undefined {
  if (wire === WireKind.NODE_KIND_PROXY) return 'proxy';
  return wire === WireKind.NODE_KIND_AGENT ? 'agent' : undefined;
}

function isName(name: string): boolean {
  try {
    identityUri({ tenant: 'default', kind: 'proxy', name });
    return name.length <= 63;
  } catch {
    return false;
  }
}
