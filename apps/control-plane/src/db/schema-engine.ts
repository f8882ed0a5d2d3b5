import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
} from '@prisma/driver-adapter-utils';
import type * as Engine from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/** The part of the WebAssembly API that is used here; the compiler's own declaration comes with the DOM's. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ readonly exports: Readonly<Record<string, unknown>> }>;
  readonly Module: { imports(module: object): readonly { readonly module: string }[] };
};

/** What wasm-bindgen adds to the declared module: the hook through which the instance is handed over. */
type Bindings = typeof Engine & { __wbg_set_wasm(exports: object): void };

/**
 * Prisma's own schema engine, as WebAssembly. The native one is downloaded by the CLI, which an air-gapped installation
 * cannot do; this one is in the package. It talks to the database through the same driver as the client does.
 */
export async function withSchemaEngine<Result>(
  databaseUrl: string,
  datamodels: readonly { readonly path: string; readonly content: string }[],
  work: (engine: Engine.SchemaEngine) => Promise<Result>,
): Promise<Result> {
  const bindings = await loadBindings();
  const databases = new Databases(databaseUrl);
  try {
    const models = datamodels.map(({ path, content }): [string, string] => [path, content]);
    const options = { datamodels: models.length === 0 ? undefined : models };
    const adapter = bindMigrationAwareSqlAdapterFactory(databases);
    const engine = await bindings.SchemaEngine.new(options, () => undefined, adapter);
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await databases.close();
  }
}

/**
 * The database, and shadow databases beside it, which live as long as the work. (The driver adapter's own shadow keeps to
 * the first database when it is given a URL, and the engine closes neither.)
 */
class Databases implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';
  readonly #url: string;
  readonly #main: EnginePool;
  readonly #shadows: { readonly name: string; readonly pool: EnginePool }[] = [];

  constructor(url: string) {
    this.#url = url;
    this.#main = new EnginePool(url);
  }

  connect(): Promise<SqlDriverAdapter> {
    return this.#main.adapter();
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const name = `sallyport_shadow_${randomUUID().replaceAll('-', '')}`;
    await this.#main.query(`create database ${name}`);
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    const pool = new EnginePool(url.href);
    this.#shadows.push({ name, pool });
    return pool.adapter();
  }

  async close(): Promise<void> {
    for (const { name, pool } of this.#shadows) {
      await pool.end();
      await this.#main.query(`drop database ${name} with (force)`);
    }
    await this.#main.end();
  }
}

const charType = 18;
const textType = 25;

/**
 * The driver adapter refuses the type `"char"`, which the engine reads from the system catalogs. The pool lets such
 * columns pass as text and notes where they were; `connect` tells the engine what they are.
 */
class EnginePool extends pg.Pool {
  readonly #characters = new WeakMap<object, readonly number[]>();

  constructor(connectionString: string) {
    super({ connectionString });
    this.on('error', () => undefined);
    const query = super.query.bind(this) as unknown as (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>;
    const noting = async (config: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> => {
      const result = await query(config);
      const characters = result.fields.flatMap((field, index) => (field.dataTypeID === charType ? [index] : []));
      for (const index of characters) Object.assign(result.fields[index] ?? {}, { dataTypeID: textType });
      this.#characters.set(result.rows, characters);
      return result;
    };
    Object.assign(this, { query: noting });
  }

  async adapter(): Promise<SqlDriverAdapter> {
    const adapter = await new PrismaPg(this).connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    return Object.assign(adapter, {
      queryRaw: async (query: SqlQuery): Promise<SqlResultSet> => {
        const result = await queryRaw(query);
        for (const index of this.#characters.get(result.rows) ?? [])
          result.columnTypes[index] = ColumnTypeEnum.Character;
        return result;
      },
    });
  }
}

let loaded: Promise<Bindings> | undefined;

/** One instance per process: the module keeps its memory in module scope. */
function loadBindings(): Promise<Bindings> {
  loaded ??= instantiate();
  return loaded;
}

async function instantiate(): Promise<Bindings> {
  const bindings = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as Bindings;
  const javascript = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const module = await WebAssembly.compile(await readFile(javascript.replace(/\.js$/, '.wasm')));
  const functions = withoutHold(bindings);
  const imports = Object.fromEntries(WebAssembly.Module.imports(module).map((entry) => [entry.module, functions]));
  const instance = await WebAssembly.instantiate(module, imports);
  bindings.__wbg_set_wasm(instance.exports);
  // A panic of the engine ends the process with a bare "unreachable"; these are the words that explain it.
  const lastWords = (message: string): void => console.error(`schema engine: ${message.slice(0, 2000)}`);
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: lastWords } });
  const start = instance.exports['__wbindgen_start'];
  if (typeof start !== 'function') throw new Error('the schema engine has no start function');
  start();
  return bindings;
}

/** The engine leaves a timer of ten seconds behind its advisory lock; a process that is done must not wait for it. */
function withoutHold(bindings: Bindings): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(bindings).map(([name, value]) => {
      if (!name.startsWith('__wbg_setTimeout_') || typeof value !== 'function') return [name, value];
      const start = value as (...given: readonly unknown[]) => NodeJS.Timeout;
      return [name, (...given: readonly unknown[]) => start(...given).unref()];
    }),
  );
}
