/** After sysexits.h; every program of ours uses the same. */
export const exitCodes = {
  ok: 0,
  /** A bug or an unexpected failure. */
  failed: 1,
  /** Wrong configuration or command line. */
  usage: 64,
  /** Something that we need is not there. */
  unavailable: 69,
  /** The second signal came before everything was closed. */
  forced: 130,
} as const;
