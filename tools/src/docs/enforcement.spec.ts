import { expect, test } from '@jest/globals';
import { enforcement } from '@sallyport/control-plane';
import { postgres } from '@sallyport/postgres';

/** The control plane may not import a protocol, so it keeps the table as data. Here both are held against each other. */
test('what the control plane believes of PostgreSQL is what the protocol declares', () => {
  expect(enforcement.find(({ protocol }) => protocol === postgres.name)?.modes).toEqual(postgres.modes);
});
