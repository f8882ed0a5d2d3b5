import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestPostgres, startPostgres } from '@sallyport/testing';
import { billingRole, seedBilling } from './billing.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const luhn = (digits: string): boolean =>
  [...digits].reverse().reduce((sum, digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0) %
    10 ===
  0;

const mod97 = (iban: string): number =>
  [...(iban.slice(4) + iban.slice(0, 4))].reduce((rest, char) => Number(`${rest}${parseInt(char, 36)}`) % 97, 0);

test('holds 100,000 rows that a detector takes for real', async () => {
  await postgres.createDatabase('billing');
  const client = await postgres.connect('billing');
  await seedBilling(client, 'secret');
  const { rows: counts } = await client.query(
    'select (select count(*) from customers) + (select count(*) from invoices) + (select count(*) from payments) as n',
  );
  const { rows: cards } = await client.query<{ card_number: string }>('select card_number from payments limit 500');
  const { rows: ibans } = await client.query<{ iban: string }>('select iban from customers limit 500');
  const { rows: owners } = await client.query("select tableowner from pg_tables where tablename = 'payments'");
  await client.end();
  expect(counts).toEqual([{ n: '100000' }]);
  expect(cards.every(({ card_number }) => card_number.length === 16 && luhn(card_number))).toBe(true);
  expect(ibans.every(({ iban }) => iban.length === 22 && mod97(iban) === 1)).toBe(true);
  expect(owners).toEqual([{ tableowner: billingRole }]);
});
