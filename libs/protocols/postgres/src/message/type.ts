/** One-letter message types. https://www.postgresql.org/docs/18/protocol-message-formats.html */
const code = (letter: string): number => letter.charCodeAt(0);

export const frontend = {
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  password: code('p'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const;

export const backend = {
  authentication: code('R'),
  backendKeyData: code('K'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  commandComplete: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyIn: code('G'),
  copyOut: code('H'),
  dataRow: code('D'),
  emptyQuery: code('I'),
  error: code('E'),
  negotiateVersion: code('v'),
  noData: code('n'),
  notice: code('N'),
  notification: code('A'),
  parameterDescription: code('t'),
  parameterStatus: code('S'),
  parseComplete: code('1'),
  portalSuspended: code('s'),
  readyForQuery: code('Z'),
  rowDescription: code('T'),
} as const;

/** What stands where a version would, in a packet without a type. */
export const requestCode = { cancel: 80877102, tls: 80877103, gss: 80877104 } as const;

export const protocolVersion = { oldest: 3 << 16, newest: (3 << 16) | 2 } as const;

export const header = 5;

/** Messages whose text is read and decided. */
export const decided: ReadonlySet<number> = new Set([frontend.query, frontend.parse, frontend.execute]);
