import { setTimeout as delay } from 'node:timers/promises';
import { type Claims, readClaims } from '../claims.js';
import { type RestClient, createRestClient } from '../client.js';
import { loginCauses } from '../errors/causes.js';
import { Failure } from '../failure.js';
import type { Gate } from '../gate.js';
import { readPages } from '../page.js';
import type { Check } from './check.js';
import { broken, brokenBy, notChecked, ok } from './check.js';
import { type ControlPlane, checkControlPlane } from './control-plane.js';
import { causeOfRefusal, checkRecord, findLogin } from './evidence.js';
import { application, codeOf, reachGate, trySession } from './gate.js';
import { type Connection, type Node, checkMissing, checkNode, checkTargets, isBehind } from './nodes.js';
import { checkSession, sessionNotChecked } from './session.js';
import { type Issuer, type Subagent, checkRegistered, checkTime } from './token.js';

export interface Examination {
  /** Only this one; by default all that there are. */
  readonly connection: string | undefined;
  readonly database: string | undefined;
  readonly gate: Gate | undefined;
  /** A subagent's token for the gate, or why there is none. */
  readonly token: string | Failure;
  /** The control plane, or why it cannot be asked. */
  readonly client: RestClient | Failure;
  readonly now: () => number;
}

/** From the login of the client to the answer of the target; cannot be shorter than what a proxy and an agent allow. */
const patience = 60_000;

/** Every hop and what it needs, in the order in which a command passes them. Goes the ordinary ways only. */
export async function examine(input: Examination): Promise<readonly Check[]> {
  const plane = await askControlPlane(input);
  const reader = plane.me?.role === 'admin' || plane.me?.role === 'auditor' ? plane.client : undefined;
  const setUp = reader === undefined ? undefined : await readSetUp(reader, input.connection);
  const token = await checkToken(input, plane, setUp);
  const way = await checkWay(input, plane, reader, token.good ? token.claims : undefined);
  return [...plane.checks, ...token.checks, ...way, ...checkSetUp(setUp, plane)];
}

type Plane = ControlPlane & { readonly client: RestClient | undefined };

async function askControlPlane({ client, now }: Examination): Promise<Plane> {
  if (client instanceof Failure) {
    const why = `${client.message}; a subagent that only connects needs none`;
    return { checks: [notChecked('control plane', why)], now, me: undefined, client: undefined };
  }
  return { ...(await checkControlPlane(client, now)), client };
}

interface SetUp {
  readonly proxies: readonly Node[];
  readonly agents: readonly Node[];
  readonly connections: readonly Connection[];
  readonly missing: string | undefined;
  readonly issuers: readonly (Issuer & { readonly keysProblem: string | null })[];
  readonly subagents: readonly Subagent[];
}

const limit = 10_000;

async function readSetUp(client: RestClient, only: string | undefined): Promise<SetUp> {
  const all = async <Item>(noun: string): Promise<readonly Item[]> =>
    (await readPages<Item>(client, `/v1/${noun}`, { limit })).items;
  const nodes = async (): Promise<readonly [readonly Node[], readonly Node[]]> => [
    await all<Node>('proxies'),
    await all<Node>('agents'),
  ];
  let [proxies, agents] = await nodes();
  // A change of a moment ago is still on its way.
  for (let look = 0; look < 4 && [...proxies, ...agents].some(isBehind); look++) {
    await delay(500);
    [proxies, agents] = await nodes();
  }
  const connections = (await all<Connection>('connections')).filter(({ name }) => only === undefined || name === only);
  return {
    proxies,
    agents:
      only === undefined ? agents : agents.filter(({ name }) => connections.some((each) => each.agents.includes(name))),
    connections,
    missing: only !== undefined && connections.length === 0 ? only : undefined,
    issuers: await all('issuers'),
    subagents: await all('subagents'),
  };
}

interface CheckedToken {
  readonly checks: readonly Check[];
  readonly claims: Claims | undefined;
  /** It may be tried at the gate. */
  readonly good: boolean;
}

async function checkToken({ token }: Examination, plane: Plane, setUp: SetUp | undefined): Promise<CheckedToken> {
  if (token instanceof Failure)
    return {
      checks: [token.code === 'usage' ? notChecked('token', token.message) : brokenBy('token', token)],
      claims: undefined,
      good: false,
    };
  const claims = readClaims(token);
  if (claims === undefined) {
    const { why, next } = loginCauses.malformed;
    return { checks: [broken('token', why, next, 'malformed')], claims: undefined, good: false };
  }
  const registered = checkRegistered(claims, setUp);
  const checks = [
    ok('token', `a signed token of ${claims.issuer} for ${claims.subject}`),
    checkTime(claims, plane.now()),
    ...registered,
    ...(setUp === undefined ? [await askWhoItIs(token, plane)] : []),
  ];
  return { checks, claims, good: true };
}

/** The control plane takes a subagent's token by the rules of a proxy, and says whom it takes it for. */
async function askWhoItIs(token: string, { client, me }: Plane): Promise<Check> {
  const name = 'token subagent';
  if (client === undefined) return notChecked(name, 'the proxy knows, and says nothing but yes or no');
  try {
    const known = me?.kind === 'subagent' ? me : await createRestClient({ url: client.url, token }).get('/v1/me');
    return ok(name, `the control plane takes it for ${(known as { readonly name: string }).name}`);
  } catch (error) {
    if (error instanceof Failure && error.code === 'unauthenticated')
      return broken(
        name,
        'the control plane does not take it: its issuer, audience, time or subagent is not as registered',
        'an admin reads the cause with `GET /v1/admin-actions?outcome=unauthenticated`, and with `sally doctor` and this token',
        'unauthenticated',
      );
    return brokenBy(name, error);
  }
}

async function checkWay(
  { gate, token, connection, database }: Examination,
  plane: Plane,
  reader: RestClient | undefined,
  claims: Claims | undefined,
): Promise<readonly Check[]> {
  if (gate === undefined) return [notChecked('proxy', 'which gate? give --gate host:port or set SALLYPORT_GATE')];
  const { checks, socket } = await reachGate(gate, plane.now());
  if (socket === undefined) return [...checks, ...sessionNotChecked('the proxy is not reached')];
  if (claims === undefined || typeof token !== 'string' || connection === undefined) {
    socket.destroy();
    const why = connection === undefined ? 'which connection? name it' : 'there is no token to log in with';
    return [...checks, ...sessionNotChecked(why)];
  }
  const address = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
  const from = plane.now();
  const outcome = await trySession(socket, { token, connection, database: database ?? connection, patience });
  const to = plane.now();
  const hops = checkSession(outcome);
  if (reader === undefined) return [...checks, ...hops];
  const record = await findLogin(reader, {
    ...{ connection, application, address },
    opened: outcome.opened,
    subject: claims.subject,
    since: from,
  });
  const refused = outcome.error !== undefined && codeOf(outcome.error) === 'unauthenticated';
  const told = hops.map((each) =>
    refused && each.name === 'proxy login' && record?.cause !== undefined
      ? { ...each, ...causeOfRefusal(record) }
      : each,
  );
  return [...checks, ...told, ...checkRecord(record, { from, to })];
}

function checkSetUp(setUp: SetUp | undefined, { me, client }: Plane): readonly Check[] {
  if (setUp === undefined)
    return client === undefined || me === undefined
      ? []
      : [
          notChecked(
            'nodes, targets, issuers',
            `they are for admins and auditors; you are ${me.name} (${me.role ?? me.kind})`,
          ),
        ];
  const { proxies, agents, connections, missing, issuers } = setUp;
  return [
    ...(missing === undefined
      ? []
      : [broken('connection', `there is no connection ${missing}`, '`sally get connections` lists them', 'not_found')]),
    ...(proxies.length === 0
      ? [broken('proxies', 'no proxy has enrolled', 'start one with `sally join-tokens create proxy NAME`')]
      : proxies.flatMap((node) => checkNode('proxy', node))),
    ...agents.flatMap((node) => checkNode('agent', node)),
    ...connections.flatMap((each) => checkMissing(each, agents)),
    ...connections.flatMap((each) => checkTargets(each, agents)),
    ...issuers.map(({ name, keysProblem }) =>
      keysProblem === null
        ? ok(`issuer ${name}`, 'its keys are known')
        : broken(
            `issuer ${name}`,
            `its keys could not be read the last time: ${keysProblem}`,
            'those before are kept; see to the provider, then `POST /v1/issuers/NAME/refresh`',
            'issuer_unreachable',
          ),
    ),
  ];
}
