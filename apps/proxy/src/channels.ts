import type { ClientOptions } from '@grpc/grpc-js';
import { ApprovalsServiceClient, ConfigurationServiceClient, EvidenceServiceClient } from '@sallyport/contracts';
import { controlChannel } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';

/** Clients of the control plane under the newest certificate. */
export interface Channels {
  readonly configuration: ConfigurationServiceClient;
  readonly approvals: ApprovalsServiceClient;
  readonly evidence: EvidenceServiceClient;
  /** New calls go under the new certificate; what is under way ends by itself. */
  renewed(): void;
  close(): void;
}

const options: ClientOptions = {
  // A control plane that vanished without a word is noticed within seconds.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  // No proxy of the environment in between.
  'grpc.enable_http_proxy': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 3_000,
  'grpc.max_receive_message_length': 256 * 1024 * 1024,
  'grpc.max_send_message_length': 64 * 1024 * 1024,
};
const oldMayTake = 60_000;

export const createChannels = (address: string, newest: () => NodeCredentials): Channels => {
  const open = () => {
    const secured = controlChannel(newest());
    return {
      configuration: new ConfigurationServiceClient(address, secured, options),
      approvals: new ApprovalsServiceClient(address, secured, options),
      evidence: new EvidenceServiceClient(address, secured, options),
    };
  };
  const shut = (clients: ReturnType<typeof open>): void => {
    clients.configuration.close();
    clients.approvals.close();
    clients.evidence.close();
  };
  let clients = open();
  return {
    get configuration() {
      return clients.configuration;
    },
    get approvals() {
      return clients.approvals;
    },
    get evidence() {
      return clients.evidence;
    },
    renewed() {
      const old = clients;
      clients = open();
      setTimeout(() => shut(old), oldMayTake).unref();
    },
    close: () => shut(clients),
  };
};
