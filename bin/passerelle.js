#!/usr/bin/env node
// One code path everywhere: the TypeScript sources run as they are, through tsx, on a developer's machine, in CI and in the
// container. No build output can therefore be stale. Types are checked by `npm run lint`.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../src/cli/main.ts');
await main(process.argv);
