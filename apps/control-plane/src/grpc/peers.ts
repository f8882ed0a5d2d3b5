import { status } from '@grpc/grpc-js';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../db/database.js';
import { Tenancy } from '../db/tenancy.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { identityOf, Refusal } from './access.js';
import type { NodePeer } from './access.js';
import { KEYS } from './keyring.js';
import type { Keys } from './keyring.js';

interface AnyCall {
  getPath(): string;
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Buffer } | undefined };
}

/** Lets nodes in: every call is somebody's, known, of the right kind, and not turned away. */
@Injectable()
export class Peers {
  readonly #database: Database;
  readonly #tenancy: Tenancy;
  readonly #keys: Keys;
  readonly #log: Log;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(KEYS) keys: Keys,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#tenancy = tenancy;
    this.#keys = keys;
    this.#log = log;
  }

  unary<Req, Res>(answer: (peer: NodePeer, request: Req) => Promise<Res>): handleUnaryCall<Req, Res> {
    return (call, done) => {
      this.#peerOf(call)
        .then((peer) => answer(peer, call.request))
        .then(
          (response) => done(null, response),
          (cause: unknown) => done(this.#refusal(cause, call.getPath())),
        );
    };
  }

  serverStream<Req, Res>(
    serve: (peer: NodePeer, call: ServerWritableStream<Req, Res>) => Promise<void>,
  ): handleServerStreamingCall<Req, Res> {
    return (call) => {
      call.on('error', () => undefined);
      this.#peerOf(call)
        .then((peer) => serve(peer, call))
        .catch((cause: unknown) => call.emit('error', this.#refusal(cause, call.getPath())));
    };
  }

  /** Nothing of the stream is read before the peer is known: `data` is listened to by `serve`. */
  duplex<Req, Res>(
    serve: (peer: NodePeer, call: ServerDuplexStream<Req, Res>) => void,
  ): handleBidiStreamingCall<Req, Res> {
    return (call) => {
      call.on('error', () => undefined);
      this.#peerOf(call)
        .then((peer) => serve(peer, call))
        .catch((cause: unknown) => call.emit('error', this.#refusal(cause, call.getPath())));
    };
  }

  async #peerOf(call: AnyCall): Promise<NodePeer> {
    const { kind, name, issuedAt } = identityOf(
      call.getAuthContext().sslPeerCertificate?.raw,
      call.getPath(),
      this.#keys.tenant,
    );
    const tenantId = this.#tenancy.defaultTenant;
    const node = await this.#database.node.findUnique({
      where: { tenantId_kind_name: { tenantId, kind, name } },
      include: { workerOf: true },
    });
    // A name that was given again is another node: what was issued before that is of no use. A worker goes with its proxy.
    if (node === null || !isGood(node, issuedAt) || (node.workerOf !== null && !isGood(node.workerOf, issuedAt)))
      throw new Refusal(status.PERMISSION_DENIED, 'this node is not known here, or turned away');
    return { tenantId, nodeId: node.id, kind, name };
  }

  #refusal(cause: unknown, path: string): { code: status; details: string } {
    return refusalOf(cause, (message) => this.#log.error({ path, cause: message }, 'call failed'));
  }
}

/** The one place where an exception becomes a gRPC status. What it does not know is logged. */
export function refusalOf(cause: unknown, report: (message: string) => void): { code: status; details: string } {
  if (cause instanceof Refusal) return { code: cause.code, details: cause.details };
  report(cause instanceof Error ? cause.message.slice(0, 1_000) : 'unknown');
  return { code: status.UNAVAILABLE, details: 'the control plane cannot answer now' };
}

const isGood = (
  { disabled, createdAt }: { readonly disabled: boolean; readonly createdAt: Date },
  issuedAt: Date,
): boolean => !disabled && issuedAt.getTime() >= Math.floor(createdAt.getTime() / 1000) * 1000;
