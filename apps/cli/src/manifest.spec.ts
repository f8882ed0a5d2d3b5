import { describe, expect, test } from '@jest/globals';
import { Failure } from './failure.js';
import { inOrder, readManifests } from './manifest.js';

const read = (text: string, files: Readonly<Record<string, string>> = {}): ReturnType<typeof readManifests> =>
  readManifests('/wish/all.yaml', text, (path) =>
    path in files ? Promise.resolve(files[path] ?? '') : Promise.reject(new Failure(`cannot read ${path}`)),
  );

describe('manifests', () => {
  test('come in the order in which they depend on each other', async () => {
    const manifests = inOrder(
      await read(`
kind: PolicySet
name: base
spec: { text: "" }
---
kind: Subagent
name: etl
spec: { issuer: ci }
---
kind: Issuer
name: ci
spec: {}
`),
    );
    expect(manifests.map(({ kind }) => kind)).toEqual(['Issuer', 'Subagent', 'PolicySet']);
  });

  test('say where they stand', async () => {
    const [, second] = await read('kind: Group\nname: a\n---\nkind: Group\nname: b\n');
    expect(second?.place).toBe('/wish/all.yaml:4');
  });

  test('a policy set may keep its text in a file beside it', async () => {
    const [set] = await read('kind: PolicySet\nname: p\nspec: { textFile: base.cedar, publish: true }', {
      '/wish/base.cedar': 'permit (principal, action, resource);',
    });
    expect(set?.spec).toEqual({ text: 'permit (principal, action, resource);', publish: true });
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ['not YAML', 'kind: [', '/wish/all.yaml:'],
    ['unknown kind', 'kind: Robot\nname: x', 'unknown kind Robot'],
    ['unknown field', 'kind: Group\nname: x\nspecs: {}', 'unknown field specs'],
    ['no name', 'kind: Group', 'name is missing'],
    ['spec is a list', 'kind: Group\nname: x\nspec: []', 'spec is not a mapping'],
    ['a field that the kind does not have', 'kind: Group\nname: x\nspec: { owner: y }', 'unknown field spec.owner'],
    ['two texts', 'kind: PolicySet\nname: p\nspec: { text: a, textFile: b }', 'both text and textFile'],
    ['a scalar', 'hello', 'not a mapping'],
    ['a duplicate key', 'kind: Group\nkind: User\nname: x', '/wish/all.yaml:'],
    ['a missing text file', 'kind: PolicySet\nname: p\nspec: { textFile: gone.cedar }', 'cannot read /wish/gone.cedar'],
  ];
  test.each(wrong)('refuses %s with its place', async (_name, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test.each([
    [
      'the same noun',
      'kind: Group\nname: a\n---\nkind: Group\nname: a\n',
      'Group a: there already at /wish/all.yaml:1',
    ],
    [
      'tags with their connection and apart',
      'kind: Connection\nname: b\nspec: { tags: [] }\n---\nkind: ColumnTags\nname: b\nspec: { items: [] }\n',
      'tags of b: there already at /wish/all.yaml:1',
    ],
  ])('refuses %s twice', async (_name, text, message) => {
    const manifests = await read(text);
    expect(() => inOrder(manifests)).toThrow(message);
  });

  test('an alias bomb is refused', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, at) => `${name}: &${name} [${Array(8).fill(`*${'abcdefg'[at]}`).join(',')}]`),
    ];
    await expect(read(`kind: Group\nname: x\nspec:\n${bomb.map((line) => `  ${line}`).join('\n')}`)).rejects.toThrow();
  });
});
