import type { CompiledPolicy } from '../compile/types.js';
import { isObject } from '../json.js';
import { readAnnotations } from './annotation.js';
import type { BudgetLimit } from './obligation.js';

/** The limits that a policy sets by its `@budget`. */
export const limitsOf = ({ json }: CompiledPolicy): readonly BudgetLimit[] =>
  isObject(json) ? readAnnotations(json['annotations'], json['effect']).obligations.limits : [];
