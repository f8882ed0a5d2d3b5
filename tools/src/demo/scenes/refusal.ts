import { connectAs, errorOf } from '../caller.js';
import type { Scene } from '../stage.js';

export const dropRefused: Scene = {
  title: '(c) etl runs DROP TABLE: refused on the wire, the session goes on',
  play: async (stage) => {
    const { client } = await connectAs(stage.stack, 'etl');
    const error = await errorOf(client.query('drop table payments'));
    stage.show(
      'drop table payments',
      `ERROR:  ${error?.message ?? 'none'}\nSQLSTATE: ${error?.code ?? ''}${error?.hint === undefined ? '' : `\nHINT:  ${error.hint}`}`,
    );
    stage.check('SQLSTATE 42501', error?.code === '42501', error?.code);
    stage.check(
      "the policy's own reason is told",
      error?.message.includes('DROP and TRUNCATE are not for production') === true,
      error?.message,
    );
    const { rows } = await client.query<{ n: string }>('select count(*) as n from payments');
    stage.show('select count(*) as n from payments', String(rows[0]?.n));
    stage.check('nothing was executed, and the session goes on', rows[0]?.n === '50000', rows);
    await client.end();
  },
};
