import { describe, expect, test } from '@jest/globals';
import { encodeCopyData, encodeCopyDone, encodeQuery, encodeRequest } from '@sallyport/postgres';
import { until, untilRunning } from '@sallyport/testing';
import type { Scene } from './scene.js';
import { connectWire, dial, ready } from './wire.js';
import type { Wire } from './wire.js';

const cancelRequest = 80_877_102;
const cancelled = 'E(ERROR|57014|canceling statement due to user request|||)';

/** On a connection of its own, as every client does. The server answers by hanging up. */
const cancel = async ({ way, key }: Wire): Promise<void> => {
  const socket = await dial(way);
  socket.resume().end(encodeRequest(cancelRequest, key));
  await new Promise((resolve) => socket.once('close', resolve));
};

/** While nobody reads the answer: it is endless, and only what was under way is heard of it. */
const cancelUnread = async (wire: Wire): Promise<string> => {
  wire.socket.pause();
  await cancel(wire);
  wire.socket.resume();
  return wire.hears(ready);
};

/** Rows and COPY data of which there is more or less, as it comes. */
const withoutRows = (text: string): string => text.replace(/(?:[dD]\([^)]*\) )+/g, '... ');

export const cancels = (scene: () => Scene): void =>
  describe('a cancel', () => {
    test.each([
      ['of 3.0, four bytes', 3 << 16],
      ['of 3.2, 32 bytes', (3 << 16) | 2],
    ])('with a key %s', async (_name, version) => {
      const heard = await scene().both(
        async (wire) => {
          wire.send(encodeQuery('select pg_sleep(60)'));
          await untilRunning(scene().admin, 'pg_sleep(60)');
          await cancel(wire);
          return `${await wire.hears(ready)} / ${await wire.ask(ready, encodeQuery('select 1'))}`;
        },
        { version },
      );
      expect(heard).toContain(cancelled);
    });

    test('with a key that nobody has does nothing', async () => {
      await scene().both(async (wire) => {
        wire.send(encodeQuery('select pg_sleep(0.3), 1'));
        await untilRunning(scene().admin, 'pg_sleep(0.3)');
        const { key } = wire;
        const forged = Buffer.from(key);
        forged.writeUInt8((forged.at(-1) ?? 0) ^ 1, forged.length - 1);
        const other = { ...wire, key: forged };
        await cancel(other);
        return wire.hears(ready);
      });
    });

    test('during a result', async () => {
      const heard = await scene().both(async (wire) => {
        wire.send(encodeQuery('select generate_series(1, 100000000)'));
        await until(() => wire.heard.some(({ type }) => type === 'row'), 'rows come');
        return withoutRows(await cancelUnread(wire));
      });
      expect(heard).toBe(`T(generate_series:23) ... ${cancelled} Z(idle)`);
    });

    test('during a COPY to the client', async () => {
      const heard = await scene().both(async (wire) => {
        wire.send(encodeQuery('copy (select generate_series(1, 100000000)) to stdout'));
        await until(() => wire.heard.some(({ type }) => type === 'copyData'), 'data comes');
        return withoutRows(await cancelUnread(wire));
      });
      expect(heard).toBe(`H ... ${cancelled} Z(idle)`);
    });

    test('during a COPY from the client: it ends with what comes next, and the session goes on', async () => {
      const heard = await scene().both(async (wire) => {
        await wire.ask(/G/, encodeQuery('copy corners.t from stdin'));
        wire.send(encodeCopyData(Buffer.from('1\tone\n')));
        await cancel(wire);
        // A server looks up from its work when it has some.
        while (!wire.heard.some(({ type }) => type === 'error')) {
          wire.send(encodeCopyData(Buffer.from('2\ttwo\n')));
          await new Promise((resolve) => setImmediate(resolve));
        }
        const told = await wire.hears(ready);
        wire.send(encodeCopyDone());
        const kept = await wire.ask(ready, encodeQuery('select count(*) from corners.t'));
        return `${told.replace(/\|COPY t, line \d+[^|)]*/, '')}\n${kept}`;
      });
      expect(heard).toContain('|57014|');
      expect(heard).toContain('D(0)');
    });

    test('while a person is asked: the hold ends, nothing ran, the session goes on', async () => {
      const { gate, stack } = scene();
      const wire = await connectWire({ ...gate, password: await stack.token('deployer') });
      const told = await wire.ask(
        /N\([^)]*held for approval/,
        encodeQuery(`update payments set amount = 0 where id = 1`),
      );
      expect(told).toContain('held for approval');
      await cancel(wire);
      expect(await wire.hears(ready)).toMatch(/^E\(ERROR\|SP003\|the held command was cancelled\|.*Z\(idle\)$/);
      expect(await wire.ask(ready, encodeQuery('select 1'))).toContain('D(1)');
      wire.socket.destroy();
    });
  });
