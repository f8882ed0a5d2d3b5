export * from './approve/approver.js';
export * from './approve/binding.js';
export { unapprovable } from './approve/unapprovable.js';
export * from './budget/ledger.js';
export { slotLeaves } from './budget/slot.js';
export * from './budget/told.js';
export * from './budget/usage.js';
export * from './bundle/index.js';
export { joinPolicySets } from './compile/policy-sets.js';
export type { NamedPolicySet } from './compile/policy-sets.js';
export * from './compile/types.js';
export { createDecider } from './decide/decider.js';
export type { Decider, DeciderInput } from './decide/decider.js';
export { refusalOf } from './decide/decision.js';
export type {
  AllowDecision,
  Decision,
  DecisionContext,
  DenyDecision,
  HoldDecision,
  PolicyRequest,
  RequestObject,
  ShadowFinding,
  Subject,
} from './decide/decision.js';
export type { ExplainedRequest, Explanation } from './decide/explain.js';
export { actionsWithin, limitsFor } from './decide/limits.js';
export type { TokenLimit } from './decide/limits.js';
export { policiesFor } from './decide/policies-for.js';
export { objectWords, principalWords, requestWords } from './decide/words.js';
export * from './enforce/enforceable.js';
export * from './enforce/table.js';
export { limitsOf } from './obligation/limits.js';
export { parseBudget } from './obligation/grammar.js';
export * from './obligation/obligation.js';
export * from './permit/mint.js';
export * from './principal.js';
export { actionGroups, actionRecords } from './schema/actions.js';
export type { ActionGroup, ActionRecord } from './schema/actions.js';
export { cedarSchema } from './schema/schema.js';
export type { PolicyProblem } from './validate/problem.js';
export { validatePolicySet } from './validate/validate.js';
export type { ValidatedPolicySet } from './validate/validate.js';
