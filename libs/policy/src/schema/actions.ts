import type { SqlAction } from '@sallyport/sql';

/** Every entity type that can be the resource of a request. */
export type ResourceType =
  | 'Connection'
  | 'Database'
  | 'Schema'
  | 'Table'
  | 'Column'
  | 'Class'
  | 'Function'
  | 'Endpoint'
  | 'KubeResource'
  | 'Tool'
  | 'Command';

/** The same for every protocol; their members are the protocols' own verbs. */
export const actionGroups = [
  'connect',
  'read',
  'write',
  'define',
  'administer',
  'call',
  'opaque',
  'reveal',
  'filter',
  'approve',
] as const;
export type ActionGroup = (typeof actionGroups)[number];

export interface ActionRecord {
  readonly name: string;
  /** The group it is a member of; `undefined` for an action that is a group of its own name (`connect`, `call` ...). */
  readonly group: ActionGroup | undefined;
  /** Empty for a pure group, which is never asked for itself. */
  readonly resources: readonly ResourceType[];
}

const data: readonly ResourceType[] = ['Database', 'Schema', 'Table', 'Column'];
const definable: readonly ResourceType[] = [...data, 'Function'];
const anything: readonly ResourceType[] = ['Connection', ...definable];
const every: readonly ResourceType[] = [...anything, 'Class', 'Endpoint', 'KubeResource', 'Tool', 'Command'];

const members = (group: ActionGroup, resources: readonly ResourceType[], names: readonly string[]): ActionRecord[] =>
  names.map((name) => ({ name, group, resources }));

const sql: Readonly<Record<SqlAction, readonly [ActionGroup | undefined, readonly ResourceType[]]>> = {
  select: ['read', data],
  insert: ['write', data],
  update: ['write', data],
  delete: ['write', data],
  merge: ['write', data],
  create: ['define', definable],
  alter: ['define', definable],
  drop: ['define', definable],
  truncate: ['define', definable],
  grant: ['administer', anything],
  set_role: ['administer', anything],
  server_file: ['administer', anything],
  server_program: ['administer', anything],
  replicate: ['administer', anything],
  configure: ['administer', anything],
  call: [undefined, ['Database', 'Schema', 'Function']],
  opaque: [undefined, anything],
  filter: [undefined, ['Column']],
  reveal: [undefined, ['Column', 'Class']],
};

/** The one list of actions: the schema's text and the evaluators' hierarchy are both made from it. */
export const actionRecords: readonly ActionRecord[] = [
  { name: 'connect', group: undefined, resources: ['Connection'] },
  { name: 'approve', group: undefined, resources: every },
  ...(['read', 'write', 'define', 'administer'] as const).map((name) => ({ name, group: undefined, resources: [] })),
  ...Object.entries(sql).map(([name, [group, resources]]) => ({ name, group, resources })),
  ...members('read', ['Endpoint'], ['http.get', 'http.head', 'http.options']),
  ...members('write', ['Endpoint'], ['http.post', 'http.put', 'http.patch', 'http.delete']),
  ...members('read', ['KubeResource'], ['kube.get', 'kube.list', 'kube.watch']),
  ...members('write', ['KubeResource'], ['kube.create', 'kube.update', 'kube.patch', 'kube.delete']),
  ...members('administer', ['KubeResource'], ['kube.exec', 'kube.attach', 'kube.port_forward']),
  ...members('read', ['Tool'], ['tool.read']),
  ...members('write', ['Tool'], ['tool.write']),
  ...members('opaque', ['Command'], ['command.run']),
];

const byName = new Map(actionRecords.map((action) => [action.name, action]));

export const actionRecord = (name: string): ActionRecord | undefined => byName.get(name);
