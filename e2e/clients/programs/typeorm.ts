/** TypeORM: migrations, a schema from entities, repositories, transactions, streams. Argument: the URL. */
import 'reflect-metadata';
import { DataSource, EntitySchema, In, Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tell = (what: string, value: unknown): void => console.log(JSON.stringify([what, value]));

interface Author {
  id: number;
  name: string;
  born: string | null;
  books: Book[];
}
interface Book {
  id: number;
  title: string;
  price: string;
  kind: 'novel' | 'essay';
  tags: string[];
  notes: object | null;
  author: Author;
}

const AuthorSchema = new EntitySchema<Author>({
  name: 'Author',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    name: { type: 'varchar', length: 80, unique: true },
    born: { type: 'date', nullable: true },
  },
  relations: { books: { type: 'one-to-many', target: 'Book', inverseSide: 'author' } },
});
const BookSchema = new EntitySchema<Book>({
  name: 'Book',
  columns: {
    id: { type: 'int', primary: true, generated: 'increment' },
    title: { type: 'text' },
    price: { type: 'numeric', precision: 8, scale: 2, default: 0 },
    kind: { type: 'enum', enum: ['novel', 'essay'], default: 'novel' },
    tags: { type: 'text', array: true, default: '{}' },
    notes: { type: 'jsonb', nullable: true },
  },
  relations: { author: { type: 'many-to-one', target: 'Author', inverseSide: 'books', onDelete: 'CASCADE' } },
  indices: [{ columns: ['title'] }],
});

class Shelves1 implements MigrationInterface {
  readonly name = 'Shelves1700000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'client.shelf',
        columns: [
          { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
          { name: 'room', type: 'varchar', isUnique: true },
        ],
      }),
    );
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('client.shelf');
  }
}
class Shelves2 implements MigrationInterface {
  readonly name = 'Shelves1700000000002';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table client.shelf add column metres numeric not null default 1`);
    await runner.query(`insert into client.shelf (room) values ('attic'), ('cellar')`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table client.shelf drop column metres`);
  }
}

const source = new DataSource({
  type: 'postgres',
  url: process.argv[2] ?? '',
  schema: 'client',
  entities: [AuthorSchema, BookSchema],
  migrations: [Shelves1, Shelves2],
});
await source.initialize();
tell(
  'migrations',
  (await source.runMigrations({ transaction: 'each' })).map(({ name }) => name),
);
tell('pending', await source.showMigrations());
tell('shelves', await source.query('select * from client.shelf order by id'));
await source.undoLastMigration();
tell('undone', await source.query('select name from client.migrations order by id'));

await source.synchronize();
tell(
  'nothing more to do',
  (await source.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query),
);

const authors = source.getRepository<Author>('Author');
const books = source.getRepository<Book>('Book');
const [ada] = await authors.save([{ name: 'Ada', born: '1990-12-10' }, { name: 'Grace' }]);
await books.save(
  ['b', 'a', 'c'].map((title, n) => ({
    title,
    price: `${n}.50`,
    tags: [title, 'x y'],
    notes: { n },
    ...(ada === undefined ? {} : { author: ada }),
  })),
);
tell('found', await authors.find({ relations: { books: true }, order: { id: 'asc', books: { title: 'asc' } } }));
tell('counted', await books.findAndCount({ where: { title: In(['a', 'b']) }, order: { title: 'desc' }, take: 1 }));
await books.update({ title: 'a' }, { kind: 'essay' });
await authors.upsert({ name: 'Ada', born: '1991-01-01' }, ['name']);
tell(
  'grouped',
  await books
    .createQueryBuilder('book')
    .select('book.kind', 'kind')
    .addSelect('sum(book.price)', 'sum')
    .groupBy('book.kind')
    .orderBy('1')
    .getRawMany(),
);
const failed = await source
  .transaction(async (manager) => {
    await manager.delete('Book', { kind: 'novel' });
    await manager.insert('Author', { name: 'Ada' });
  })
  .catch((error: { code?: string; message: string }) => [error.code, error.message]);
tell('rolled back', [failed, await books.count()]);
await source.transaction('SERIALIZABLE', (manager) => manager.delete('Author', { name: 'Ada' }));
tell('cascaded', await books.count());
await source.destroy();
