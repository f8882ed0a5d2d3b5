/**
 * Identifiers are prefixed and sortable (`ses_01J...`): the prefix says what it names, wherever it is read.
 * They are minted at the edges (`@sallyport/runtime`), because minting needs a clock and randomness.
 */
export type SessionId = `ses_${string}`;
export type ApprovalId = `apr_${string}`;
export type CommandId = `cmd_${string}`;

/** Correlates a question with its answer inside one session. */
export type QuestionId = number;

/** One stream of a multiplexed protocol (an SSH channel, an HTTP/2 stream). Single-stream protocols use 0. */
export type Channel = number;
