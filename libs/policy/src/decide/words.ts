import type { Principal } from '../principal.js';
import type { PolicyRequest, RequestObject } from './decision.js';
import { printable } from './request.js';

const verbs: Readonly<Record<string, string>> = {
  connect: 'connect to',
  approve: 'approve commands on',
  select: 'read',
  insert: 'insert into',
  update: 'update',
  delete: 'delete from',
  merge: 'merge into',
  create: 'create',
  alter: 'alter',
  drop: 'drop',
  truncate: 'truncate',
  grant: 'grant rights on',
  set_role: 'change the role on',
  server_file: 'use files of the server of',
  server_program: 'run programs on the server of',
  replicate: 'replicate from',
  configure: 'change settings of',
  call: 'call',
  opaque: 'run what cannot be seen into on',
  filter: 'filter or sort by the masked',
  reveal: 'use the clear value of',
};

/** `subagent etl`, `user dana` */
export const principalWords = ({ kind, name }: Principal): string => `${kind} ${printable(name)}`;

export const objectWords = (object: RequestObject, connection: string, database: string): string => {
  switch (object.kind) {
    case 'connection':
      return `connection ${printable(connection)}`;
    case 'database':
      return `database ${printable(database)}`;
    case 'schema':
      return `schema ${printable(object.schema)}`;
    case 'table':
      return `table ${printable(object.schema)}.${printable(object.table)}`;
    case 'column':
      return `column ${printable(object.schema)}.${printable(object.table)}.${printable(object.column)}`;
    case 'function':
      return `function ${printable(object.schema)}.${printable(object.name)}`;
    case 'class':
      return `class ${printable(object.name)}`;
  }
};

export const requestWords = ({ action, object }: PolicyRequest, connection: string, database: string): string => {
  const words = `${verbs[action] ?? printable(action)} ${objectWords(object, connection, database)}`;
  return object.kind === 'connection' ? words : `${words} on ${printable(connection)}`;
};

/** `no policy permits subagent etl to drop table public.payments on billing (action "drop")` */
export const defaultDenial = (
  principal: Principal,
  request: PolicyRequest,
  connection: string,
  database: string,
): string =>
  `no policy permits ${principalWords(principal)} to ${requestWords(request, connection, database)} ` +
  `(action "${request.action}")`;
