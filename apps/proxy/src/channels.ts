import { ApprovalsServiceClient, ConfigurationServiceClient, EvidenceServiceClient } from '@sallyport/contracts';
import { channelCredentials, channelOptions } from '@sallyport/pki';
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

const oldMayTake = 60_000;

export const createChannels = (address: string, newest: () => NodeCredentials): Channels => {
  const open = () => {
    const secured = channelCredentials(newest());
    return {
      configuration: new ConfigurationServiceClient(address, secured, channelOptions),
      approvals: new ApprovalsServiceClient(address, secured, channelOptions),
      evidence: new EvidenceServiceClient(address, secured, channelOptions),
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
