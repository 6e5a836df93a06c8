import type { Register } from './program.js';
export const registerDoctor: Register = () => {};
