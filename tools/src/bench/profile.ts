import { inspect } from './inspector.js';

/** What the inspector gives, as far as it is used. https://chromedevtools.github.io/devtools-protocol/tot/Profiler/ */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes, one a sample. */
  readonly samples: readonly number[];
  /** Microseconds between samples. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Where the time of a process went, by function; `idle` is left out. */
export interface Frame {
  readonly name: string;
  readonly room: string;
  /** Microseconds, those of its children included. */
  total: number;
  readonly children: Map<string, Frame>;
}

/** Samples a Node process while `work` runs. It has to have been started with `--inspect-port=PORT`. */
export async function profileWhile(pid: number, port: number, work: () => Promise<unknown>): Promise<CpuProfile> {
  const call = await inspect(pid, port);
  await call('Profiler.enable');
  await call('Profiler.setSamplingInterval', { interval: 500 });
  await call('Profiler.start');
  await work();
  const { profile } = (await call('Profiler.stop')) as { readonly profile: CpuProfile };
  await call('Profiler.disable');
  return profile;
}

/** The tree of calls, equal ones under one parent merged. */
export function framesOf({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const root: Frame = { name: 'all', room: '', total: 0, children: new Map() };
  for (const [index, sample] of samples.entries()) {
    const took = timeDeltas[index] ?? 0;
    const path: ProfileNode[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const node = byId.get(id);
      if (node !== undefined && parents.has(id)) path.unshift(node);
    }
    if (path.at(-1)?.callFrame.functionName === '(idle)') continue;
    root.total += took;
    let frame = root;
    for (const { callFrame } of path) {
      const name = callFrame.functionName || '(anonymous)';
      const room = roomOf(callFrame.url);
      const key = `${name} ${room}`;
      const next = frame.children.get(key) ?? { name, room, total: 0, children: new Map<string, Frame>() };
      frame.children.set(key, next);
      next.total += took;
      frame = next;
    }
  }
  return root;
}

/** The module a function is of: `libs/audit/codec`, `node:net`, a package's name. Empty: the engine's own. */
const roomOf = (url: string): string => {
  if (url.startsWith('node:')) return url;
  const [, dependency] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (dependency !== undefined) return dependency;
  return /\/((?:apps|libs)\/.*)\.js$/.exec(url)?.[1]?.replace('/dist/', '/') ?? '';
};

/** What a frame spent itself, by what it was about, in parts of one. */
export function sharesOf(root: Frame): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  const walk = (frame: Frame): void => {
    let own = frame.total;
    for (const child of frame.children.values()) {
      own -= child.total;
      walk(child);
    }
    const subject = subjectOf(frame);
    shares.set(subject, (shares.get(subject) ?? 0) + own / root.total);
  };
  walk(root);
  return new Map([...shares].sort(([, one], [, other]) => other - one));
}

const subjects: readonly (readonly [RegExp, string])[] = [
  [/^libs\/(audit|runtime\/spool)|^apps\/proxy\/(evidence|record|ship)/, 'evidence'],
  [/^libs\/(protocols|kernel)|^apps\/proxy\/(drive|pipe|client-pipe|listen)/, 'protocol'],
  [/^libs\/masking|^apps\/proxy\/mask/, 'masking'],
  [/^(apps|libs)\//, 'deciding'],
  [/^node:/, "Node's streams and sockets, in JavaScript"],
];

const system = /^(?:write|read|fsync|fdatasync|close|open|shutdown)/;

const subjectOf = ({ name, room }: Frame): string => {
  if (name === '(garbage collector)') return 'garbage collection';
  if (room === '' && system.test(name)) return 'system calls and encryption';
  return subjects.find(([pattern]) => pattern.test(room))?.[1] ?? 'everything else';
};
