import { randomInt } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { DeviceCode } from '../db/generated/client.js';
import { hashSecret, mintSecret } from '../identity/secret-token.js';
import { deviceCodeLife } from './lifetimes.js';

/** No vowels: no words (RFC 8628 section 6.1). 20^8 of them. */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ';
/** Seconds. */
const interval = 5;
/** Polls that come a little early are the network's fault. */
const tolerance = 500;

/** As people type one. */
export const userCodeForm = /^[A-Za-z]{4}[- ]?[A-Za-z]{4}$/;

/** Devices that may wait at once: each is a row that a stranger made. */
export const mostWaiting = 1_000;

export interface NewDeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly expiresIn: number;
  readonly interval: number;
}

export type Polled =
  | { readonly kind: 'approved'; readonly code: DeviceCode; readonly userId: string }
  | { readonly kind: 'pending' | 'slow_down' | 'denied' | 'expired' | 'unknown' };

/** Devices that wait for a person (RFC 8628). */
@Injectable()
export class DeviceCodes {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  /** `undefined`: as many as may wait do already. */
  async begin(tenantId: string, address: string, userAgent: string): Promise<NewDeviceCode | undefined> {
    const waiting = await this.#database.deviceCode.count({
      where: { tenantId, state: 'pending', expiresAt: { gt: new Date() } },
    });
    if (waiting >= mostWaiting) return undefined;
    const deviceCode = mintSecret('sdc');
    const userCode = Array.from({ length: 8 }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
    await this.#database.deviceCode.create({
      data: {
        ...{ id: mintId('dev'), tenantId, deviceHash: hashSecret(deviceCode), userCode, state: 'pending' },
        ...{ address, userAgent, interval, expiresAt: new Date(Date.now() + deviceCodeLife) },
      },
    });
    const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
    return { deviceCode, userCode: shown, expiresIn: deviceCodeLife / 1000, interval };
  }

  /** What waits under this user code; people type it in any case, with or without the dash. */
  async waiting(tenantId: string, userCode: string): Promise<DeviceCode | undefined> {
    const row = await this.#database.deviceCode.findFirst({
      where: { tenantId, userCode: plain(userCode), state: 'pending', expiresAt: { gt: new Date() } },
    });
    return row ?? undefined;
  }

  /** One person's word, once; `loginId`: how they had signed in. */
  async answer(
    tenantId: string,
    userCode: string,
    word: { readonly agrees: boolean; readonly userId: string; readonly loginId: string | null },
  ): Promise<boolean> {
    const { agrees, userId, loginId } = word;
    const answered = await this.#database.deviceCode.updateMany({
      where: { tenantId, userCode: plain(userCode), state: 'pending', expiresAt: { gt: new Date() } },
      data: { state: agrees ? 'approved' : 'denied', userId, loginId },
    });
    return answered.count === 1;
  }

  /** Takes an approved one, once. */
  async poll(tenantId: string, deviceCode: string): Promise<Polled> {
    const where = { tenantId, deviceHash: hashSecret(deviceCode) };
    const code = await this.#database.deviceCode.findFirst({ where });
    if (code === null || code.state === 'taken') return { kind: 'unknown' };
    const now = new Date();
    if (code.expiresAt <= now) return { kind: 'expired' };
    if (code.state === 'denied') return { kind: 'denied' };
    if (code.state === 'pending') return { kind: await this.#tooSoon(code, now) };
    const taken = await this.#database.deviceCode.updateMany({
      where: { ...where, state: 'approved' },
      data: { state: 'taken' },
    });
    return taken.count === 1 && code.userId !== null
      ? { kind: 'approved', code, userId: code.userId }
      : { kind: 'unknown' };
  }

  async #tooSoon(code: DeviceCode, now: Date): Promise<'pending' | 'slow_down'> {
    const soonest = (code.polledAt?.getTime() ?? 0) + code.interval * 1000 - tolerance;
    const isEarly = now.getTime() < soonest;
    await this.#database.deviceCode.updateMany({
      where: { id: code.id, tenantId: code.tenantId },
      data: { polledAt: now, ...(isEarly ? { interval: Math.min(60, code.interval + 5) } : {}) },
    });
    return isEarly ? 'slow_down' : 'pending';
  }
}

const plain = (userCode: string): string =>
  userCode
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, 16);
