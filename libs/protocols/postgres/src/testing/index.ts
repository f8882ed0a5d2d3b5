import type { SessionContext } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import type { ControlSubject } from '@sallyport/protocol-core/testing';
import { encodeRequest } from '../client.js';
import { requestCode } from '../message/type.js';
import { postgres } from '../protocol.js';
import { scenes } from './scenes.js';

const context: SessionContext = {
  limits: defaultLimits,
  random: (length) => new Uint8Array(length).fill(7),
  digest: () => ({ update: () => undefined, done: () => new Uint8Array(32) }),
  loopback: true,
  tls: true,
};

/** What PostgreSQL is held to: each control in each mode in which it is declared. */
export const controlSubject: ControlSubject = {
  protocol: postgres,
  open: () => postgres.open(context),
  scenes,
  cancel: (key) => encodeRequest(requestCode.cancel, key),
};
