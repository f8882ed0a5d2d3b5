import { Server } from '@grpc/grpc-js';
import type { ServerCredentials, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import {
  CertificateServiceService,
  ConfigurationServiceService,
  EnrolmentServiceService,
  EvidenceServiceService,
} from '@sallyport/contracts';
import type {
  CertificateServiceServer,
  ConfigurationServiceServer,
  EnrolmentServiceServer,
  EvidenceServiceServer,
} from '@sallyport/contracts';
import { cannotListen } from '@sallyport/runtime';
import type { ListenAddress } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Hub } from '../configuration/hub.js';
import { EnrolmentService } from '../enrolment/enrolment.service.js';
import { EvidenceService } from '../evidence/evidence.service.js';
import { Readiness } from '../http/readiness.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { ServerCertificate } from './certificate.js';
import { KEYS } from './keyring.js';
import type { Keys } from './keyring.js';
import { Peers, refusalOf } from './peers.js';

const lastSeconds = 3_000;
const alive = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_concurrent_streams': 10_000,
};

/** Where nodes come in: with a join token, and with a certificate. */
@Injectable()
export class GrpcServers implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #config: Config;
  readonly #certificate: ServerCertificate;
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #enrolment = new Server({
    ...alive,
    'grpc.max_receive_message_length': 64 * 1024,
    // One call, and it is over: whoever stays is nobody.
    'grpc.max_connection_idle_ms': 30_000,
  });
  readonly #control = new Server({
    ...alive,
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 256 * 1024 * 1024,
  });
  /** As bound (tests listen on port 0); 0 while it does not listen. */
  ports: { readonly enrolment: number; readonly control: number } = { enrolment: 0, control: 0 };

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(KEYS) keys: Keys,
    @Inject(Peers) peers: Peers,
    @Inject(EnrolmentService) enrolment: EnrolmentService,
    @Inject(Hub) hub: Hub,
    @Inject(EvidenceService) evidence: EvidenceService,
    @Inject(Readiness) readiness: Readiness,
    @Inject(LOG) log: Log,
  ) {
    this.#config = config;
    for (const [name, server] of [
      ['grpc', 'control'],
      ['enrolment', 'enrolment'],
    ] as const)
      readiness.add(name, () => {
        if (this.ports[server] === 0 || !this.#certificate.isValid()) throw new Error('it does not listen');
      });
    this.#certificate = new ServerCertificate(keys, config.grpcNames, config.certificateLifetime);
    this.#hub = hub;
    this.#log = log;
    const enrol: EnrolmentServiceServer = {
      enrol: (call, done) => {
        const report = (cause: string): void => log.error({ cause }, 'enrolment failed');
        enrolment.enrol(call.request).then(
          (credentials) => done(null, { credentials }),
          (cause: unknown) => done(refusalOf(cause, report)),
        );
      },
    };
    const certificates: CertificateServiceServer = {
      renew: peers.unary(async (peer, { certificateRequest }) => ({
        credentials: await enrolment.renew(peer, certificateRequest),
      })),
      enrolWorker: peers.unary(async (peer, { number, certificateRequest }) => ({
        credentials: await enrolment.enrolWorker(peer, number, certificateRequest),
      })),
    };
    const configuration: ConfigurationServiceServer = { stream: peers.duplex((peer, call) => hub.serve(peer, call)) };
    const records: EvidenceServiceServer = {
      append: peers.duplex((peer, call) => evidence.serve(peer, call)),
      appendDurable: peers.unary(async (peer, { records: batch }) => {
        await evidence.appendDurable(peer, batch);
        return {};
      }),
    };
    this.#enrolment.addService(EnrolmentServiceService, enrol);
    this.#control.addService(CertificateServiceService, certificates);
    this.#control.addService(ConfigurationServiceService, configuration);
    this.#control.addService(EvidenceServiceService, records);
  }

  /** Further services, before the servers start. */
  add(service: Parameters<Server['addService']>[0], implementation: UntypedServiceImplementation): void {
    this.#control.addService(service, implementation);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#certificate.start();
    const { enrolmentListen, grpcListen } = this.#config;
    this.ports = {
      enrolment: await bind(this.#enrolment, this.#certificate.credentials(false), {
        variable: 'SALLYPORT_ENROLMENT_LISTEN',
        address: enrolmentListen,
      }),
      control: await bind(this.#control, this.#certificate.credentials(true), {
        variable: 'SALLYPORT_GRPC_LISTEN',
        address: grpcListen,
      }),
    };
    this.#log.info({ ...this.ports }, 'gRPC listens');
  }

  async onApplicationShutdown(): Promise<void> {
    this.ports = { enrolment: 0, control: 0 };
    this.#certificate.stop();
    this.#hub.stop();
    await Promise.all([close(this.#enrolment), close(this.#control)]);
  }
}

/** @throws StartProblem */
function bind(
  server: Server,
  credentials: ServerCredentials,
  { variable, address }: { readonly variable: string; readonly address: ListenAddress },
): Promise<number> {
  const { host, port } = address;
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((done, failed) => {
    server.bindAsync(place, credentials, (problem, bound) => {
      if (problem === null) return done(bound);
      // The library tells the system's error in words only.
      const code = /\b(E[A-Z]{4,})\b/.exec(problem.message)?.[1];
      failed(cannotListen(variable, address, code === undefined ? problem : { code }));
    });
  });
}

/** Calls end by themselves, and all of them in the end. */
function close(server: Server): Promise<void> {
  return new Promise((done) => {
    const deadline = setTimeout(() => {
      server.forceShutdown();
      done();
    }, lastSeconds);
    server.tryShutdown(() => {
      clearTimeout(deadline);
      done();
    });
  });
}
