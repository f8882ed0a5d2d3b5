import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { atMost } from '../figure.js';
import type { Figure } from '../figure.js';
import { inspect, residentAfterCollection } from '../inspector.js';
import type { Call } from '../inspector.js';
import type { Endpoint } from '../pgbench.js';
import type { Scene } from '../scene.js';

const idleSessions = 2_000;
const atOnce = 20;
const slowFor = 10_000;
const warmUp = 3_000;

/** Resident memory of a process, kilobytes. */
const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function* memory({ stack, sallyport, inspectPorts }: Scene): AsyncGenerator<Figure> {
  const pid = stack.programs.get('proxy')?.pid ?? 0;
  yield await slowReader(sallyport, pid);
  yield await idle(sallyport, await inspect(pid, inspectPorts.proxy));
}

/** What stays of each when the garbage of its login is collected. */
async function idle(endpoint: Endpoint, call: Call): Promise<Figure> {
  const before = await residentAfterCollection(call);
  const sockets: Socket[] = [];
  try {
    for (let at = 0; at < idleSessions; at += atOnce)
      sockets.push(...(await Promise.all(Array.from({ length: atOnce }, () => login(endpoint)))));
    await rest(5_000);
    const each = (((await residentAfterCollection(call)) - before) * 1024) / idleSessions;
    return {
      name: `an idle session, of ${idleSessions}`,
      unit: 'KB',
      values: { Sallyport: each },
      score: each,
      goal: atMost(60, 'KB'),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function askForMuch(endpoint: Endpoint): Promise<Socket> {
  const socket = await login(endpoint);
  const text =
    'select a.aid from pgbench_accounts a cross join (values (1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11),(12),(13),(14),(15),(16),(17),(18),(19),(20)) v(x)';
  socket.write(message('Q', Buffer.from(`${text}\0`)));
  return socket;
}

/** Ten million rows for somebody who reads a little now and then, through a proxy that has moved rows before. */
async function slowReader(endpoint: Endpoint, pid: number): Promise<Figure> {
  const quick = await askForMuch(endpoint);
  await rest(warmUp);
  quick.destroy();
  await rest(2_000);
  const before = residentOf(pid);
  const socket = await askForMuch(endpoint);
  let most = 0;
  const until = performance.now() + slowFor;
  while (performance.now() < until) {
    socket.resume();
    await rest(2);
    socket.pause();
    await rest(100);
    most = Math.max(most, residentOf(pid) - before);
  }
  socket.destroy();
  const grown = most / 1024;
  return {
    name: 'growth under a slow reader of 10 million rows',
    unit: 'MB',
    values: { Sallyport: grown },
    score: grown,
    goal: atMost(32, 'MB'),
  };
}

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};

/** A session of the least kind: no driver's memory is in the way. */
function login({ port, user, password, database }: Endpoint): Promise<Socket> {
  const startup = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`user\0${user}\0database\0${database}\0\0`)]);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let came = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('connect', () => {
      socket.write(message('', startup));
      socket.write(message('p', Buffer.from(`${password}\0`)));
    });
    socket.on('data', (chunk: Buffer) => {
      if (came.length > 64 * 1024) return;
      came = Buffer.concat([came, chunk]);
      // ReadyForQuery, idle.
      if (!came.includes(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]))) return;
      socket.removeAllListeners('data');
      socket.on('data', () => undefined);
      resolve(socket);
    });
    socket.on('close', () => reject(new Error(`the session ended before it began: ${came.toString('latin1')}`)));
  });
}
