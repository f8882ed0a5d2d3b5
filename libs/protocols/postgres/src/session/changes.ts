import type { Run } from './ledger.js';

/** Words that may change what a name stands for, by SQL. A keyword cannot be spelled another way. */
const renaming = /prepare|deallocate|discard|declare|close/i;

/**
 * Words without which no statement changes how later ones are read, or as whom they run. A pipeline waits behind one until
 * the target has told its new state; too many words only cost a wait.
 */
const drifting =
  /search_path|encoding|conforming|datestyle|intervalstyle|timezone|(?:^|[;/])\s*set\b|\b(?:names|schema|role|reset|rollback|abort)\b|authorization|discard|set_config|u&/i;

/** A line's end is where a SET may begin, if it ends a comment; in an UPDATE it only looks like one. */
const driftingBehindComments = /\n[ \t\r\f\v]*set\b/i;
const mayDrift = (text: string): boolean =>
  drifting.test(text) || (text.includes('--') && driftingBehindComments.test(text));

/** Words without which nothing changes where names are looked up, and the tags of what does. */
const configuring = /set_config|u&/i;
const rebinding = /search_path|\bschema\b|\brole\b|authorization/i;
const setTag = /^(?:SET|RESET)$/;
const configuredTag = /^(?:SET|RESET|SELECT \d+)$/;

/** Only chooses between two refusals of a name that no message gave: what it overlooks, or takes for one, is refused too. */
const giving = /\b(?:prepare|declare)\s+([\w$]{1,63})/gi;
const givenIn = (text: string): readonly string[] =>
  [...text.matchAll(giving)].slice(0, 16).map(([, name = '']) => name.toLowerCase());
const nothing: readonly string[] = [];

/** What the text of a command may change for those behind it. */
export const changesOf = (text: string): Pick<Run, 'renames' | 'gives' | 'drifts' | 'rebinds'> => ({
  renames: renaming.test(text),
  gives: renaming.test(text) ? givenIn(text) : nothing,
  drifts: mayDrift(text),
  rebinds: configuring.test(text) ? configuredTag : rebinding.test(text) ? setTag : undefined,
});
