import { controls } from '@sallyport/kernel';
import type { Control, Mode } from '@sallyport/kernel';
import type { Case } from './play.js';
import { probes } from './probes.js';
import type { ControlSubject } from './scene.js';

interface Cell {
  readonly mode: Mode;
  readonly control: Control;
  /** Throws where what is declared does not hold. */
  run(): void;
}

/** One cell per mode and control, declared or not. */
const cellsOf = (subject: ControlSubject): readonly Cell[] =>
  subject.protocol.modes.flatMap((mode) =>
    controls.map((control) => ({
      mode,
      control,
      run: mode.enforces.includes(control) ? () => enforced(subject, mode, control) : () => explained(mode, control),
    })),
  );

const enforced = (subject: ControlSubject, mode: Mode, control: Control): void => {
  const probe = probes[control];
  const scenes = subject.scenes[mode.name] ?? [];
  if (scenes.length === 0) throw new Error('declared, and nothing tries it');
  if (mode.gaps[control] !== undefined) throw new Error('declared, and said to be a gap');
  for (const scene of scenes) {
    try {
      probe(subject, scene);
    } catch (error) {
      throw new Error(`${scene.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
};

const explained = ({ gaps }: Mode, control: Control): void => {
  if ((gaps[control] ?? '') === '') throw new Error('not declared, and nothing says why');
};

/** For a protocol's own spec: what it declares holds, mode by mode and control by control. */
export const controlCases = (subject: ControlSubject): readonly Case[] => [
  ...cellsOf(subject).map(({ mode, control, run }) => ({
    name: `${mode.name}: ${control} ${mode.enforces.includes(control) ? 'holds' : 'is a gap that is explained'}`,
    run,
  })),
  {
    name: 'every scene belongs to a mode that is declared',
    run() {
      const declared = subject.protocol.modes.map(({ name }) => name);
      const strays = Object.keys(subject.scenes).filter((name) => !declared.includes(name));
      if (strays.length > 0) throw new Error(`no such mode: ${strays.join(', ')}`);
    },
  },
];

/**
 * What was tried just now and held. A control is in the answer for one reason only: a case with that control in that mode
 * exists and passed. Throws, naming the cell, where it does not agree with what is declared.
 */
export const attest = (subject: ControlSubject): readonly Mode[] => {
  const passed = new Map<Mode, Control[]>();
  for (const { mode, control, run } of cellsOf(subject)) {
    try {
      run();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${subject.protocol.name}, ${mode.name}, ${control}: ${why}`, { cause: error });
    }
    if (mode.enforces.includes(control)) passed.set(mode, [...(passed.get(mode) ?? []), control]);
  }
  return subject.protocol.modes.map((mode) => ({ ...mode, enforces: passed.get(mode) ?? [] }));
};
