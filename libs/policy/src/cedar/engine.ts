import {
  checkParsePolicySet,
  isAuthorized,
  policyToJson,
  schemaToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { DetailedError, EntityJson, PolicyJson, Schema } from '@cedar-policy/cedar-wasm/nodejs';
import { cedarSchema } from '../schema/schema.js';

/**
 * The only file that calls cedar-wasm. Its stack is small and one overflow spoils the module for good ("memory access out
 * of bounds" on every later call), so callers bound depth and size first; a trap is still caught and counts as an error.
 */
export interface EngineError {
  readonly message: string;
  readonly help: string | undefined;
  /** Position in UTF-8 bytes. */
  readonly start: number | undefined;
  /** `policy<N>`, counted from 0 in the order of the text. */
  readonly policy: string | undefined;
}

export interface EngineFindings {
  readonly errors: readonly EngineError[];
  readonly warnings: readonly EngineError[];
}

const plain = (error: DetailedError, policy?: string): EngineError => {
  const place = error.sourceLocations?.[0];
  const expected = place?.label ? `${error.message} (${place.label})` : error.message;
  return {
    message: expected.replace(/^failed to parse policies from string: /, '').replace(/^for policy `[^`]*`, /, ''),
    help: error.help ?? undefined,
    start: place?.start,
    policy,
  };
};

const trapped: EngineError = {
  message: 'the policy text could not be analysed',
  help: 'make the policies smaller and less deeply nested',
  start: undefined,
  policy: undefined,
};

/** The engine reads its own JSON several times faster than the text, and reads the schema anew for every call. */
let schema: Schema | undefined;
const schemaJson = (): Schema => {
  if (schema !== undefined) return schema;
  const answer = schemaToJson(cedarSchema);
  if (answer.type === 'failure') throw new Error(`our own schema is refused: ${answer.errors[0]?.message ?? ''}`);
  return (schema = answer.json);
};

export const validateText = (text: string): EngineFindings => {
  try {
    // Parsed on its own first: only this error carries where a syntax error is.
    const parsed = checkParsePolicySet({ staticPolicies: text });
    if (parsed.type === 'failure') return { errors: parsed.errors.map((error) => plain(error)), warnings: [] };
    const answer = validate({
      schema: schemaJson(),
      validationSettings: { mode: 'strict' },
      policies: { staticPolicies: text },
    });
    if (answer.type === 'failure') return { errors: answer.errors.map((error) => plain(error)), warnings: [] };
    return {
      errors: answer.validationErrors.map(({ policyId, error }) => plain(error, policyId)),
      warnings: answer.validationWarnings.map(({ policyId, error }) => plain(error, policyId)),
    };
  } catch {
    return { errors: [trapped], warnings: [] };
  }
};

/** Cedar's JSON form of one policy, or `undefined` where it is none. */
export const policyJson = (policy: string | PolicyJson): PolicyJson | undefined => {
  try {
    const answer = policyToJson(policy);
    return answer.type === 'success' ? answer.json : undefined;
  } catch {
    return undefined;
  }
};

export interface EngineRequest {
  readonly principal: { readonly type: string; readonly id: string };
  readonly action: { readonly type: string; readonly id: string };
  readonly resource: { readonly type: string; readonly id: string };
  readonly context: Readonly<Record<string, unknown>>;
  readonly entities: readonly EntityJson[];
}

/** Whether one policy is satisfied, whatever its effect. */
export const satisfies = (policy: PolicyJson, request: EngineRequest): 'satisfied' | 'unsatisfied' | 'error' => {
  try {
    const answer = isAuthorized({
      principal: { ...request.principal },
      action: { ...request.action },
      resource: { ...request.resource },
      // The library's types are mutable; nothing here is changed by it.
      context: request.context as Parameters<typeof isAuthorized>[0]['context'],
      entities: [...request.entities],
      policies: { staticPolicies: { judged: { ...policy, effect: 'permit' } } },
      validateRequest: false,
    });
    if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0) return 'error';
    return answer.response.decision === 'allow' ? 'satisfied' : 'unsatisfied';
  } catch {
    return 'error';
  }
};
