/**
 * Prisma: our own control plane's migrations by its schema engine, and its generated client over adapter-pg.
 * Argument: the URL of an empty database. Build first.
 */
import { Database } from '../../../apps/control-plane/dist/db/database.js';
import { applyMigrations } from '../../../apps/control-plane/dist/db/migrations.js';

const tell = (what, value) =>
  console.log(JSON.stringify([what, value], (_key, each) => (typeof each === 'bigint' ? String(each) : each)));
const codeOf = ({ code, meta }) => [code, meta?.modelName];

const url = process.argv[2] ?? '';
tell('migrated', await applyMigrations(url));
tell('again', await applyMigrations(url));

const db = new Database(url);
const at = new Date('2026-01-01T00:00:00Z');
tell('tenant', await db.tenant.create({ data: { id: 't', name: 'one', createdAt: at } }));
const names = Array.from({ length: 30 }, (_, n) => `person ${n}`);
tell(
  'many',
  await db.user.createMany({ data: names.map((name, n) => ({ id: `u${n}`, tenantId: 't', name, role: 'member' })) }),
);
tell(
  'nested',
  await db.group.create({
    data: {
      id: 'g',
      tenantId: 't',
      name: 'all',
      createdAt: at,
      updatedAt: at,
      members: { create: [{ id: 'm', tenantId: 't', userId: 'u1' }] },
    },
    include: { members: { include: { user: { select: { name: true } } } } },
  }),
);
tell(
  'found',
  await db.user.findMany({
    where: { OR: [{ name: { contains: 'SON 1', mode: 'insensitive' } }, { groups: { some: { groupId: 'g' } } }] },
    select: { id: true, groups: { select: { id: true } } },
    orderBy: { name: 'asc' },
    take: 5,
    skip: 1,
  }),
);
tell('grouped', await db.user.groupBy({ by: ['role'], _count: true, _max: { name: true } }));
const data = {
  id: 'k',
  tenantId: 't',
  purpose: 'ca',
  publicPart: Buffer.from([0, 255]),
  sealed: Buffer.alloc(3),
  createdAt: at,
};
tell('bytes', await db.keyring.create({ data }).then(({ publicPart }) => [...publicPart]));
tell(
  'upsert',
  (
    await db.user.upsert({
      where: { id: 'u1' },
      update: { email: 'a@example.com' },
      create: { id: 'u1', tenantId: 't', name: 'x', role: 'member' },
    })
  ).email,
);
tell(
  'unique',
  await db.user.create({ data: { id: 'u1', tenantId: 't', name: 'other', role: 'member' } }).catch(codeOf),
);
tell(
  'rolled back',
  await db
    .$transaction(async (tx) => {
      await tx.user.deleteMany({});
      await tx.group.findUniqueOrThrow({ where: { id: 'nobody' } });
    })
    .catch(codeOf),
);
tell(
  'serializable',
  await db.$transaction(
    [
      db.user.count(),
      db.tenant.update({
        where: { id: 't' },
        data: { bundleVersion: { increment: 1 } },
        select: { bundleVersion: true },
      }),
    ],
    { isolationLevel: 'Serializable' },
  ),
);
tell('raw', await db.$queryRaw`select count(*)::int as n, ${'x'}::text as t, array[1, 2] as list from "User"`);
tell('raw count', await db.$executeRaw`update "User" set email = name where name like ${'person 2%'}`);
await db.$disconnect();
