import { bundleCauses } from '../errors/causes.js';
import type { Check } from './check.js';
import { broken, notChecked, ok } from './check.js';

/** As REST shows it. */
export interface Node {
  readonly name: string;
  readonly disabled: boolean;
  readonly connectedAt: string | null;
  readonly lastSeenAt: string | null;
  readonly certificateExpiry: string | null;
  readonly certificateOverdue: boolean;
  readonly manifestVersion: number;
  /** Absent, as what follows below: the control plane is older than we are. */
  readonly newestManifest?: number;
  readonly refusal: string | null;
}

export interface Connection {
  readonly name: string;
  readonly databases: readonly string[];
  readonly agents: readonly string[];
  readonly catalogs?: readonly {
    readonly database: string;
    readonly readBy: string;
    readonly readAt: string | null;
    readonly problem: string | null;
    readonly state?: string;
    readonly advice?: string | null;
  }[];
}

const older = 'this control plane is too old to tell more';

/** It was told of a newer bundle, and has not taken it yet. */
export const isBehind = (node: Node): boolean =>
  !node.disabled &&
  node.connectedAt !== null &&
  node.refusal === null &&
  node.manifestVersion < (node.newestManifest ?? 0);

export const checkNode = (kind: 'proxy' | 'agent', node: Node): readonly Check[] => [
  checkPresence(kind, node),
  checkPolicy(node),
];

function checkPresence(kind: 'proxy' | 'agent', node: Node): Check {
  const name = `${kind} ${node.name}`;
  const until = node.certificateExpiry ?? 'unknown';
  if (node.disabled) return notChecked(name, 'it is turned away (disabled)');
  if (node.connectedAt === null)
    return broken(
      name,
      `it is not connected to the control plane; last seen ${node.lastSeenAt ?? 'never'}`,
      `start it, with the same state directory; its log says why where it runs. Its certificate is good until ${until}: after that it must enrol again`,
    );
  if (node.certificateOverdue)
    return broken(
      name,
      `it is connected, but its certificate should have been renewed by now: it ends at ${until}`,
      'its log says why the renewal fails; it must reach the control plane’s gRPC port',
    );
  return ok(name, `connected since ${node.connectedAt}, its certificate is good until ${until}`);
}

function checkPolicy(node: Node): Check {
  const name = `policy of ${node.name}`;
  const { manifestVersion: version, newestManifest: newest, refusal } = node;
  if (refusal !== null) {
    const [reason = ''] = refusal.split(':');
    const cause = Object.hasOwn(bundleCauses, reason) ? bundleCauses[reason as keyof typeof bundleCauses] : undefined;
    return broken(
      name,
      `it acts on bundle ${version} and refused a newer one: ${refusal}`,
      cause?.next ?? 'its log says more; it goes on with the last good one',
      'policy_unavailable',
    );
  }
  if (node.disabled) return notChecked(name, 'it is turned away (disabled)');
  if (newest === undefined) return notChecked(name, `it acts on bundle ${version}; ${older}`);
  if (version >= newest) return ok(name, `it acts on bundle ${version}, the newest`);
  return broken(
    name,
    `it acts on bundle ${version}; published is ${newest}`,
    node.connectedAt === null
      ? 'it takes the newest as soon as it is connected'
      : 'it should have it within a second: does the process hang, or the network? Restart it',
  );
}

/** As an agent of the connection last found it; agents look at once and every SALLYPORT_CATALOG_INTERVAL. */
export function checkTargets(connection: Connection, agents: readonly Node[]): readonly Check[] {
  const serving = agents.filter(({ name, connectedAt, disabled }) => {
    return connection.agents.includes(name) && connectedAt !== null && !disabled;
  });
  return connection.databases.map((database) => {
    const name = `target ${connection.name}/${database}`;
    if (serving.length === 0) return notChecked(name, `no agent of it is connected (${connection.agents.join(', ')})`);
    if (connection.catalogs === undefined) return notChecked(name, older);
    const catalog = connection.catalogs.find((each) => each.database === database);
    if (catalog === undefined)
      return notChecked(name, 'no agent has looked at it yet; they do so as soon as they hear of it');
    if (catalog.problem !== null)
      return broken(
        name,
        `${catalog.readBy}: ${catalog.problem}`,
        catalog.advice ??
          'is the target up, is its address right, does the credential of the agent open it? The agent’s log says which',
        'target_unavailable',
      );
    if (catalog.state === 'stale' || catalog.state === 'absent')
      return broken(
        name,
        `its catalog is ${catalog.state}; ${catalog.readBy} found it last at ${catalog.readAt ?? 'no time'}`,
        catalog.advice ?? 'is an agent connected that reads it?',
      );
    return ok(name, `${catalog.readBy} opens it; its catalog is of ${catalog.readAt ?? 'unknown'}`);
  });
}

/** An agent that a connection names, and that never enrolled. */
export const checkMissing = (connection: Connection, agents: readonly Node[]): readonly Check[] =>
  connection.agents
    .filter((wanted) => !agents.some(({ name }) => name === wanted))
    .map((wanted) =>
      broken(
        `agent ${wanted}`,
        `${connection.name} names it, and no agent of that name has enrolled`,
        `start one with \`sally join-tokens create agent ${wanted}\`, or correct \`agents\` of the connection`,
        'no_agent',
      ),
    );
