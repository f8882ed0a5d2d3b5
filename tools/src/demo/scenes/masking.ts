import { text } from 'node:stream/consumers';
import Cursor from 'pg-cursor';
import { to as copyTo } from 'pg-copy-streams';
import { connectAs, hasPsql, psql, render } from '../caller.js';
import type { Scene, Stage } from '../stage.js';

interface Payment {
  readonly id: number;
  readonly amount: string;
  readonly card_number: string;
  readonly payer_email: string;
}

const query = 'select id, amount, card_number, payer_email from payments order by id limit 3';

/** What the target itself holds, read past the gateway. */
async function truth(stage: Stage): Promise<readonly Payment[]> {
  const client = await stage.stack.target.connect('app');
  try {
    return (await client.query<Payment>(query)).rows;
  } finally {
    await client.end();
  }
}

const isMasked = (seen: Payment | undefined, real: Payment | undefined): boolean =>
  seen !== undefined &&
  real !== undefined &&
  seen.amount === real.amount &&
  seen.card_number.endsWith(real.card_number.slice(-4)) &&
  seen.card_number !== real.card_number &&
  !seen.card_number.includes(real.card_number.slice(0, 6)) &&
  seen.payer_email !== real.payer_email &&
  seen.payer_email.endsWith(real.payer_email.slice(real.payer_email.indexOf('@')));

const allMasked = (seen: readonly Payment[], real: readonly Payment[]): boolean =>
  seen.length === real.length && seen.every((row, at) => isMasked(row, real[at]));

export const maskedSelect: Scene = {
  title: '(a) etl selects payments: card numbers partly masked, e-mail masked, amounts untouched',
  play: async (stage) => {
    const real = await truth(stage);
    const { client } = await connectAs(stage.stack, 'etl');
    const { rows } = await client.query<Payment>(query);
    await client.end();
    stage.show(query, render(rows as never));
    stage.check('card numbers keep their last four digits, e-mail its domain', allMasked(rows, real), rows);
    stage.check(
      'amounts are byte for byte those of the target',
      rows.every((row, at) => row.amount === real[at]?.amount),
    );
    if (hasPsql) {
      const answer = await psql(stage.stack, await stage.stack.token('etl'), [query]);
      stage.show(`psql -c '${query}'`, answer.text);
      stage.check(
        'psql sees the same',
        answer.exitCode === 0 &&
          real.every((row) => !answer.text.includes(row.card_number)) &&
          answer.text.includes(rows[0]?.card_number ?? '?'),
        answer.text,
      );
    } else stage.screen('  - psql is not installed on this machine: the pg driver alone was used');
  },
};

export const maskedAlike: Scene = {
  title: '(b) the same through an alias, *, binary results, COPY and a cursor',
  play: async (stage) => {
    const real = await truth(stage);
    const { client } = await connectAs(stage.stack, 'etl');
    const rename = (row: { c: string; e: string; a: string; i: number }): Payment => ({
      id: row.i,
      amount: row.a,
      card_number: row.c,
      payer_email: row.e,
    });

    const alias =
      'select p.id as i, p.amount as a, p.card_number as c, p.payer_email as e from payments p order by p.id limit 3';
    const aliased = (await client.query<{ c: string; e: string; a: string; i: number }>(alias)).rows.map(rename);
    stage.show(alias, render(aliased as never));
    stage.check('alias: masked', allMasked(aliased, real), aliased);

    const star = await client.query<Payment>('select * from payments order by id limit 3');
    stage.show('select * from payments order by id limit 3', render(star.rows as never));
    stage.check('SELECT *: masked', allMasked(star.rows, real), star.rows);

    const prepared = await client.query<Payment>({
      name: 'by-id',
      text: 'select card_number, payer_email from payments where id <= $1 order by id',
      values: [3],
      binary: true,
    } as never);
    const binary = prepared.rows.map((row, at) => ({ ...row, id: at, amount: real[at]?.amount ?? '' }));
    stage.show(
      'prepared, binary results: select card_number, payer_email from payments where id <= $1',
      render(prepared.rows as never),
    );
    stage.check('prepared statement with binary results: masked', allMasked(binary, real), prepared.rows);

    const copyText = 'copy (select id, amount, card_number, payer_email from payments order by id limit 3) to stdout';
    const copied = await text(client.query(copyTo(copyText)));
    stage.show(copyText, copied);
    const lines = copied
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    const copiedRows = lines.map(([id = '', amount = '', card_number = '', payer_email = '']) => ({
      id: Number(id),
      amount,
      card_number,
      payer_email,
    }));
    stage.check('COPY TO STDOUT: masked', allMasked(copiedRows, real), copied);

    await client.query('begin');
    await client.query(`declare c cursor for ${query}`);
    const fetched = (await client.query<Payment>('fetch all from c')).rows;
    await client.query('commit');
    stage.show(`declare c cursor for ...; fetch all from c`, render(fetched as never));
    stage.check('SQL cursor: masked', allMasked(fetched, real), fetched);

    const cursor = client.query(new Cursor<Payment>(query));
    const portal = [...(await cursor.read(2)), ...(await cursor.read(2))];
    await cursor.close();
    stage.check('portal read in slices: masked', allMasked(portal, real), portal);
    await client.end();
  },
};
