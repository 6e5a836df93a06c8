// Our sources name their imports as NodeNext wants them (`./x.js`); the file on disk is `./x.ts`. Libraries are left alone: some
// really have files that end so.
const { outsideModule } = require('./outsideLibraries.cjs');

module.exports = (request, options) => {
  if (!options.basedir.includes('node_modules')) {
    const module = outsideModule(request);
    if (module !== null) return module;
  }
  if (request.endsWith('.js') && request.startsWith('.') && !options.basedir.includes('node_modules')) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      // A JavaScript file of ours.
    }
  }
  return options.defaultResolver(request, options);
};
