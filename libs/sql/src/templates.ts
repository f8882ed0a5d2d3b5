import type { Facts } from './facts.js';
import { freeLiterals, skeletonOf } from './skeleton.js';
import type { Skeleton } from './skeleton.js';

/** Texts that differ in literals which change no fact are read once: programs send the same few statements all day. */
export interface Templates {
  /** `undefined`: such a text was not read yet. Otherwise the very same facts, so what is kept by them is found again. */
  find(text: string): Facts | undefined;
  /** `statement`: the one statement of the text that `find` was asked for last, as the grammar sees it. */
  keep(text: string, statement: unknown, facts: Facts): void;
}

interface Family {
  /** By the literals that matter. */
  readonly members: Map<string, Facts>;
  readonly free: ReadonlySet<number>;
}

const mostFamilies = 1_000;
const mostMembers = 32;

export function createTemplates(): Templates {
  const families = new Map<string, Family>();
  let asked: { readonly text: string; readonly skeleton: Skeleton | undefined } = { text: '', skeleton: undefined };

  const skeleton = (text: string): Skeleton | undefined => {
    if (asked.text !== text) asked = { text, skeleton: skeletonOf(text) };
    return asked.skeleton;
  };

  return {
    find(text) {
      const found = skeleton(text);
      if (found === undefined) return undefined;
      const family = families.get(found.key);
      return family?.members.get(fixedPart(found, family.free));
    },
    keep(text, statement, facts) {
      const found = skeleton(text);
      if (found === undefined) return;
      const free = freeLiterals(statement, found);
      // Without one, the exact text is what is remembered.
      if (free.size === 0) return;
      const known = families.get(found.key);
      const family = known ?? { members: new Map<string, Facts>(), free };
      if (!sameSet(family.free, free)) return;
      if (family.members.size >= mostMembers) family.members.clear();
      family.members.set(fixedPart(found, free), facts);
      if (known !== undefined) return;
      if (families.size >= mostFamilies) families.clear();
      families.set(found.key, family);
    },
  };
}

const fixedPart = ({ literals }: Skeleton, free: ReadonlySet<number>): string => {
  if (free.size === literals.length) return '';
  return literals.map(({ text }, index) => (free.has(index) ? '' : `${text}\0`)).join('');
};

const sameSet = (one: ReadonlySet<number>, other: ReadonlySet<number>): boolean =>
  one.size === other.size && [...one].every((item) => other.has(item));
