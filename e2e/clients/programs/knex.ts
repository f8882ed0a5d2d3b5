/** Knex: migrations up and down, queries, transactions, streams. Argument: the URL. */
import knexFactory from 'knex';
import type { Knex } from 'knex';

const tell = (what: string, value: unknown): void => console.log(JSON.stringify([what, value]));

const steps = {
  '001_people': {
    up: (schema) =>
      schema.schema.createTable('people', (table) => {
        table.increments('id');
        table.string('name', 80).notNullable().unique();
        table.jsonb('about');
        table.specificType('tags', 'text[]');
        table.timestamps(true, true);
      }),
    down: (schema) => schema.schema.dropTable('people'),
  },
  '002_pets': {
    up: (schema) =>
      schema.schema
        .createTable('pets', (table) => {
          table.uuid('id').primary().defaultTo(schema.raw('gen_random_uuid()'));
          table.integer('owner').references('people.id').onDelete('CASCADE').index();
          table.enu('kind', ['cat', 'dog'], { useNative: true, enumName: 'pet_kind' });
        })
        .alterTable('people', (table) => {
          table.decimal('height', 5, 2).defaultTo(0);
        }),
    down: (schema) =>
      schema.schema
        .dropTable('pets')
        .raw('drop type pet_kind')
        .alterTable('people', (table) => table.dropColumn('height')),
  },
} satisfies Record<string, Knex.Migration>;

const knex = knexFactory({
  client: 'pg',
  connection: process.argv[2] ?? '',
  searchPath: ['client'],
  migrations: {
    migrationSource: {
      getMigrations: () => Promise.resolve(Object.keys(steps)),
      getMigrationName: (name) => String(name),
      getMigration: (name) => Promise.resolve(steps[name as keyof typeof steps]),
    },
  },
});

tell('up', (await knex.migrate.latest())[1]);
tell('status', await knex.migrate.status());
const [person] = await knex('people')
  .insert({ name: 'Ada', about: { likes: ['tea'] }, tags: ['a', 'b c'] })
  .returning(['id', 'name', 'about', 'tags']);
tell('insert', person);
await knex.batchInsert(
  'people',
  Array.from({ length: 50 }, (_, n) => ({ name: `person ${n}` })),
  20,
);
await knex('pets').insert([
  { owner: 1, kind: 'cat' },
  { owner: 1, kind: 'dog' },
]);
tell('joined', await knex('people').join('pets', 'pets.owner', 'people.id').select('name', 'kind').orderBy('kind'));
tell('counted', await knex('people').count('* as n').max('id as last').first());
tell(
  'upsert',
  await knex('people').insert({ name: 'Ada', height: 1.7 }).onConflict('name').merge(['height']).returning('height'),
);
const failed = await knex
  .transaction(async (trx) => {
    await trx('people').del();
    await trx('people').insert({ name: null });
  })
  .catch(({ code, message }: { code: string; message: string }) => [code, message]);
tell('rolled back', [failed, await knex('people').count('* as n').first()]);
await knex
  .transaction(async (trx) => {
    await trx.transaction((inner) => inner('people').where('id', '>', 40).del());
    tell(
      'nested',
      await trx('people')
        .forUpdate()
        .count('* as n')
        .catch(({ code }: { code: string }) => code),
    );
  })
  .catch(() => undefined);
let streamed = 0;
for await (const row of knex('people').select('*').stream()) streamed += Object.keys(row as object).length;
tell('streamed', streamed);
tell('columns', Object.keys(await knex('people').columnInfo()));
tell('has', [await knex.schema.hasTable('pets'), await knex.schema.hasColumn('pets', 'wings')]);
tell('down', (await knex.migrate.rollback(undefined, true))[1]);
await knex.destroy();
