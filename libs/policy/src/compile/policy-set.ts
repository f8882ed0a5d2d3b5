import { compilePolicy } from './policy.js';
import type { ExecutablePolicy } from './policy.js';
import type { CompiledPolicy } from './types.js';

const executableOf = new WeakMap<readonly CompiledPolicy[], readonly ExecutablePolicy[]>();

/** A chunk's policies are compiled once, however many sessions it serves; a new bundle is a new object. */
export const executable = (policies: readonly CompiledPolicy[]): readonly ExecutablePolicy[] => {
  const known = executableOf.get(policies);
  if (known) return known;
  const made = policies.map(compilePolicy);
  executableOf.set(policies, made);
  return made;
};
