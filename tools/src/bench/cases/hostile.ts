import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { atMost, median } from '../figure.js';
import type { Figure } from '../figure.js';
import { inspect } from '../inspector.js';
import type { Call } from '../inspector.js';
import type { Endpoint } from '../pgbench.js';
import type { Scene } from '../scene.js';

/** What somebody sends, or has the target send, to keep the proxy busy. Refused or not: it is the time that counts. */
interface Hostile {
  readonly name: string;
  readonly send: (endpoint: Endpoint) => Promise<unknown>;
}

const kibi = 1024;
const mebi = 1024 * kibi;
const readings = 3;

const list = (length: number, item: (index: number) => string, between = ', '): string =>
  Array.from({ length }, (_, index) => item(index)).join(between);

interface Asked {
  readonly values?: () => unknown[];
  /** What is measured is the answer, so it has to come. */
  readonly answered?: boolean;
}

const query = (name: string, text: () => string, { values, answered = false }: Asked = {}): Hostile => ({
  name,
  send: async ({ port, user, password, database }) => {
    const client = new Client({ host: '127.0.0.1', port, user, password, database });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(text(), values?.()).catch((error: unknown) => {
        // Refused, or failed at the target: that is an answer too.
        if (answered || !(error instanceof DatabaseError)) throw error;
      });
    } finally {
      await client.end().catch(() => undefined);
    }
  },
});

/** A cell of so many characters in a text column, for the detectors to look through. */
const cell = (of: string, bait: string, size = 250_000): Hostile =>
  query(
    `a cell of ${size >= mebi ? `${Math.round(size / mebi)} MB` : `${size / 1_000} KB`} of ${of}`,
    () => `select left(repeat('${bait}', ${Math.ceil(size / bait.length)}), ${size}) as cell`,
    { answered: true },
  );

/** Bytes that were a conversation, with some of them changed; the same for the same seed. */
const fuzz = (seed: number): Hostile => ({
  name: `a changed conversation (seed ${seed})`,
  send: async ({ port, user, password, database }) => {
    let state = seed;
    const below = (most: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (state >> 8) % most;
    };
    const frame = (type: string, body: string): Buffer => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(Buffer.byteLength(body) + 4);
      return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
    };
    const frames = [frame('Q', 'select 1\0'), frame('P', '\0select $1\0\0\0'), frame('S', ''), frame('X', '')];
    for (let round = 0; round < 20; round += 1) {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(frame('', `\0\u0003\0\0user\0${user}\0database\0${database}\0\0`));
      socket.write(frame('p', `${password}\0`));
      const bytes = Buffer.concat(Array.from({ length: 2_000 }, () => frames[below(3)] ?? Buffer.alloc(0)));
      for (let change = 0; change < 1 + below(8); change += 1) bytes[below(bytes.length)] = below(256);
      socket.end(bytes);
      await Promise.race([once(socket, 'close'), rest(2_000)]);
      socket.destroy();
    }
  },
});

const inputs: readonly Hostile[] = [
  cell('digits', '4'),
  cell('digits and dashes', '1-'),
  cell('card digits and dashes', '4-2-'),
  cell('lines of one digit', '1\n'),
  cell('addresses cut short', 'a@'),
  cell('beginnings of account numbers', 'AD12 '),
  cell('dates that look like numbers of persons', '123-45-6789 '),
  cell('text in base64', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmM0'),
  cell('plain text', 'x', 16 * mebi - 64),
  cell('digits', '4', 16 * mebi - 64),
  query('1,600 columns', () => `select ${list(1_600, (at) => `'4242 4242' as c${at}`)}`),
  query('a JSON of 100,000 levels', () => `select (repeat('[', 100000) || repeat(']', 100000)) as cell`),
  query('an error that quotes 1 MB', () => `select repeat('1-', ${mebi / 2})::int`),
  query('a statement of 1 MB in one string', () => `insert into people values (-1, '${'x'.repeat(mebi)}')`),
  query('a statement of 10 MB in one string', () => `insert into people values (-1, '${'x'.repeat(10 * mebi)}')`),
  query('a statement of 10 MB of digits', () => `insert into people values (-1, '${'1-'.repeat(5 * mebi)}')`),
  query('a password among 30,000 values', () => `alter role nobody password 'x'; select ${list(30_000, () => '1')}`),
  query('60,000 rows of VALUES', () => `insert into people values ${list(60_000, (at) => `(-${at}, 'x')`)}`),
  query('IN with 100,000 numbers', () => `select id from people where id in (${list(100_000, String)})`),
  query('100,000 tokens', () => `select ${list(33_000, (at) => `id as c${at}`)} from people`),
  query('100,000 statements in one text', () => list(100_000, () => 'select 1', ';')),
  query('10,000 parameters', () => `select id from people where id in (${list(10_000, (at) => `$${at + 1}`)})`, {
    values: () => Array.from({ length: 10_000 }, (_, at) => at),
  }),
  query('100,000 brackets', () => `select ${'('.repeat(100_000)}1${')'.repeat(100_000)}`),
  query('queries 300 deep', () => `${'select * from ('.repeat(300)}select 1${') a'.repeat(300)}`),
  ...[1, 2].map(fuzz),
];

const goal = 100;

/** The longest turn of the proxy's loop while one session sends or asks for the worst that we know: so long its neighbours wait. */
export async function* hostile({ stack, sallyport, inspectPorts, settled, say }: Scene): AsyncGenerator<Figure> {
  const call = await inspect(stack.programs.get('proxy')?.pid ?? 0, inspectPorts.proxy);
  await evaluate(call, meter);
  const longest: { readonly name: string; readonly turn: number }[] = [];
  for (const { name, send } of inputs) {
    const turns: number[] = [];
    for (let reading = 0; reading < readings; reading += 1) {
      await settled();
      await evaluate(call, 'sallyportLongestTurn()');
      await send(sallyport);
      turns.push(Number(await evaluate(call, 'sallyportLongestTurn()')));
    }
    const turn = Math.min(...turns);
    longest.push({ name, turn });
    say(`${turn > goal ? 'over' : 'met '} ${turn.toFixed(0).padStart(5)} ms ${name}`);
  }
  const [worst] = longest.toSorted((one, other) => other.turn - one.turn);
  yield {
    name: "longest turn of the proxy's loop under hostile input",
    unit: 'ms',
    values: {
      Sallyport: worst?.turn ?? NaN,
      'median of them': median(longest.map(({ turn }) => turn)),
    },
    score: worst?.turn ?? NaN,
    goal: atMost(goal, 'ms'),
  };
}

/** Processor time of the loop's thread from one turn to the next: what others on the machine do does not count. */
const meter = `(() => {
  const cpu = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
  let last = cpu();
  let most = 0;
  const turn = () => { const now = cpu(); most = Math.max(most, now - last); last = now; setImmediate(turn).unref(); };
  turn();
  // Asked in the middle of a turn, it waits until that one is counted too.
  globalThis.sallyportLongestTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(() => {
    resolve(most);
    most = 0;
  })));
})()`;

async function evaluate(call: Call, expression: string): Promise<unknown> {
  const { result } = (await call('Runtime.evaluate', { expression, awaitPromise: true })) as {
    readonly result: { readonly value?: unknown };
  };
  return result.value;
}
