const { existsSync } = require('node:fs');
const { join } = require('node:path');

/** TypeScript sources name their neighbours `./x.js`; in tests the neighbour is `./x.ts`. */
module.exports = (path, options) => {
  if (path.startsWith('.') && path.endsWith('.js') && !options.basedir.includes('node_modules')) {
    const source = join(options.basedir, `${path.slice(0, -3)}.ts`);
    if (existsSync(source)) return source;
  }
  return options.defaultResolver(path, options);
};
