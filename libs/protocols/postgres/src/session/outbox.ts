import type { Permit, Step } from '@sallyport/kernel';
import { joined } from '@sallyport/protocol-core';

/** Housekeeping goes under the login's permit; a preparation and a command have their own. */
export type Weight = 0 | 1 | 2;

interface Slice {
  bytes: Uint8Array;
  permit: Permit;
  weight: Weight;
}

/**
 * What goes to the target in one event, slice by slice under its permit; neighbours in memory leave as one, under the
 * weightiest permit among them. Two commands never share a slice.
 */
export class Outbox {
  private slices: Slice[] = [];
  /** What must wait: a message is going through piece by piece. */
  private behind: Slice[] | undefined;

  /** A piece of one message; whatever is added before its last one comes behind it. */
  pass(
    bytes: Uint8Array,
    { permit, weight }: { readonly permit: Permit; readonly weight: Weight },
    last: boolean,
  ): void {
    const behind = this.behind ?? [];
    this.behind = undefined;
    this.add(bytes, permit, weight);
    if (last) for (const slice of behind) this.add(slice.bytes, slice.permit, slice.weight);
    else this.behind = behind;
  }

  add(bytes: Uint8Array, permit: Permit, weight: Weight = 0): void {
    if (this.behind !== undefined) return void this.behind.push({ bytes, permit, weight });
    const last = this.slices.at(-1);
    const together = last !== undefined && (last.weight < 2 || weight < 2 || last.permit === permit);
    const whole = together ? joined(last.bytes, bytes) : undefined;
    if (last === undefined || whole === undefined) {
      this.slices.push({ bytes, permit, weight });
      return;
    }
    last.bytes = whole;
    if (weight < last.weight) return;
    last.permit = permit;
    last.weight = weight;
  }

  flush(steps: Step[]): void {
    if (this.slices.length === 0) return;
    for (const { bytes, permit } of this.slices) steps.push({ kind: 'toTarget', bytes, permit });
    this.slices = [];
  }
}
