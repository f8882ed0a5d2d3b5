import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import type { CatalogMoved, Hello, RunResult, StreamRequest, StreamResponse } from '@sallyport/contracts';
import { signBundle } from '@sallyport/pki';
import { encodeManifest } from '@sallyport/policy';
import type { ChunkReference, ConnectionChunk } from '@sallyport/policy';
import { z } from 'zod';
import { BudgetSharing } from '../budgets/budget-sharing.js';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import { streamAccess } from '../grpc/access.js';
import type { NodePeer } from '../grpc/access.js';
import { KEYS } from '../grpc/keyring.js';
import type { Keys } from '../grpc/keyring.js';
import { Tenancy } from '../db/tenancy.js';
import { tokenIssuer } from '../logins/token-issuer.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { Notifications } from '../notify/notifications.js';
import { readCatalogChannel, readCatalogOrder, sampleColumnsChannel, sampleColumnsOrder } from './catalog-orders.js';
import { Catalogs } from './catalogs.js';
import { changesChannel } from './changes.js';
import { compile } from './compile.js';
import type { Compiled } from './compile.js';
import { Findings } from './findings.js';
import { Presence } from './presence.js';
import { SessionEnding, endSessionChannel } from './session-ending.js';

type Call = ServerDuplexStream<StreamRequest, StreamResponse>;

/** One node that is connected to this replica. */
export interface NodeStream {
  readonly peer: NodePeer;
  readonly connectedAt: Date;
  send(message: NonNullable<StreamResponse['message']>): void;
}

interface Live extends NodeStream {
  readonly call: Call;
  /** Digests that the node holds. */
  held: Set<string>;
  sent: number;
  sentAt: number;
  heardAt: number;
  assuredAt: number;
}

const heartbeat = 5_000;
const silence = 20_000;
/** What may wait for a node that reads slowly: bundles, which replace each other, and everything else. */
const mostBundlesWaiting = 4;
const mostWaiting = 256;
/** One, and another while certificates are renewed or a connection is lost unnoticed. */
const mostStreams = 4;
const coalesce = 20;
const manifestLife = 24 * 3_600_000;
const renewManifest = 3_600_000;
const endSession = z.object({ tenantId: z.string(), sessionId: z.string(), reason: z.string() });
/** After a start of its own a replica waits for agents before it calls a catalog stale. */
const patience = 60_000;

/** The configuration streams of this replica. */
@Injectable()
export class Hub implements OnApplicationBootstrap {
  readonly #streams = new Set<Live>();
  readonly #runResults = new Set<(peer: NodePeer, result: RunResult) => void>();
  readonly #presence: Presence;
  readonly #database: Database;
  readonly #ending: SessionEnding;
  readonly #catalogs: Catalogs;
  readonly #budgets: BudgetSharing;
  readonly #findings: Findings;
  readonly #notifications: Notifications;
  readonly #keys: Keys;
  readonly #maxStaleness: number;
  readonly #issuerOf: (tenant: { readonly id: string; readonly name: string }) => string;
  readonly #log: Log;
  readonly #compiled = new Map<string, Compiled>();
  readonly #compiling = new Map<string, Promise<Compiled>>();
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Presence) presence: Presence,
    @Inject(Notifications) notifications: Notifications,
    @Inject(KEYS) keys: Keys,
    @Inject(CONFIG) config: Config,
    @Inject(Database) database: Database,
    @Inject(SessionEnding) ending: SessionEnding,
    @Inject(Catalogs) catalogs: Catalogs,
    @Inject(BudgetSharing) budgets: BudgetSharing,
    @Inject(Findings) findings: Findings,
    @Inject(LOG) log: Log,
    @Inject(Tenancy) tenancy: Tenancy,
  ) {
    this.#presence = presence;
    this.#database = database;
    this.#ending = ending;
    this.#catalogs = catalogs;
    this.#budgets = budgets;
    this.#findings = findings;
    this.#notifications = notifications;
    this.#keys = keys;
    this.#maxStaleness = config.maxStaleness;
    this.#issuerOf = ({ id }) => tokenIssuer(config.publicUrl, { id, isFirst: id === tenancy.defaultTenant });
    this.#log = log;
    notifications.on(changesChannel, () => this.#soon());
    notifications.on(endSessionChannel, (payload) => this.#endSession(payload));
    notifications.on(readCatalogChannel, (payload) => this.#readCatalog(payload));
    notifications.on(sampleColumnsChannel, (payload) => this.#sampleColumns(payload));
    notifications.onResumed(() => {
      this.#soon();
      this.#endAllPending();
    });
  }

  onApplicationBootstrap(): void {
    this.#beat = setInterval(() => this.#tick(), heartbeat).unref();
  }

  /** Nodes go to another replica; nothing of theirs is lost. */
  stop(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    for (const { call } of this.#streams) call.end();
  }

  proxies(tenantId: string): readonly NodeStream[] {
    return [...this.#streams].filter(({ peer }) => peer.kind === 'proxy' && peer.tenantId === tenantId);
  }

  /** A connection with the policies in force on it now, as its proxies have them. */
  async connection(tenantId: string, id: string): Promise<ConnectionChunk | undefined> {
    const { connections } = await this.#current(tenantId);
    return [...connections.values()].find((connection) => connection.id === id);
  }

  /** All connections, with the policies in force on each. */
  async connections(tenantId: string): Promise<readonly ConnectionChunk[]> {
    return [...(await this.#current(tenantId)).connections.values()];
  }

  onRunResult(handler: (peer: NodePeer, result: RunResult) => void): void {
    this.#runResults.add(handler);
  }

  serve(peer: NodePeer, call: Call): void {
    let live: Live | undefined;
    let before: Promise<void> = Promise.resolve();
    const late = setTimeout(() => end(call, status.DEADLINE_EXCEEDED, 'say hello first'), 10_000);
    const over = (): void => {
      clearTimeout(late);
      if (live !== undefined) this.#left(live);
    };
    call.on('close', over);
    call.on('cancelled', over);
    call.on('end', () => {
      over();
      call.end();
    });
    call.on('data', ({ message }: StreamRequest) => {
      if (live !== undefined) live.heardAt = Date.now();
      if (message === undefined) return;
      if (!streamAccess[message.$case].includes(peer.kind))
        return end(call, status.PERMISSION_DENIED, `${message.$case} is not for nodes of the kind ${peer.kind}`);
      if ((message.$case === 'hello') === (live !== undefined))
        return end(call, status.FAILED_PRECONDITION, 'hello comes first, and once');
      if (message.$case === 'hello') {
        clearTimeout(late);
        live = this.#admit(peer, call, message.value);
      }
      const stream = live;
      // In order, one at a time: a node cannot make this replica do more at once.
      call.pause();
      before = before
        .then(() => (stream === undefined ? undefined : this.#hear(stream, message)))
        .catch((cause: unknown) => this.#report(cause))
        .then(() => void call.resume());
    });
  }

  #left(live: Live): void {
    if (!this.#streams.delete(live)) return;
    this.#budgets.left(live);
    this.#presence.gone(live).catch((cause: unknown) => this.#report(cause));
  }

  /** A node that asks and does not read would fill the memory of everybody's replica. */
  #send(live: Live, message: NonNullable<StreamResponse['message']>): void {
    if (live.call.writableLength < mostWaiting) return void live.call.write({ message });
    this.#log.warn({ node: live.peer.name }, 'a node does not read what it is sent');
    this.#left(live);
    end(live.call, status.RESOURCE_EXHAUSTED, 'this node does not read what it is sent');
  }

  #admit(peer: NodePeer, call: Call, { chunks }: Hello): Live {
    const now = Date.now();
    const live: Live = {
      peer,
      call,
      connectedAt: new Date(now),
      held: new Set(chunks.slice(0, 100_000)),
      sent: 0,
      sentAt: 0,
      heardAt: now,
      assuredAt: 0,
      send: (message) => this.#send(live, message),
    };
    const mine = [...this.#streams].filter((each) => each.peer.nodeId === peer.nodeId);
    for (const old of mine.slice(0, Math.max(0, mine.length + 1 - mostStreams))) {
      this.#left(old);
      end(old.call, status.ABORTED, 'this node has opened other streams');
    }
    this.#streams.add(live);
    return live;
  }

  async #hear(live: Live, message: NonNullable<StreamRequest['message']>): Promise<void> {
    const { peer } = live;
    switch (message.$case) {
      case 'hello': {
        await this.#presence.arrived(live, message.value);
        const compiled = await this.#current(peer.tenantId);
        this.#push(live, compiled);
        if (peer.kind === 'agent')
          for (const value of await this.#catalogs.pending(peer, compiled)) live.send({ $case: 'readCatalog', value });
        return this.#endPending(live);
      }
      case 'acknowledge':
        return this.#presence.acknowledged(peer, message.value.manifestVersion);
      case 'refuse':
        // The node dropped what it was sent: next time it gets everything.
        live.held = new Set();
        this.#log.warn({ node: peer.name, version: message.value.manifestVersion }, 'a node refused its bundle');
        return this.#presence.refused(peer, message.value.reason);
      case 'heartbeat':
        return this.#presence.seen(peer);
      case 'catalog': {
        const compiled = await this.#current(peer.tenantId);
        const reported = await this.#catalogs.report(peer, message.value, compiled);
        if (reported.kind === 'wanted') live.send({ $case: 'readCatalog', value: reported.order });
        return;
      }
      case 'catalogMoved':
        return this.#catalogMoved(peer, message.value);
      case 'runResult':
        for (const handler of this.#runResults) handler(peer, message.value);
        return;
      case 'samples':
        return this.#findings.report(peer, message.value, await this.#current(peer.tenantId));
      case 'sessions':
        return this.#presence.sessions(peer, message.value.live);
      case 'budgetReport':
        return this.#budgets.heard(live, message.value);
    }
  }

  async #catalogMoved({ tenantId }: NodePeer, { connection, database }: CatalogMoved): Promise<void> {
    if (connection.length > 255 || database.length > 255) return;
    const move = await this.#catalogs.moved(tenantId, connection, database);
    const order = { tenantId, connection, database, move, whole: false };
    await this.#notifications.send(readCatalogChannel, JSON.stringify(order));
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#publishing = this.#publishing.then(() => this.#publish()).catch((cause: unknown) => this.#report(cause));
    }, coalesce);
  }

  async #publish(): Promise<void> {
    const tenants = new Set([...this.#streams].map(({ peer }) => peer.tenantId));
    for (const tenantId of tenants) {
      const compiled = await this.#current(tenantId);
      for (const live of this.#streams) {
        if (live.peer.tenantId !== tenantId) continue;
        this.#push(live, compiled);
        this.#assure(live);
      }
    }
  }

  /**
   * Tells a node that what it has is the newest, which only who has just asked the database knows: a replica that cannot
   * reach it must not keep proxies deciding by policy that others may have changed.
   */
  #assure(live: Live): void {
    const now = Date.now();
    if (now - live.assuredAt < heartbeat / 2) return;
    live.assuredAt = now;
    live.send({ $case: 'heartbeat', value: { sentAt: now } });
  }

  /** Compiled once per change. */
  async #current(tenantId: string): Promise<Compiled> {
    const { bundleVersion } = await this.#database.tenant.findUniqueOrThrow({
      where: { id: tenantId },
      select: { bundleVersion: true },
    });
    const known = this.#compiled.get(tenantId);
    if (known !== undefined && known.version >= Number(bundleVersion)) return known;
    // However many ask for one version at once, it is compiled once.
    const key = `${tenantId} ${bundleVersion}`;
    const compiling = this.#compiling.get(key) ?? this.#compile(tenantId).finally(() => this.#compiling.delete(key));
    this.#compiling.set(key, compiling);
    return compiling;
  }

  async #compile(tenantId: string): Promise<Compiled> {
    const before = this.#compiled.get(tenantId);
    const compiled = await compile(
      this.#database,
      tenantId,
      { issuerOf: this.#issuerOf, hashKey: this.#keys.hashKey },
      before,
    );
    // Of two that compiled at once, the newer one stays.
    const other = this.#compiled.get(tenantId);
    if (other !== undefined && other.version > compiled.version) return other;
    this.#compiled.set(tenantId, compiled);
    return compiled;
  }

  #push(live: Live, compiled: Compiled): void {
    const { peer, call } = live;
    if (!compiled.nodes.has(`${peer.kind} ${peer.name}`))
      return end(call, status.PERMISSION_DENIED, 'this node is not known here, or turned away');
    const now = Date.now();
    // It gets the newest one when it has read what came before.
    if (call.writableLength >= mostBundlesWaiting) return;
    if (compiled.version <= live.sent && live.sent > 0 && now - live.sentAt < renewManifest) return;
    const references = peer.kind === 'proxy' ? compiled.forProxies : compiled.forAgent(peer.name);
    const manifest = encodeManifest({
      tenant: this.#keys.tenant,
      version: compiled.version,
      issuedAt: now,
      notAfter: now + manifestLife,
      maxStaleness: this.#maxStaleness,
      chunks: references,
    });
    const all = references.flatMap((each) => [each, ...partsIn(each, compiled)]);
    const missing = new Map(all.filter(({ digest }) => !live.held.has(digest)).map((each) => [each.digest, each]));
    const value = {
      manifest: Buffer.from(manifest),
      signature: Buffer.from(signBundle(this.#keys.bundle.privateKey, manifest)),
      keyId: this.#keys.bundle.id,
      chunks: [...missing.values()].map((reference) => ({
        ...reference,
        content: Buffer.from(compiled.chunks.get(reference.digest) ?? []),
      })),
    };
    live.send(live.sent === 0 ? { $case: 'snapshot', value } : { $case: 'delta', value });
    live.held = new Set(all.map(({ digest }) => digest));
    live.sent = compiled.version;
    live.sentAt = now;
  }

  #tick(): void {
    const now = Date.now();
    for (const live of this.#streams)
      if (now - live.heardAt > silence) end(live.call, status.DEADLINE_EXCEEDED, 'nothing was heard for too long');
    // Assures nodes, and is the net below notifications that were lost.
    this.#soon();
    this.#endAllPending();
    if (now - this.#startedAt > patience)
      this.#catalogs.withdrawStale(new Date(now)).catch((cause: unknown) => this.#report(cause));
  }

  #endSession(payload: string): void {
    const notice = endSession.parse(JSON.parse(payload));
    const { sessionId, reason } = notice;
    for (const proxy of this.proxies(notice.tenantId))
      proxy.send({ $case: 'endSession', value: { sessionId, reason } });
  }

  #endAllPending(): void {
    for (const live of this.#streams) this.#endPending(live).catch((cause: unknown) => this.#report(cause));
  }

  async #endPending({ peer, send }: Live): Promise<void> {
    if (peer.kind !== 'proxy') return;
    for (const { sessionId, reason } of await this.#ending.pending(peer.tenantId, peer.name))
      send({ $case: 'endSession', value: { sessionId, reason } });
  }

  #readCatalog(payload: string): void {
    const { tenantId, ...value } = readCatalogOrder.parse(JSON.parse(payload));
    for (const agent of this.#agentsOf(tenantId, value.connection)) agent.send({ $case: 'readCatalog', value });
  }

  /** One of them is enough: it is work for the target. */
  #sampleColumns(payload: string): void {
    const { tenantId, ...value } = sampleColumnsOrder.parse(JSON.parse(payload));
    this.#agentsOf(tenantId, value.connection)[0]?.send({ $case: 'sampleColumns', value });
  }

  #agentsOf(tenantId: string, connection: string): readonly Live[] {
    const agents = this.#compiled.get(tenantId)?.connections.get(connection)?.agents ?? [];
    return [...this.#streams].filter(
      ({ peer }) => peer.kind === 'agent' && peer.tenantId === tenantId && agents.includes(peer.name),
    );
  }

  #report(cause: unknown): void {
    this.#log.error({ cause: cause instanceof Error ? cause.message.slice(0, 1_000) : 'unknown' }, 'a stream failed');
  }
}

/** A manifest names a catalog, and that its parts. */
const partsIn = ({ kind, name, digest }: ChunkReference, { parts }: Compiled): readonly ChunkReference[] =>
  kind === 'catalog' ? (parts.get(digest) ?? []).map((part) => ({ kind: 'catalog_part', name, digest: part })) : [];

function end(call: Call, code: status, details: string): void {
  call.emit('error', { code, details });
}
