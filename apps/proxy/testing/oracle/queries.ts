/**
 * Queries over hr.a, hr.b and hr.c, made from numbers. Tables, aliases, columns and outputs all draw from one small pool of names,
 * so that what a name means is asked again and again: at this level or further out, a column or a row, of a table or its alias.
 */
export const queryFrom = (numbers: readonly number[]): string => {
  let at = 0;
  const choose = (count: number): number => {
    const number = numbers[at % numbers.length] ?? 0;
    at += 1;
    return number % count;
  };
  return new Maker(choose).query(choose(4), [], []).sql;
};

interface Item {
  readonly alias: string;
  readonly columns: readonly string[];
}

interface Made {
  readonly sql: string;
  readonly columns: readonly string[];
}

type Scopes = readonly (readonly Item[])[];

const tables: readonly Item[] = [
  { alias: 'a', columns: ['id', 'ssn', 'x'] },
  { alias: 'b', columns: ['id', 'ssn', 'name'] },
  { alias: 'c', columns: ['id', 'ssn', 'name', 'x'] },
  { alias: 'v_a', columns: ['id', 'x', 'ssn'] },
];
const aliases = ['a', 'b', 'c', 'ssn', 'x', 'q', 'name'];
const outputs = ['id', 'ssn', 'name', 'x', 'a', 'q'];

class Maker {
  constructor(private readonly choose: (count: number) => number) {}

  private pick<T>(list: readonly [T, ...(readonly T[])] | readonly T[], otherwise: T): T {
    return list.length === 0 ? otherwise : (list[this.choose(list.length)] ?? otherwise);
  }
  /** Once in so many times. */
  private once(times: number): boolean {
    return this.choose(times) === 0;
  }

  query(depth: number, scopes: Scopes, ctes: readonly Item[]): Made {
    if (depth > 1 && this.once(4)) return this.withQuery(depth, scopes, ctes);
    const first = this.select(depth, scopes, ctes);
    if (!this.once(6)) return first;
    const other = this.select(depth - 1, scopes, ctes, first.columns.length);
    const operator = this.pick(['union all', 'union all', 'union'], 'union all');
    return { sql: `${first.sql} ${operator} ${other.sql}`, columns: first.columns };
  }

  private withQuery(depth: number, scopes: Scopes, ctes: readonly Item[]): Made {
    const name = this.pick(['a', 'b', 'ssn', 'r'], 'a');
    if (this.once(4)) {
      const start = this.select(depth - 1, scopes, ctes, 2);
      const names = [this.pick(outputs, 'x'), 'n_'];
      const step = `select ${this.pick([`${name}.${names[0]}`, `n_`], 'n_')}, ${this.pick([`n_`, `${name}.${names[0]}`], 'n_')} from ${name} where false`;
      const added = this.added(names);
      const body = this.query(depth - 1, scopes, [...ctes, { alias: name, columns: [...names, ...added.columns] }]);
      return {
        sql: `with recursive ${name}(${names.join(', ')}) as (${start.sql} union all ${step})${added.sql} (${body.sql})`,
        columns: body.columns,
      };
    }
    const inner = this.query(depth - 1, scopes, ctes);
    const body = this.query(depth - 1, scopes, [...ctes, { alias: name, columns: inner.columns }]);
    return { sql: `with ${name} as (${inner.sql}) (${body.sql})`, columns: body.columns };
  }

  /** SEARCH and CYCLE by one of the columns. */
  private added(names: readonly string[]): Made {
    const order = this.pick(outputs, 'x');
    const mark = this.pick(outputs, 'x');
    const key = this.pick(names, 'n_');
    switch (this.choose(4)) {
      case 0:
        return { sql: ` search depth first by ${key} set ${order}`, columns: [order] };
      case 1:
        return { sql: ` search breadth first by ${key} set ${order}`, columns: [order] };
      case 2:
        return { sql: ` cycle ${key} set ${mark} using p_`, columns: [mark, 'p_'] };
      default:
        return { sql: '', columns: [] };
    }
  }

  private select(depth: number, scopes: Scopes, ctes: readonly Item[], width?: number): Made {
    const { sql: from, items } = this.from(depth, scopes, ctes);
    const inside: Scopes = [items, ...scopes];
    const columns: string[] = [];
    const targets: string[] = [];
    const count = width ?? 1 + this.choose(3);
    for (let index = 0; index < count; index += 1) {
      if (width === undefined && this.once(6)) {
        const item = this.pick(items, items[0] ?? { alias: 'a', columns: [] });
        const form = this.choose(3);
        targets.push(['*', `${item.alias}.*`, `(${item.alias}).*`][form] ?? '*');
        columns.push(...(form === 0 ? items.flatMap((each) => each.columns) : item.columns));
        continue;
      }
      const value = this.expression(depth, inside, ctes);
      const free = outputs.filter((each) => !columns.includes(each) || this.once(20));
      const name = this.once(2) ? this.pick(free, 'x') : undefined;
      targets.push(name === undefined ? value : `${value} as ${name}`);
      columns.push(name ?? /(?:^|\.)(\w+)$/.exec(value)?.[1] ?? '"?column?"');
    }
    const where = this.once(8) ? ` where ${this.expression(0, inside, ctes)} is not null` : '';
    const order = this.once(10) ? ` order by ${1 + this.choose(count)}` : '';
    const limit = this.once(10) ? ' limit 3' : '';
    const tail = width === undefined ? `${order}${limit}` : '';
    let window = '';
    if (this.once(12)) {
      window = ` window w_ as (${this.pick(['order by', 'partition by'], 'order by')} ${this.reference(inside)})`;
      const ranked = targets[0]?.includes('*') === true ? undefined : 'max(1) over w_';
      if (ranked !== undefined) targets[0] = `${ranked} as ${columns[0] ?? 'x'}`;
    }
    return { sql: `(select ${targets.join(', ')} from ${from}${where}${window}${tail})`, columns };
  }

  private from(
    depth: number,
    scopes: Scopes,
    ctes: readonly Item[],
  ): { readonly sql: string; readonly items: readonly Item[] } {
    let items: readonly Item[] = [];
    let sql = '';
    const count = 1 + this.choose(3);
    for (let index = 0; index < count; index += 1) {
      const next = this.item(depth, scopes, ctes, items);
      if (items.some(({ alias }) => alias === next.item.alias)) continue;
      if (sql === '') sql = next.sql;
      else {
        const join = this.pick([', ', ' cross join ', ' natural join ', ' join ', ' left join '], ', ');
        const shared = next.item.columns.filter((column) => items.some(({ columns }) => columns.includes(column)));
        const using = shared.length > 0 && this.once(2) ? ` using (${this.pick(shared, 'id')})` : ' on true';
        const on = join === ' join ' || join === ' left join ' ? using : '';
        // The merged column may have a name of its own.
        const merged = on.startsWith(' using') && this.once(3) ? this.pick(aliases, 'q') : undefined;
        const named = merged !== undefined && ![...items, next.item].some(({ alias }) => alias === merged);
        sql = `${sql}${join}${next.sql}${on}${named ? ` as ${merged}` : ''}`;
        if (named) items = [...items, { alias: merged, columns: [/\((\w+)\)/.exec(on)?.[1] ?? 'id'] }];
      }
      items = [...items, next.item];
    }
    return { sql, items };
  }

  private item(
    depth: number,
    scopes: Scopes,
    ctes: readonly Item[],
    siblings: readonly Item[],
  ): { readonly sql: string; readonly item: Item } {
    const alias = this.pick(aliases, 'q');
    if (depth > 0 && this.once(3)) {
      const lateral = this.once(2);
      // Seldom as if it were LATERAL: such names are looked up further out, if anywhere.
      const around: Scopes = lateral || this.once(12) ? [siblings, ...scopes] : scopes;
      const inner = this.query(depth - 1, around, ctes);
      const names = this.once(3) ? [this.pick(outputs, 'x')] : [];
      const columns = inner.columns.map((column, at) => names[at] ?? column);
      const list = names.length > 0 ? `(${names.join(', ')})` : '';
      return { sql: `${lateral ? 'lateral ' : ''}(${inner.sql}) as ${alias}${list}`, item: { alias, columns } };
    }
    if (siblings.length > 0 && this.once(6)) {
      const value = this.expression(0, [siblings, ...scopes], ctes);
      return this.called(alias, `${value}::text`);
    }
    if (ctes.length > 0 && this.once(2)) {
      const cte = this.pick(ctes, ctes[0] ?? { alias: 'a', columns: [] });
      return this.once(2)
        ? { sql: cte.alias, item: cte }
        : { sql: `${cte.alias} as ${alias}`, item: { alias, columns: cte.columns } };
    }
    const table = this.pick(tables, tables[0] ?? { alias: 'a', columns: [] });
    if (this.once(2)) return { sql: `hr.${table.alias}`, item: table };
    const first = this.pick(outputs, 'x');
    const rest = table.columns.slice(2);
    const second = this.pick(
      outputs.filter((each) => each !== first && !rest.includes(each)),
      'id',
    );
    const names = this.once(4) && !rest.includes(first) ? [first, second] : [];
    const list = names.length > 0 ? `(${names.join(', ')})` : '';
    return {
      sql: `hr.${table.alias} as ${alias}${list}`,
      item: { alias, columns: table.columns.map((column, at) => names[at] ?? column) },
    };
  }

  /** A function in FROM. */
  private called(alias: string, value: string): { readonly sql: string; readonly item: Item } {
    const column = this.pick(outputs, 'x');
    const item = (...columns: readonly string[]): Item => ({ alias, columns });
    const path = "'$' columns";
    switch (this.choose(7)) {
      case 0:
        return { sql: `md5(${value}) as ${alias}`, item: item(alias) };
      case 1:
        return { sql: `string_to_table(${value}, 'Y') with ordinality as ${alias}(${column})`, item: item(column) };
      case 2:
        return {
          sql: `rows from (unnest(array['k']), string_to_table(${value}, 'Y')) as ${alias}(n_, ${column})`,
          item: item('n_', column),
        };
      case 3:
        return {
          sql: `json_table(to_jsonb(${value}), ${path} (${column} text path '$')) as ${alias}`,
          item: item(column),
        };
      case 4:
        return { sql: `unnest(array['k'], array[${value}]) as ${alias}(n_, ${column})`, item: item('n_', column) };
      case 5:
        return { sql: `json_each_text(json_build_object('k', ${value})) as ${alias}`, item: item('key', 'value') };
      default:
        return { sql: `unnest(array[${value}]) as ${alias}(${alias})`, item: item(alias) };
    }
  }

  /** Of any level, by any of the ways in which a column can be named. */
  private reference(scopes: Scopes): string {
    const level = this.once(3) ? this.pick(scopes, scopes[0] ?? []) : (scopes[0] ?? []);
    const item = this.pick(level, { alias: 'a', columns: ['id'] });
    const column = this.pick(item.columns, 'id');
    const bare = level.filter(({ columns }) => columns.includes(column)).length === 1 || this.once(25);
    switch (this.choose(6)) {
      case 0:
        return this.once(6) ? this.pick(outputs, 'id') : `(${item.alias}).${column}`;
      case 1:
      case 2:
        return bare ? column : `${item.alias}.${column}`;
      default:
        return `${item.alias}.${column}`;
    }
  }

  private expression(depth: number, scopes: Scopes, ctes: readonly Item[]): string {
    const inner = (): string => this.expression(depth - 1, scopes, ctes);
    if (depth <= 0) return this.once(12) ? "'k'" : this.reference(scopes);
    const level = this.pick(scopes, []);
    const row = this.pick(level, { alias: 'a', columns: [] }).alias;
    switch (this.choose(16)) {
      case 0:
        return `upper(${inner()}::text)`;
      case 1:
        return `(${inner()} || ${inner()})`;
      case 2:
        return `coalesce(${inner()}::text, 'none')`;
      case 3:
        return this.scalar(depth, scopes, ctes);
      case 4:
        return this.scalar(depth, scopes, ctes);
      case 5:
        return `(${row})::text`;
      case 6:
        return `to_jsonb(${row})`;
      case 7:
        return `(array[${inner()}])[1]`;
      case 8:
        return `array(${this.select(depth - 1, scopes, ctes, 1).sql})`;
      case 9:
        return `exists (${this.query(depth - 1, scopes, ctes).sql})`;
      case 10:
        return `${inner()}::text`;
      case 11:
        return `row(${inner()}, ${inner()})`;
      default:
        return this.reference(scopes);
    }
  }

  private scalar(depth: number, scopes: Scopes, ctes: readonly Item[]): string {
    const { sql, columns } = this.select(depth - 1, scopes, ctes, 1);
    // More than one row is an error; the greatest is one.
    return this.once(3) ? `(${sql})` : `(select max(z.${columns[0] ?? 'x'}::text) from ${sql} z)`;
  }
}
