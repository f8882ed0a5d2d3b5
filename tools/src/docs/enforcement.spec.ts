import { expect, test } from '@jest/globals';
import { enforcement } from '@sallyport/control-plane';
import { controlSubject as postgres } from '@sallyport/postgres/testing';
import { attest } from '@sallyport/protocol-core/testing';

/** The control plane may not import a protocol, so it keeps the table as data. Here it is held against what is attested. */
test.each([postgres])(
  'what the control plane believes of $protocol.name is what its conformance cases show',
  (subject) => {
    const believed = enforcement.find(({ protocol }) => protocol === subject.protocol.name)?.modes ?? [];
    const sorted = (modes: typeof believed) =>
      modes.map(({ name, enforces, gaps }) => ({ name, enforces: [...enforces].sort(), gaps }));
    expect(sorted(believed)).toEqual(sorted(attest(subject)));
  },
);
