// Our sources name their imports as NodeNext wants them (`./x.js`); the file on disk is `./x.ts`. Libraries are left alone: some
// really have files that end so.
module.exports = (request, options) => {
  if (request.endsWith('.js') && request.startsWith('.') && !options.basedir.includes('node_modules')) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      // A JavaScript file of ours.
    }
  }
  return options.defaultResolver(request, options);
};
