import { describe, expect, test } from '@jest/globals';
import { encodeCopyData, encodeQuery } from '@sallyport/postgres';
import { untilRunning } from '@sallyport/testing';
import type { Scene } from './scene.js';
import { connectWire, ready } from './wire.js';

export const ends = (scene: () => Scene): void =>
  describe('how sessions and statements end', () => {
    test('pg_terminate_backend: idle, in the middle of a statement, and of itself', async () => {
      const heard = await scene().both(async (wire) => {
        const pid = /D\((\d+)\)/.exec(await wire.ask(ready, encodeQuery('select pg_backend_pid()')))?.[1];
        await scene().admin.query('select pg_terminate_backend($1)', [pid]);
        const idle = await wire.end();

        const busy = await connectWire(wire.way);
        busy.send(encodeQuery('select pg_sleep(59)'));
        await untilRunning(scene().admin, 'pg_sleep(59)');
        await scene().admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(59)' and pid <> pg_backend_pid()`,
        );
        const running = await busy.end();

        const own = await connectWire(wire.way);
        own.send(encodeQuery('select pg_terminate_backend(pg_backend_pid())'));
        return [idle, running, await own.end()].join('\n');
      });
      expect(heard.match(/E\(FATAL\|57P01\|/g)).toHaveLength(3);
    });

    test.each([
      [
        'statement_timeout',
        `set statement_timeout = '50ms'; select pg_sleep(60)`,
        /E\(ERROR\|57014\|.*statement timeout/,
      ],
      ['lock_timeout', `set lock_timeout = '50ms'; select id from corners.t`, /E\(ERROR\|55P03\|/],
      ['transaction_timeout', `set transaction_timeout = '50ms'; begin; select pg_sleep(60)`, /E\(FATAL\|25P04\|/],
      ['idle_session_timeout', `set idle_session_timeout = '50ms'`, /E\(FATAL\|57P05\|/],
      [
        'idle_in_transaction_session_timeout',
        `set idle_in_transaction_session_timeout = '50ms'; begin`,
        /E\(FATAL\|25P03\|/,
      ],
    ])('%s', async (name, text, shown) => {
      const { admin } = scene();
      await admin.query('begin');
      if (name === 'lock_timeout') await admin.query('lock table corners.t');
      try {
        const fatal = shown.source.includes('FATAL');
        const heard = await scene().both(async (wire) => {
          const parts = text.split(/; (?=select|begin)/);
          for (const part of parts.slice(0, -1)) await wire.ask(ready, encodeQuery(part));
          wire.send(encodeQuery(parts.at(-1) ?? ''));
          return fatal ? wire.end() : wire.hears(/E\(.*Z\(\w+\)$/);
        });
        expect(heard).toMatch(shown);
      } finally {
        await admin.query('rollback');
      }
    });

    test('a FATAL in the middle of a COPY from the client', async () => {
      const heard = await scene().both(async (wire) => {
        const pid = /D\((\d+)\)/.exec(await wire.ask(ready, encodeQuery('select pg_backend_pid()')))?.[1];
        await wire.ask(/G/, encodeQuery('copy corners.t from stdin'));
        wire.send(encodeCopyData(Buffer.from('1\tone\n')));
        await scene().admin.query('select pg_terminate_backend($1)', [pid]);
        return wire.end();
      });
      expect(heard).toContain('FATAL|57P01|');
    });
  });
