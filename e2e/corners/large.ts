import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  encodeBind,
  encodeCopyDone,
  encodeExecute,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
} from '@sallyport/postgres';
import type { Scene, Way } from './scene.js';
import { dial, ready } from './wire.js';

const mebi = 1024 * 1024;
/** PostgreSQL has room for a little less than 1 GiB in a value, and in the message that carries it. */
const gigabyte = 1_000_000_000;
/** What the proxy may need for what is under way; it would be a thousand if it kept the value. */
const mostGrowth = 200;
/** Servers move some gigabytes for it, on a machine that others use. */
const patience = 240_000;

/** The most memory that a process had since it was asked to count anew, MiB. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const countAnew = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** Reads messages of any length without keeping them: their letters and lengths. */
const openReader = (socket: Socket): { readonly heard: string[]; until(shown: RegExp): Promise<string> } => {
  const heard: string[] = [];
  let head = Buffer.alloc(0);
  let left = 0;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        left -= step;
        at += step;
        continue;
      }
      const step = Math.min(5 - head.length, chunk.length - at);
      head = Buffer.concat([head, chunk.subarray(at, at + step)]);
      at += step;
      if (head.length < 5) break;
      left = head.readInt32BE(1) - 4;
      heard.push(`${head.toString('latin1', 0, 1)}${left}`);
      head = Buffer.alloc(0);
    }
    wake();
  });
  socket.once('close', () => wake());
  return {
    heard,
    async until(shown) {
      while (!shown.test(heard.join(' ')) && !/E\d+/.test(heard.join(' ')) && !socket.destroyed)
        await new Promise<void>((resolve) => (wake = resolve));
      return heard.splice(0).join(' ');
    },
  };
};

const login = async (way: Way) => {
  const socket = await dial(way);
  const reader = openReader(socket);
  socket.write(encodeStartup({ user: way.user, database: 'app' }));
  await reader.until(/R4/);
  socket.write(encodePassword(way.password));
  await reader.until(/Z1$/);
  return { socket, ...reader };
};

/** So many bytes of x, as fast as the other side takes them. */
const pour = async (socket: Socket, length: number): Promise<void> => {
  const piece = Buffer.alloc(mebi, 'x');
  for (let left = length; left > 0; left -= mebi)
    if (!socket.write(left < mebi ? piece.subarray(0, left) : piece))
      await new Promise((resolve) => socket.once('drain', resolve));
};

/** A session through the gateway, in which the proxy needs no memory that grows with what passes. */
const withoutGrowth =
  (scene: () => Scene, work: (session: Awaited<ReturnType<typeof login>>) => Promise<void>) =>
  async (): Promise<void> => {
    const { gate, stack } = scene();
    const { pid } = stack.programs.get('proxy') ?? { pid: 0 };
    const session = await login(gate);
    countAnew(pid);
    const before = peakOf(pid);
    await work(session);
    expect(peakOf(pid) - before).toBeLessThan(mostGrowth);
    session.socket.destroy();
  };

export const large = (scene: () => Scene): void =>
  describe('what is large', () => {
    test('statements of 10 MB', async () => {
      const long = 'x'.repeat(10 * mebi);
      const heard = await scene().both(async ({ ask }) => {
        await ask(ready, encodeQuery('begin'));
        const insert = `insert into corners.t values (1, '${long}') returning length(name)`;
        const simple = await ask(ready, encodeQuery(insert));
        const update = `update corners.t set name = 'it''s ${long}' where id = 1 returning length(name)`;
        const extended = await ask(ready, encodeParse(update), encodeBind(), encodeExecute(), encodeSync());
        const found = await ask(ready, encodeQuery(`select id from corners.t where name = 'it''s ${long}'`));
        const rolled = await ask(ready, encodeQuery('rollback'));
        return [simple, extended, found, rolled].join('\n');
      });
      expect(heard).toContain(`D(${10 * mebi})`);
      expect(heard).toContain(`D(${10 * mebi + 5})`);
    });

    test(
      'a value of 1 GB to the client: passed on as it comes, and not kept',
      withoutGrowth(scene, async ({ socket, until }) => {
        socket.write(encodeQuery(`select repeat(repeat('x', 1000000), ${gigabyte / 1_000_000})`));
        const heard = await until(/Z1$/);
        expect(heard).toMatch(new RegExp(`^T\\d+ D${gigabyte + 6} C9 Z1$`));
      }),
      patience,
    );

    test(
      '100 MB in one message of a COPY to the client',
      withoutGrowth(scene, async ({ socket, until }) => {
        socket.write(encodeQuery(`copy (select repeat(repeat('x', ${mebi}), 100)) to stdout`));
        expect(await until(/Z1$/)).toMatch(new RegExp(`^H\\d+ d${100 * mebi + 1} c0 C7 Z1$`));
      }),
      patience,
    );

    test(
      '50 MB in one message of a COPY from the client',
      withoutGrowth(scene, async ({ socket, until }) => {
        socket.write(encodeQuery('copy corners.t (name) from stdin where false'));
        await until(/G\d+$/);
        const head = Buffer.from('d____');
        head.writeInt32BE(4 + 50 * mebi + 1, 1);
        socket.write(head);
        await pour(socket, 50 * mebi);
        socket.write('\n');
        socket.write(encodeCopyDone());
        expect(await until(/Z1$/)).toBe('C7 Z1');
      }),
      patience,
    );

    test(
      'a value of 1 GB from the client',
      withoutGrowth(scene, async ({ socket, until }) => {
        socket.write(encodeParse('select octet_length($1::bytea)', '', [17]));
        const head = Buffer.from('B____\0\0\0\x01\0\x01\0\x01____');
        head.writeInt32BE(4 + 2 + 4 + 2 + 4 + gigabyte + 2, 1);
        head.writeInt32BE(gigabyte, 13);
        socket.write(head);
        await pour(socket, gigabyte);
        socket.write(Buffer.from('\0\0'));
        socket.write(encodeExecute());
        socket.write(encodeSync());
        expect(await until(/Z1$/)).toBe('10 20 D16 C9 Z1');
      }),
      patience,
    );
  });
