import { readBind } from '../src/message/frontend.js';
import { complete, describeRow, failure, from, int16, ready, row } from './rig.js';

export const canary = 'CANARY-4242';

/** Texts that the little server understands; several may stand in one Query, with `; ` between. */
export const texts = [
  'select',
  'select many',
  'write',
  'fails',
  'says',
  'begin',
  'commit',
  'rollback',
  'set search_path',
  'prepare a',
  'deallocate a',
  'deallocate all',
  'discard all',
  'copy in',
  'copy out',
] as const;

interface Portal {
  readonly text: string;
  /** Of its first parameter. */
  readonly value: string;
  /** Rows that were not read yet; `undefined`: not run yet. */
  left: number | undefined;
}

/**
 * A little PostgreSQL: names, transactions, errors up to Sync, portals in slices, COPY both ways, answers that are kept back
 * until somebody asks for them. Every row, message, error and payload of it holds the canary.
 */
export class LittleServer {
  /** What it executed, in order: a text, or a text and the value that was bound. A portal read on counts again. */
  readonly ran: string[] = [];
  /** Every frame that it was sent. */
  readonly heard: Buffer[] = [];
  dead = false;
  private rest = Buffer.alloc(0);
  private kept: Uint8Array[] = [];
  private due: Uint8Array[] = [];
  private status: 'I' | 'T' | 'E' = 'I';
  private skipping = false;
  private copying: { readonly simple: boolean; readonly behind: readonly string[] } | undefined;
  private paths = 0;
  private readonly statements = new Map<string, string>();
  private readonly portals = new Map<string, Portal>();

  hear(bytes: Uint8Array): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 5 && this.rest.length > this.rest.readInt32BE(1)) {
      const frame = this.rest.subarray(0, 1 + this.rest.readInt32BE(1));
      this.rest = this.rest.subarray(frame.length);
      this.heard.push(frame);
      this.take(String.fromCharCode(frame[0] ?? 0), frame.subarray(5), frame);
    }
  }
  get inCopy(): boolean {
    return this.copying !== undefined;
  }
  get finished(): boolean {
    return this.due.length === 0 && this.kept.length === 0;
  }
  /** What it has to say now; `all`: its buffer is full, so it says what it would keep back too. */
  speak(all = false): Uint8Array {
    if (all) this.flush();
    const said = Buffer.concat(this.due);
    this.due = [];
    return said;
  }
  /** Of its own accord. */
  remark(kind: 'notice' | 'payload'): void {
    this.due.push(
      kind === 'notice' ? from('N', `SNOTICE\0C01000\0M${canary}\0\0`) : from('A', [0, 0, 0, 1], `c\0${canary}\0`),
    );
  }

  private flush(): void {
    this.due.push(...this.kept);
    this.kept = [];
  }
  private say(...messages: readonly Uint8Array[]): void {
    this.kept.push(...messages);
  }
  private ready(): void {
    if (this.status === 'I') this.portals.clear();
    this.say(ready(this.status));
    this.flush();
  }
  private fail(code: string, simple: boolean): void {
    this.say(failure(code, canary));
    if (this.status === 'T') this.status = 'E';
    this.portals.clear();
    if (simple) this.ready();
    else {
      this.skipping = true;
      this.flush();
    }
  }

  private take(type: string, body: Buffer, frame: Buffer): void {
    if (this.dead) return;
    if (this.copying) return this.copyData(type);
    if (type === 'S') {
      this.skipping = false;
      return this.ready();
    }
    if (this.skipping) return;
    const [first = '', second = ''] = body.toString('latin1').split('\0');
    switch (type) {
      case 'Q':
        this.statements.delete('');
        return this.query(first.split('; '));
      case 'P':
        if (first !== '' && this.statements.has(first)) return this.fail('42P05', false);
        if (this.status === 'E' && !wayOut(second)) return this.fail('25P02', false);
        this.statements.set(first, second);
        return this.say(from('1'));
      case 'B': {
        const text = this.statements.get(second);
        if (text === undefined) return this.fail('26000', false);
        if (first !== '' && this.portals.has(first)) return this.fail('42P03', false);
        if (this.status === 'E' && !wayOut(text)) return this.fail('25P02', false);
        const value = Buffer.from(readBind(frame)?.parameters[0]?.value ?? []).toString();
        this.portals.set(first, { text, value, left: undefined });
        return this.say(from('2'));
      }
      case 'D': {
        const of = first.startsWith('S') ? this.statements.get(first.slice(1)) : this.portals.get(first.slice(1))?.text;
        if (of === undefined) return this.fail(first.startsWith('S') ? '26000' : '34000', false);
        if (first.startsWith('S')) this.say(from('t', int16(0)));
        return this.say(of.startsWith('select') ? columns : from('n'));
      }
      case 'C':
        if (first.startsWith('S')) this.statements.delete(first.slice(1));
        else this.portals.delete(first.slice(1));
        return this.say(from('3'));
      case 'E':
        return this.execute(first, body.readInt32BE(first.length + 1));
      case 'H':
        return this.flush();
      default:
        return;
    }
  }

  private query(parts: readonly string[]): void {
    for (const [index, text] of parts.entries()) {
      if (this.status === 'E' && !wayOut(text)) return this.fail('25P02', true);
      this.ran.push(text);
      if (text === 'fails') return this.fail('22012', true);
      if (text.startsWith('select')) this.say(columns);
      if (text === 'copy in') {
        this.copying = { simple: true, behind: parts.slice(index + 1) };
        this.say(from('G', [0], int16(2), int16(0), int16(0)));
        return this.flush();
      }
      if (this.run(text, true, Infinity) === undefined) return;
    }
    this.ready();
  }

  private execute(name: string, limit: number): void {
    const portal = this.portals.get(name);
    if (portal === undefined) return this.fail('34000', false);
    if (this.status === 'E' && !wayOut(portal.text)) return this.fail('25P02', false);
    this.ran.push(`${portal.text}|${portal.value}`);
    if (portal.text === 'fails') return this.fail('22012', false);
    if (portal.text === 'copy in') {
      this.copying = { simple: false, behind: [] };
      this.say(from('G', [0], int16(2), int16(0), int16(0)));
      return this.flush();
    }
    portal.left = this.run(portal.text, false, limit === 0 ? Infinity : limit, portal.left) ?? 0;
  }

  /** Gives how many rows are left; nothing where it failed. */
  private run(text: string, simple: boolean, limit: number, left?: number): number | void {
    const block = this.status;
    switch (text) {
      case 'begin':
        if (block === 'I') this.status = 'T';
        this.say(complete('BEGIN'));
        return 0;
      case 'commit':
      case 'rollback':
        this.status = 'I';
        this.portals.clear();
        this.say(complete(block === 'E' || text === 'rollback' ? 'ROLLBACK' : 'COMMIT'));
        return 0;
      case 'says':
        this.say(from('N', `SNOTICE\0C00000\0M${canary}\0Wby ${canary}\0\0`), complete('DO'));
        return 0;
      case 'set search_path':
        this.paths += 1;
        this.say(complete('SET'), from('S', `search_path\0${canary}${this.paths}\0`));
        return 0;
      case 'prepare a':
        if (this.statements.has('a')) return this.fail('42P05', simple);
        this.statements.set('a', 'write');
        this.say(complete('PREPARE'));
        return 0;
      case 'deallocate a':
        if (!this.statements.delete('a')) return this.fail('26000', simple);
        this.say(complete('DEALLOCATE'));
        return 0;
      case 'deallocate all':
        for (const name of [...this.statements.keys()]) if (name !== '') this.statements.delete(name);
        this.say(complete('DEALLOCATE ALL'));
        return 0;
      case 'discard all':
        this.statements.clear();
        this.say(complete('DISCARD ALL'));
        return 0;
      case 'copy out':
        this.say(
          from('H', [0], int16(2), int16(0), int16(0)),
          from('d', `1\t${canary}\n2`),
          from('d', `\t${canary}\n`),
        );
        this.say(from('c'), complete('COPY 2'));
        return 0;
      case 'select':
      case 'select many': {
        const rows = left ?? (text === 'select' ? 1 : 5);
        const now = Math.min(rows, limit);
        for (let index = 0; index < now; index += 1) this.say(row(`${index}`, canary));
        if (now < rows || now === limit) this.say(from('s'));
        else this.say(complete(`SELECT ${now}`));
        return rows - now;
      }
      default:
        this.say(complete('INSERT 0 1'));
        return 0;
    }
  }

  private copyData(type: string): void {
    const { copying } = this;
    if (type === 'd' || type === 'S' || type === 'H' || copying === undefined) return;
    this.copying = undefined;
    if (type === 'c') {
      this.say(complete('COPY 1'));
      if (copying.simple) this.query(copying.behind);
      else this.flush();
    } else if (type === 'f') this.fail('57014', copying.simple);
    else {
      // The rest of the message cannot be told from data: a server gives up the connection.
      this.dead = true;
      this.say(failure('08P01', canary, 'FATAL'));
      this.flush();
    }
  }
}

const columns = describeRow({ name: 'id' }, { name: 'mail' });
const wayOut = (text: string): boolean => text === 'commit' || text === 'rollback';
